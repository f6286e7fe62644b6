#include "load/arrivals.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "support/seed.hpp"

using namespace std::chrono_literals;
using kmc::load::arrival;
using kmc::load::arrivals;
using steady = kmc::load::clock;

namespace {

const steady::time_point t0{100s};

std::vector<steady::time_point> first_of(arrivals list, std::size_t count) {
    std::vector<steady::time_point> all;
    for (; all.size() < count; list.pop()) all.push_back(list.next());
    return all;
}

}  // namespace

TEST_CASE("constant arrivals keep their distance, also after a day of them") {
    arrivals list(arrival::constant, 3, t0, 1);
    CHECK(first_of(list, 4) ==
          std::vector<steady::time_point>{t0, t0 + 333'333'333ns, t0 + 666'666'667ns, t0 + 1s});
    for (int i = 0; i < 3 * 86'400; ++i) list.pop();
    CHECK(list.next() == t0 + 24h);
}

TEST_CASE("constant arrivals in parts take turns") {
    const arrivals whole(arrival::constant, 1000, t0, 1);
    std::vector<steady::time_point> merged;
    for (unsigned i = 0; i < 4; ++i) {
        for (const auto& at : first_of(arrivals(arrival::constant, 1000, t0, 1, i, 4), 25)) {
            merged.push_back(at);
        }
    }
    std::sort(merged.begin(), merged.end());
    CHECK(merged == first_of(whole, 100));
}

TEST_CASE("random arrivals come at the rate on the whole, and independently of each other") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    constexpr std::size_t count = 100'000;
    const auto all = first_of(arrivals(arrival::poisson, 1000, t0, seed), count);
    double sum = 0;
    double squares = 0;
    std::size_t short_gaps = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        const double gap = std::chrono::duration<double, std::milli>(all[i] - all[i - 1]).count();
        sum += gap;
        squares += gap * gap;
        short_gaps += gap < 0.1 ? 1U : 0U;
    }
    const double n = count - 1;

    // An exponential distribution of mean 1 ms: its deviation is its mean, and 1 - exp(-0.1) of it
    // is below a tenth. Ten deviations of each estimate: chance does not come there.
    CHECK(std::abs(sum / n - 1) < 10 / std::sqrt(n));
    CHECK(std::abs(squares / n - 2) < 10 * std::sqrt(20.0) / std::sqrt(n));
    CHECK(std::abs(static_cast<double>(short_gaps) / n - (1 - std::exp(-0.1))) < 3 / std::sqrt(n));
}

TEST_CASE("random arrivals repeat with their seed, and not with another part's") {
    const auto list = [](std::uint64_t seed, unsigned part) {
        return first_of(arrivals(arrival::poisson, 1000, t0, seed, part, 2), 10);
    };
    CHECK(list(7, 0) == list(7, 0));
    CHECK(list(7, 0) != list(8, 0));
    CHECK(list(7, 0) != list(7, 1));
}
