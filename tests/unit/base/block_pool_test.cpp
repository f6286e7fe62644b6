#include <kmc/detail/block_pool.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "support/alloc_counter.hpp"

using kmc::detail::age_blocks;
using kmc::detail::drop_blocks;
using kmc::detail::kept_block_bytes;
using kmc::detail::return_block;
using kmc::detail::take_block;
using kmc::detail::try_take_block;
using kmc::testing::alloc_counter;
using kmc::testing::alloc_refusal;

namespace {

// Sanitizer builds recycle nothing and count nothing; what is left is that they see no misuse.
bool is_recycling_observable() {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: recycling is not observable under a sanitizer");
        return false;
    }
    return true;
}

// From here on; none of those that earlier cases left to this thread.
void keep_large_blocks() {
    drop_blocks();
    age_blocks();
}

}  // namespace

TEST_CASE("a block of any size can be written to its end and given back", "[block_pool]") {
    for (std::size_t size = 0; size <= 3'000'000; size += size < 5'000 ? 1 : size / 100) {
        void* first = take_block(size);
        void* second = try_take_block(size);
        REQUIRE(first != nullptr);
        REQUIRE(second != nullptr);
        REQUIRE(first != second);
        if (size != 0) std::memset(first, 0x5a, size);
        if (size != 0) std::memset(second, 0xa5, size);
        return_block(first, size);
        return_block(second, size);
    }
    return_block(nullptr, 100);
}

TEST_CASE("a returned block serves every size of its class, and no other", "[block_pool]") {
    if (!is_recycling_observable()) return;
    void* block = take_block(65);
    return_block(block, 65);

    alloc_counter counter;
    void* again = take_block(128);
    CHECK(again == block);
    CHECK(counter.calls() == 0);
    return_block(again, 100);
    void* smaller = take_block(64);
    CHECK(smaller != block);
    void* larger = take_block(129);
    CHECK(larger != block);

    return_block(smaller, 64);
    return_block(larger, 129);
}

TEST_CASE("a block of two KiB is the largest small one", "[block_pool]") {
    if (!is_recycling_observable()) return;
    keep_large_blocks();
    void* largest_small = take_block(2048);

    alloc_counter counter;
    return_block(largest_small, 2048);
    CHECK(counter.frees() == 0);
    CHECK(kept_block_bytes() == 0);
}

TEST_CASE("a large block serves again, and blocks over two MiB do not", "[block_pool]") {
    if (!is_recycling_observable()) return;
    keep_large_blocks();
    constexpr std::size_t sizes[] = {2'100, 20'000, 102'400, 1'000'000, 2 << 20};
    for (const std::size_t size : sizes) {
        CAPTURE(size);
        void* block = take_block(size);
        alloc_counter counter;
        return_block(block, size);
        CHECK(take_block(size - 1) == block);
        return_block(block, size - 1);
        CHECK(counter.calls() == 0);
        CHECK(counter.frees() == 0);
    }
    void* huge = take_block((2 << 20) + 1);
    alloc_counter counter;
    return_block(huge, (2 << 20) + 1);
    CHECK(counter.frees() == 1);
}

TEST_CASE("a thread keeps no more large blocks than it has taken", "[block_pool]") {
    if (!is_recycling_observable()) return;
    std::vector<void*> blocks(10);
    for (void*& block : blocks) block = take_block(100'000);

    std::uint64_t frees = 0;
    std::thread other([&] {
        keep_large_blocks();
        void* own = take_block(100'000);
        alloc_counter counter;
        return_block(own, 100'000);
        for (void* block : blocks) return_block(block, 100'000);
        frees = counter.frees();
    });
    other.join();

    CHECK(frees == blocks.size());
}

TEST_CASE("a thread keeps a bounded number of large bytes", "[block_pool]") {
    if (!is_recycling_observable()) return;
    keep_large_blocks();
    constexpr std::size_t size = 1 << 20;
    std::vector<void*> blocks(40);
    for (void*& block : blocks) block = take_block(size);

    alloc_counter counter;
    for (void* block : blocks) return_block(block, size);

    CHECK(counter.frees() >= 40 - 16);
    age_blocks();
    age_blocks();
    CHECK(counter.frees() == 40);
}

TEST_CASE("large blocks that were not needed for a while are freed", "[block_pool]") {
    if (!is_recycling_observable()) return;
    keep_large_blocks();
    void* needed = take_block(50'000);
    void* spare = take_block(50'000);
    return_block(spare, 50'000);
    return_block(needed, 50'000);
    age_blocks();

    alloc_counter counter;
    for (int i = 0; i < 3; ++i) {
        needed = take_block(50'000);
        return_block(needed, 50'000);
        age_blocks();
    }

    CHECK(counter.calls() == 0);
    CHECK(counter.frees() == 1);
    age_blocks();
    CHECK(counter.frees() == 2);
}

TEST_CASE("large blocks are freed at once, and kept again only once they age", "[block_pool]") {
    if (!is_recycling_observable()) return;
    keep_large_blocks();
    void* kept = take_block(50'000);
    void* outside = take_block(50'000);
    return_block(kept, 50'000);
    REQUIRE(kept_block_bytes() >= 50'000);

    alloc_counter counter;
    drop_blocks();
    CHECK(kept_block_bytes() == 0);
    CHECK(counter.frees() == 1);
    return_block(outside, 50'000);
    return_block(take_block(50'000), 50'000);
    CHECK(counter.frees() == 3);
    age_blocks();
    return_block(take_block(50'000), 50'000);
    CHECK(counter.frees() == 3);
    CHECK(kept_block_bytes() >= 50'000);
}

TEST_CASE("a thread keeps a bounded number of blocks of a class", "[block_pool]") {
    if (!is_recycling_observable()) return;
    std::vector<void*> blocks(1000);
    for (void*& block : blocks) block = take_block(1000);

    alloc_counter counter;
    for (void* block : blocks) return_block(block, 1000);
    CHECK(counter.frees() >= 1000 - 256);
    CHECK(counter.frees() < 1000);
}

TEST_CASE("a block returned on another thread joins that thread's blocks", "[block_pool]") {
    void* block = take_block(300);
    bool is_same = false;
    std::thread other([&] {
        return_block(block, 300);
        void* again = take_block(300);
        is_same = again == block;
        return_block(again, 300);
    });
    other.join();
    if (is_recycling_observable()) CHECK(is_same);
}

namespace {

// Destroyed after the pool's own end of thread, because it was constructed before the pool's first
// use on its thread.
struct late_returner {
    void* block = nullptr;
    std::uint64_t* frees_at_end = nullptr;

    ~late_returner() {
        if (frees_at_end == nullptr) return;
        alloc_counter counter;
        return_block(block, 100);
        *frees_at_end = counter.frees();
    }
};

thread_local late_returner late;

}  // namespace

TEST_CASE("a block may come back after the thread's pool is gone", "[block_pool]") {
    std::uint64_t frees = 0;
    std::thread other([&] {
        late.frees_at_end = &frees;
        late.block = take_block(100);
        return_block(take_block(100), 100);  // the pool of this thread is in use, and has a block
    });
    other.join();
    if (is_recycling_observable()) CHECK(frees == 1);  // not kept by a pool nobody will empty
}

TEST_CASE("no memory is an exception from one call and null from the other", "[block_pool]") {
    if (!is_recycling_observable()) return;
    const std::size_t size = 3 << 20;
    alloc_refusal refusal(size);
    CHECK_THROWS_AS(take_block(size), std::bad_alloc);
    CHECK(try_take_block(size) == nullptr);
}
