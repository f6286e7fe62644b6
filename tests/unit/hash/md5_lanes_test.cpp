// Each width of the vector code by itself: which one md5_many() takes depends on the machine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "hash/key_hash.hpp"
#include "hash/md5_lanes.hpp"
#include "support/seed.hpp"

namespace kmc::detail {
namespace {

std::vector<std::string> random_keys(rng& random, std::size_t count, std::size_t longest) {
    std::vector<std::string> keys(count);
    for (std::string& key : keys) {
        key.resize(random.below(longest + 1));
        for (char& byte : key) byte = static_cast<char>(random.below(256));
    }
    return keys;
}

void check_width(void (*lanes)(std::span<const std::string_view>, std::span<std::uint32_t>)) {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    for (std::size_t count = 0; count <= 40; ++count) {
        const auto owned = random_keys(random, count, md5_lane_key_limit);
        const std::vector<std::string_view> keys(owned.begin(), owned.end());
        std::vector<std::uint32_t> hashes(count);

        lanes(keys, hashes);

        for (std::size_t i = 0; i < count; ++i) {
            if (hashes[i] != md5(keys[i])[0]) FAIL("key " << i << " of " << count);
        }
    }
    SUCCEED();
}

TEST_CASE("the narrow lanes agree with OpenSSL") {
    check_width([](auto keys, auto out) { md5_lanes_narrow(keys, out); });
}

TEST_CASE("the wide lanes agree with OpenSSL") {
    if (!has_wide_lanes()) {
        WARN("SKIPPED: this processor has no wide lanes");
        return;
    }
    check_width([](auto keys, auto out) { md5_lanes_wide(keys, out); });
}

TEST_CASE("the widest lanes agree with OpenSSL") {
    if (!has_widest_lanes()) {
        WARN("SKIPPED: this processor has no widest lanes");
        return;
    }
    check_width([](auto keys, auto out) { md5_lanes_widest(keys, out); });
}

TEST_CASE("the lanes that this processor gets agree with OpenSSL") {
    check_width([](auto keys, auto out) { md5_lanes(keys, out); });
}

TEST_CASE("the scalar digest agrees with OpenSSL in all words, over many blocks") {
    const std::string text(1000, 'k');
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const auto bytes = std::string_view(text).substr(0, size);
        if (md5_scalar(bytes) != md5(bytes)) FAIL(size << " bytes");
    }
    SUCCEED();
}

}  // namespace
}  // namespace kmc::detail
