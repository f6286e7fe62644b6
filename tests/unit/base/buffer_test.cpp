#include "base/buffer.hpp"

#include <catch2/catch.hpp>

#include <kmc/detail/block_pool.hpp>

#include "base/bytes.hpp"
#include "support/alloc_counter.hpp"

using kmc::detail::age_blocks;
using kmc::detail::as_bytes;
using kmc::detail::as_text;
using kmc::detail::buffer;
using kmc::detail::copy_bytes;
using kmc::detail::drop_blocks;
using kmc::detail::kept_block_bytes;
using kmc::testing::alloc_counter;

namespace {

void write(buffer& b, std::string_view text) {
    copy_bytes(b.append(text.size()), text.data(), text.size());
}

}  // namespace

TEST_CASE("bytes come out as they went in, across growth and moving up") {
    buffer b(8);
    write(b, "abcdef");
    b.consume(4);
    write(b, "ghijkl");  // fits after moving "ef" to the front
    CHECK(b.capacity() == 8);
    CHECK(as_text(b.pending()) == "efghijkl");

    write(b, "0123456789");
    CHECK(as_text(b.pending()) == "efghijkl0123456789");
    b.consume(18);
    CHECK(b.empty());
    CHECK(b.room().size() == b.capacity());
}

TEST_CASE("what the kernel wrote into the room is pending after commit") {
    buffer b(16);
    copy_bytes(b.room().data(), "hello", 5);
    b.commit(5);
    CHECK(as_text(b.pending()) == "hello");
    CHECK(b.room().size() == 11);
}

TEST_CASE("the memory of a buffer is the next one's, but not what it outgrew", "[block_pool]") {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: recycling is not observable under a sanitizer");
        return;
    }
    drop_blocks();
    age_blocks();
    alloc_counter counter;
    {
        buffer b(4096);
        write(b, "abc");
        b.reserve(100'000);
        CHECK(as_text(b.pending()) == "abc");
    }
    CHECK(counter.calls() == 2);
    CHECK(counter.frees() == 1);
    CHECK(kept_block_bytes() >= 100'000);

    buffer next(100'003);
    next.reset(0);
    next.reserve(100'003);
    CHECK(counter.calls() == 2);
    CHECK(counter.frees() == 1);
    CHECK(kept_block_bytes() == 0);
}

TEST_CASE("reserving in an empty buffer without memory works") {
    buffer b;
    CHECK(b.room().empty());
    b.reserve(100);
    CHECK(b.room().size() >= 100);
}
