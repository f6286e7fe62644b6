#include "loop/wait_rule.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/seed.hpp"

using kmc::detail::wait_rule;

TEST_CASE("while nobody waits the next completion is worth waking for") {
    const wait_rule rule;

    CHECK(rule.completions() == 1);
    CHECK_FALSE(rule.anybody());
}

TEST_CASE("one who waits for several is woken for the last") {
    wait_rule rule;

    rule.begin(3);
    CHECK(rule.completions() == 3);
    rule.change(3, 2);
    CHECK(rule.completions() == 2);
    rule.change(2, 1);
    CHECK(rule.completions() == 1);
    rule.end(1);
    CHECK_FALSE(rule.anybody());
}

TEST_CASE("whoever needs the fewest decides") {
    wait_rule rule;
    rule.begin(8);
    rule.begin(3);
    rule.begin(3);
    rule.begin(1);

    CHECK(rule.completions() == 1);
    rule.end(1);
    CHECK(rule.completions() == 3);
    rule.end(3);
    CHECK(rule.completions() == 3);
    rule.end(3);
    CHECK(rule.completions() == 8);
}

TEST_CASE("more servers than can be counted are as many as can") {
    wait_rule rule;

    rule.begin(1000);
    CHECK(rule.completions() == 16);
    rule.begin(16);
    rule.change(1000, 17);
    rule.end(17);
    CHECK(rule.completions() == 16);
    rule.end(16);
    CHECK_FALSE(rule.anybody());
}

TEST_CASE("after a wait that was let down there is no other until a call has ended") {
    wait_rule rule;
    rule.begin(4);
    rule.begin(2);

    rule.let_down();
    CHECK(rule.completions() == 1);
    rule.change(4, 3);
    rule.begin(5);
    CHECK(rule.completions() == 1);
    rule.begin(6);
    rule.pause(6);
    CHECK(rule.completions() == 1);
    rule.end(2);
    CHECK(rule.completions() == 3);
}

TEST_CASE("the smallest number is found whatever comes and goes") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    kmc::detail::rng random(seed);
    wait_rule rule;
    std::vector<std::uint32_t> waiting;
    for (int i = 0; i < 20'000; ++i) {
        const auto servers = static_cast<std::uint32_t>(1 + random.below(80));
        const std::size_t at = waiting.empty() ? 0 : random.below(waiting.size());
        const auto what = random.below(3);
        if (what == 0 || waiting.empty()) {
            rule.begin(servers);
            waiting.push_back(servers);
        } else if (what == 1) {
            rule.change(waiting[at], servers);
            waiting[at] = servers;
        } else {
            rule.end(waiting[at]);
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
        }
        REQUIRE(rule.anybody() == !waiting.empty());
        const std::uint32_t smallest =
            waiting.empty() ? 1 : *std::min_element(waiting.begin(), waiting.end());
        REQUIRE(rule.completions() == std::min(smallest, 16U));
    }
}
