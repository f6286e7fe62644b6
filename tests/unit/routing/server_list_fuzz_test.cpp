// Bytes from anywhere: reading a server list ends in a list that a ring can be made of, or in a
// message of one readable line. Worth most under AddressSanitizer.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <kmc/server_list.hpp>

#include "base/rng.hpp"
#include "routing/topology.hpp"
#include "support/seed.hpp"

namespace kmc::detail {
namespace {

// Noise made mostly of the bytes that mean something to a parser.
std::string noise(rng& random) {
    using namespace std::string_view_literals;
    constexpr auto meaningful = ":::,,[[]]//  \t\n\r#+-.01599ab\0\"\x80\xff"sv;
    std::string bytes(random.below(random.below(8) == 0 ? 600 : 40), '\0');
    for (char& byte : bytes) {
        byte = random.below(10) == 0 ? static_cast<char>(random.below(256))
                                     : meaningful[random.below(meaningful.size())];
    }
    return bytes;
}

// Something sound with a few bytes changed, put in or taken out.
std::string almost(rng& random, std::string sound) {
    for (std::uint64_t edits = 1 + random.below(4); edits != 0; --edits) {
        const auto at = sound.empty() ? 0 : random.below(sound.size());
        switch (random.below(3)) {
            case 0:
                sound.insert(at, noise(random).substr(0, 2));
                break;
            case 1:
                sound.erase(at, 1);
                break;
            default:
                if (!sound.empty()) sound[at] = static_cast<char>(random.below(256));
        }
    }
    return sound;
}

bool is_one_readable_line(const std::string& text) {
    return !text.empty() && text.size() < 500 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// Counts what was accepted, so that a test can tell that it saw both outcomes.
void check(const std::string& input, const config_result<server_list>& read,
           std::size_t& accepted) {
    if (!read) {
        if (!is_one_readable_line(read.error().message())) FAIL(read.error().message());
        return;
    }
    ++accepted;
    for (const std::string& warning : read.value().warnings()) {
        if (!is_one_readable_line(warning)) FAIL(warning);
    }
    for (const server& s : read.value().servers()) {
        const bool is_unix = s.kind == server::transport::unix_socket;
        if (s.host.empty() || s.text.empty() || is_unix != (s.port == 0)) FAIL(input);
        if (is_unix != s.host.starts_with('/')) FAIL(input);
    }
    const auto built = topology::build(read.value(), ring::libmemcached_weighted);
    if (!built || built.value()->place_of("key").server >= read.value().servers().size())
        FAIL(input);
}

TEST_CASE("reading noise as a server list never crashes") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    std::size_t accepted = 0;

    for (int i = 0; i < 10000; ++i) {
        const std::string input =
            i % 2 == 0 ? noise(random)
                       : almost(random, "10.0.0.1:11211:3, [fe80::1]:5 2,/run/mc.sock:4,host");
        check(input, server_list::parse(input), accepted);
    }

    CHECK(accepted > 100);
    CHECK(accepted < 9900);
}

TEST_CASE("reading noise as libketama's file never crashes") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    std::size_t accepted = 0;

    for (int i = 0; i < 10000; ++i) {
        const std::string input =
            i % 2 == 0 ? noise(random)
                       : almost(random, "# servers\n1.2.3.4:11211\t900\n[::1]:5  7\r\n/s 12\n");
        check(input, server_list::parse_ketama_file(input, "f"), accepted);
    }

    CHECK(accepted > 100);
    CHECK(accepted < 9900);
}

}  // namespace
}  // namespace kmc::detail
