#include "base/arena.hpp"

#include <catch2/catch.hpp>

#include <kmc/detail/block_pool.hpp>

#include "support/alloc_counter.hpp"

using kmc::detail::arena;

TEST_CASE("an arena aligns what it hands out and keeps it apart") {
    arena a;
    const auto bytes = a.make_array<char>(3);
    const auto words = a.make_array<std::uint64_t>(5, 7);
    const auto more = a.make_array<char>(1);

    CHECK(reinterpret_cast<std::uintptr_t>(words.data()) % alignof(std::uint64_t) == 0);
    for (char& c : bytes) c = 'x';
    for (char& c : more) c = 'y';
    for (std::uint64_t w : words) CHECK(w == 7);
}

TEST_CASE("an arena serves requests larger than any chunk") {
    arena a;
    const std::string big(1'000'000, 'b');
    CHECK(a.try_copy(big) == big);
    CHECK(a.try_copy("small") == "small");
}

TEST_CASE("a copy of nothing is not a failure") {
    arena a;
    CHECK(a.try_copy("").data() != nullptr);
}

TEST_CASE("a recycled arena serves the same again without new memory") {
    arena a;
    const std::string text(1000, 't');
    const auto use = [&] {
        for (int i = 0; i < 100; ++i) CHECK(a.try_copy(text).size() == text.size());
    };
    use();
    a.recycle();

    if (!kmc::testing::alloc_counter::available()) {
        WARN("SKIPPED: allocations are not counted in this build");
        return;
    }
    const kmc::testing::alloc_counter counter;
    for (int i = 0; i < 100; ++i) static_cast<void>(a.try_copy(text));
    a.recycle();
    for (int i = 0; i < 100; ++i) static_cast<void>(a.try_copy(text));
    const std::uint64_t calls = counter.calls();
    CHECK(calls == 0);
}

TEST_CASE("adopted blocks live as long as the arena's memory") {
    arena a;
    auto* block = static_cast<char*>(kmc::detail::take_block(100));
    block[99] = 'z';
    REQUIRE(a.try_adopt(block, 100));
    CHECK(block[99] == 'z');
    a.recycle();  // frees it: the leak checker would tell otherwise
}
