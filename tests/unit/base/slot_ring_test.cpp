#include "base/slot_ring.hpp"

#include <catch2/catch.hpp>

using kmc::detail::slot_ring;

TEST_CASE("the capacity is rounded up to a power of two within bounds", "[slot_ring]") {
    const auto [asked, got] = GENERATE(table<std::uint32_t, std::uint32_t>({{0, 1},
                                                                            {1, 1},
                                                                            {2, 2},
                                                                            {3, 4},
                                                                            {1000, 1024},
                                                                            {1024, 1024},
                                                                            {32768, 32768},
                                                                            {32769, 32768},
                                                                            {0xffffffff, 32768}}));
    CHECK(slot_ring<int>(asked, 0).capacity() == got);
    CHECK(slot_ring<int>(asked, 7).room() == got);
}

TEST_CASE("slots keep their number, first in first out, past the end of the numbers",
          "[slot_ring]") {
    const std::uint32_t first = GENERATE(0U, 5U, 0xfffffffdU, 0xffffffffU, 0x7fffffffU);
    slot_ring<int> ring(4, first);

    for (std::uint32_t i = 0; i < 20; ++i) {
        CHECK(ring.empty());
        CHECK_FALSE(ring.contains(ring.head()));
        ring.push(static_cast<int>(i));
        ring.push(static_cast<int>(i + 100));
        const std::uint32_t head = first + 2 * i;
        REQUIRE(ring.head() == head);
        REQUIRE(ring.tail() == head + 2);
        CHECK(ring.size() == 2);
        CHECK(ring.room() == 2);
        CHECK(ring.contains(head));
        CHECK(ring.contains(head + 1));
        CHECK_FALSE(ring.contains(head - 1));
        CHECK_FALSE(ring.contains(head + 2));
        CHECK(ring[head + 1] == static_cast<int>(i + 100));
        CHECK(ring.pop() == static_cast<int>(i));
        CHECK(ring.pop() == static_cast<int>(i + 100));
    }
}
