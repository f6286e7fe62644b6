#include "io/uring_prompt_sends.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

using kmc::detail::gathered;
using kmc::detail::prompt_sends;
using verdict = kmc::detail::prompt_sends::verdict;

namespace {

gathered some(std::size_t size) {
    static const std::array<std::byte, 100> bytes{};
    gathered all;
    all.add(std::span(bytes).first(size));
    return all;
}

struct settled {
    std::vector<std::uint64_t> again;
    std::vector<std::uint64_t> gone;
};

settled settle(prompt_sends& sends) {
    settled all;
    sends.settle([&](std::uint64_t token, int, const gathered&) { all.again.push_back(token); },
                 [&](std::uint64_t token, std::size_t) { all.gone.push_back(token); });
    return all;
}

}  // namespace

TEST_CASE("a send that the kernel says nothing of went out whole") {
    prompt_sends sends;
    sends.add(1, 7, some(10));
    sends.add(2, 8, some(20));
    sends.add(3, 9, some(30));
    sends.add(4, 9, some(40));
    sends.take_back_last();
    CHECK(sends.on_completion(2, -EAGAIN) == verdict::stuck);
    CHECK(sends.on_completion(3, -ECONNRESET) == verdict::ended);
    CHECK(sends.on_completion(3, 0) == verdict::not_prompt);

    const settled all = settle(sends);
    CHECK(all.again == std::vector<std::uint64_t>{2});
    CHECK(all.gone == std::vector<std::uint64_t>{1});
    CHECK(sends.empty());
}

TEST_CASE("what is started while sends are settled is settled the next time") {
    prompt_sends sends;
    for (std::uint64_t token = 1; token <= 3; ++token) {
        sends.add(token, 7, some(10));
        CHECK(sends.on_completion(token, -EAGAIN) == verdict::stuck);
    }
    std::vector<std::uint64_t> again;
    sends.settle(
        [&](std::uint64_t token, int fd, const gathered& bytes) {
            again.push_back(token);
            sends.add(token + 10, fd, bytes);
        },
        [](std::uint64_t, std::size_t) { FAIL("it was stuck"); });
    CHECK(again == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(settle(sends).gone == std::vector<std::uint64_t>{11, 12, 13});
}

TEST_CASE("a send that was forgotten is neither sent again nor told of") {
    prompt_sends sends;
    sends.add(1, 7, some(10));
    sends.add(2, 8, some(20));
    CHECK(sends.on_completion(1, -EAGAIN) == verdict::stuck);
    sends.forget(1);
    const settled all = settle(sends);
    CHECK(all.again.empty());
    CHECK(all.gone == std::vector<std::uint64_t>{2});
}
