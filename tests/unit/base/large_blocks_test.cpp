#include "base/large_blocks.hpp"

#include <cstring>
#include <new>

#include <catch2/catch.hpp>

using kmc::detail::large_blocks;

TEST_CASE("a class of large blocks has room for its sizes, and little more") {
    std::size_t before = 0;
    std::size_t classes = 0;
    for (std::size_t size = large_blocks::block_bytes_min + 1;
         size <= large_blocks::block_bytes_max; ++size) {
        const std::size_t room = large_blocks::room_for(size);
        if (room < size || 8 * room > 9 * size + 8) FAIL("a size of " << size << " gets " << room);
        if (room < before) FAIL("a size of " << size << " gets less than a smaller one");
        classes += room != before;
        before = room;
    }
    CHECK(classes == 80);
    CHECK(before == large_blocks::block_bytes_max);
    CHECK_FALSE(large_blocks::is_for(large_blocks::block_bytes_min));
    CHECK_FALSE(large_blocks::is_for(large_blocks::block_bytes_max + 1));
}

TEST_CASE("what is kept of every class is counted, served again and freed") {
    for (std::size_t size = large_blocks::block_bytes_min + 1;
         size <= large_blocks::block_bytes_max; size = large_blocks::room_for(size) + 1) {
        CAPTURE(size);
        large_blocks kept;
        kept.age();
        const std::size_t room = large_blocks::room_for(size);
        REQUIRE(kept.take(size) == nullptr);
        void* const block = ::operator new(room);
        std::memset(block, 0x5a, room);
        REQUIRE(kept.keep(block, size));
        CHECK(kept.kept_bytes() == room);
        CHECK(kept.take(room) == block);
        CHECK(kept.kept_bytes() == 0);
        REQUIRE(kept.keep(block, room));
        kept.age();
        CHECK(kept.kept_bytes() == room);
        kept.age();
        CHECK(kept.kept_bytes() == 0);
    }
}

TEST_CASE("a block that is not to be kept takes its credit with it") {
    large_blocks kept;
    kept.age();
    void* const first = ::operator new(large_blocks::room_for(5000));
    void* const second = ::operator new(large_blocks::room_for(5000));
    REQUIRE(kept.take(5000) == nullptr);
    REQUIRE(kept.take(5000) == nullptr);
    kept.forget(5000);
    CHECK(kept.keep(first, 5000));
    CHECK_FALSE(kept.keep(second, 5000));
    kept.forget(5000);  // it was not taken here
    ::operator delete(second);
    kept.drop_all();
}

TEST_CASE("blocks are not kept where nobody will free them, nor those of others") {
    large_blocks kept;
    void* const block = ::operator new(large_blocks::room_for(5000));
    REQUIRE(kept.take(5000) == nullptr);
    CHECK_FALSE(kept.keep(block, 5000));  // age() was never called
    kept.age();
    CHECK_FALSE(kept.keep(block, 5000));  // what was taken has come back
    ::operator delete(block);
}
