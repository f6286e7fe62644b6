// Memory that a reactor keeps after large values, and gives back.

#include <string>

#include <catch2/catch.hpp>

#include <kmc/detail/block_pool.hpp>

#include "sim/sim_cluster.hpp"
#include "support/alloc_counter.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::detail::age_blocks;
using kmc::detail::kept_block_bytes;
using kmc::detail::return_block;
using kmc::detail::take_block;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::alloc_counter;
using kmc::testing::make_value;

namespace {

kmc::task<void> read(kmc::client& mc, std::size_t& size) {
    const auto got = co_await mc.get("large");
    if (got && got.value()) size = got.value()->bytes().size();
}

bool frees_what_comes_back() {
    void* const block = take_block(50'000);
    const alloc_counter counter;
    return_block(block, 50'000);
    return counter.frees() == 1;
}

}  // namespace

TEST_CASE("an idle reactor gives the memory of large values back, and then sleeps") {
    sim_cluster world(1, 1);
    world.plant("large", make_value("large", 1, 100'000));
    std::size_t size = 0;
    sim_job job = world.start(read(world.mc(), size));
    REQUIRE(world.finish(job));
    REQUIRE(size == 100'000);
    if (!alloc_counter::available()) {
        WARN("SKIPPED: recycling is not observable under a sanitizer");
        return;
    }
    CHECK(kept_block_bytes() >= 100'000);

    const kmc::time_point last = world.engine().now();
    for (int i = 0; i < 10 && kept_block_bytes() != 0; ++i) world.step(1h);

    CHECK(kept_block_bytes() == 0);
    CHECK(world.engine().now() < last + 5s);
}

TEST_CASE("a reactor leaves no large blocks behind, and begins with none") {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: recycling is not observable under a sanitizer");
        return;
    }
    {
        sim_cluster world(1, 1);
        world.plant("large", make_value("large", 1, 100'000));
        std::size_t size = 0;
        sim_job job = world.start(read(world.mc(), size));
        REQUIRE(world.finish(job));
    }
    CHECK(kept_block_bytes() == 0);
    CHECK(frees_what_comes_back());

    age_blocks();
    CHECK_FALSE(frees_what_comes_back());
    REQUIRE(kept_block_bytes() != 0);
    sim_cluster world(1, 1);
    CHECK(kept_block_bytes() == 0);
}
