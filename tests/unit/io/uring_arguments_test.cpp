#include "io/uring_arguments.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"

using kmc::detail::address;
using kmc::detail::as_bytes;
using kmc::detail::gathered;
using kmc::detail::uring_arguments;

namespace {

gathered two_places(std::string_view text) {
    gathered all(as_bytes(text.substr(0, 1)));
    all.add(as_bytes(text.substr(1)));
    return all;
}

std::string text_of(const msghdr& head) {
    std::string all;
    for (std::size_t i = 0; i < head.msg_iovlen; ++i) {
        all.append(static_cast<const char*>(head.msg_iov[i].iov_base), head.msg_iov[i].iov_len);
    }
    return all;
}

}  // namespace

TEST_CASE("what entries point to stays where it is until the kernel has taken them all") {
    constexpr std::array<std::string_view, 5> texts = {"one", "two", "three", "four", "five"};
    uring_arguments arguments;
    std::vector<const msghdr*> heads;
    std::vector<const address*> addresses;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        heads.push_back(&arguments.keep(two_places(texts[i % texts.size()])));
        address where;
        where.size = i;
        addresses.push_back(&arguments.keep(where));
    }
    for (std::uint32_t i = 0; i < 1000; ++i) {
        if (text_of(*heads[i]) != texts[i % texts.size()]) FAIL("message " << i);
        if (addresses[i]->size != i) FAIL("address " << i);
    }

    arguments.on_submitted();
    const msghdr& next = arguments.keep(two_places("another"));
    CHECK(text_of(next) == "another");
    CHECK(&next == heads[0]);
}
