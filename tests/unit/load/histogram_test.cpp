// The histogram against the samples themselves, in order.

#include "load/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.hpp"
#include "support/seed.hpp"

using kmc::load::histogram;

namespace {

constexpr double parts[] = {0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

// The sample with so many before it in order.
double quantile_of(const std::vector<std::uint64_t>& sorted, double part) {
    const auto rank = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
    return static_cast<double>(sorted[std::min(rank, sorted.size() - 1)]);
}

// From nanoseconds to hours, as many of each size: what makes the widest buckets show.
std::vector<std::uint64_t> samples(std::uint64_t seed, std::size_t count) {
    kmc::detail::rng random(seed);
    std::vector<std::uint64_t> all;
    while (all.size() < count) all.push_back(random.next() >> (20 + random.below(44)));
    return all;
}

}  // namespace

TEST_CASE("every percentile of a histogram is within 2 percent of the sample's") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    for (const std::size_t count : {1UL, 2UL, 3UL, 100UL, 10'000UL}) {
        std::vector<std::uint64_t> all = samples(seed + count, count);
        histogram h;
        for (const std::uint64_t ns : all) h.add(ns);
        std::sort(all.begin(), all.end());

        CHECK(h.count() == count);
        CHECK(h.max() == all.back());
        for (const double part : parts) {
            INFO(count << " samples, part " << part);
            const double exact = quantile_of(all, part);
            CHECK(std::abs(h.quantile(part) - exact) <= exact * 0.02);
            CHECK(h.quantile(part) <= static_cast<double>(h.max()));
        }
    }
}

TEST_CASE("a histogram is exact below 64 ns, at powers of two, and at the largest number") {
    for (std::uint64_t ns = 0; ns < 64; ++ns) {
        histogram h;
        h.add(ns);
        CHECK(h.quantile(0.5) == static_cast<double>(ns));
    }
    for (unsigned bit = 6; bit < 64; ++bit) {
        for (const std::uint64_t ns : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit,
                                       (std::uint64_t{1} << bit) + 1}) {
            histogram h;
            h.add(ns);
            std::uint64_t lowest = 0;
            h.each([&](std::uint64_t low, std::uint64_t count) {
                lowest = low;
                CHECK(count == 1);
            });
            INFO(ns);
            CHECK(lowest <= ns);
            CHECK(static_cast<double>(ns - lowest) <= static_cast<double>(ns) / 32);
            // Beside a larger one, which alone would be known exactly.
            h.add(std::numeric_limits<std::uint64_t>::max());
            const auto exact = static_cast<double>(ns);
            CHECK(std::abs(h.quantile(0) - exact) <= exact * 0.02);
        }
    }
    histogram h;
    h.add(std::numeric_limits<std::uint64_t>::max());
    CHECK(h.max() == std::numeric_limits<std::uint64_t>::max());
    CHECK(h.quantile(1) > 1.8e19);
}

TEST_CASE("histograms that are added up are the histogram of all samples") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    const std::vector<std::uint64_t> all = samples(seed, 5000);
    histogram whole;
    histogram parts_of_it[3];
    for (std::size_t i = 0; i < all.size(); ++i) {
        whole.add(all[i]);
        parts_of_it[i % 3].add(all[i]);
    }

    histogram sum;
    for (const histogram& part : parts_of_it) sum.add(part);

    CHECK(sum.count() == whole.count());
    CHECK(sum.max() == whole.max());
    for (const double part : parts) CHECK(sum.quantile(part) == whole.quantile(part));
}

TEST_CASE("a histogram of nothing has zeros") {
    const histogram h;
    CHECK(h.count() == 0);
    CHECK(h.max() == 0);
    CHECK(h.quantile(0.99) == 0);
    h.each([](std::uint64_t, std::uint64_t) { FAIL("there is no bucket"); });
}
