#include <kmc/detail/block_pool.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "support/alloc_counter.hpp"

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

}  // namespace

TEST_CASE("a block of any size can be written to its end and given back", "[block_pool]") {
    for (std::size_t size = 0; size <= 2200; ++size) {
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

TEST_CASE("blocks over two KiB are not kept", "[block_pool]") {
    if (!is_recycling_observable()) return;
    void* largest_pooled = take_block(2048);
    void* large = take_block(2049);

    alloc_counter counter;
    return_block(largest_pooled, 2048);
    CHECK(counter.frees() == 0);
    return_block(large, 2049);
    CHECK(counter.frees() == 1);
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
    const std::size_t size = 1 << 20;
    alloc_refusal refusal(size);
    CHECK_THROWS_AS(take_block(size), std::bad_alloc);
    CHECK(try_take_block(size) == nullptr);
}
