// Random bytes with random flags, half of them made from something valid: reading ends with a value
// or one of the two errors, in every dialect and as every type.

#include <catch2/catch.hpp>

#include <cstdint>
#include <random>
#include <string>

#include "support/seed.hpp"
#include "support/typed_reads.hpp"

using namespace kmc::testing;
using kmc::flag_dialect;
using kmc::value_options;

namespace {

class generator {
public:
    explicit generator(std::uint64_t seed) : random_(seed) {}

    packed next(const value_options& options) {
        packed p = below(2) == 0 ? noise() : written(options);
        if (below(2) == 0) p.flags = some_flags();
        for (std::size_t n = below(3); n > 0; --n) mutate(p.bytes);
        return p;
    }

private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

    std::uint32_t some_flags() {
        const auto bits = static_cast<std::uint32_t>(random_());
        switch (below(4)) {
            case 0:
                return bits;
            case 1:
                return bits & 0xff;
            case 2:
                return 1U << (bits % 32);
            default:
                return bits & 0x37;
        }
    }

    packed noise() {
        constexpr std::string_view alphabet = "0123456789-.eE+ infNa\0\xff";
        packed p;
        p.bytes.resize(below(40));
        for (char& c : p.bytes) {
            c = below(3) != 0 ? alphabet[below(alphabet.size())] : static_cast<char>(random_());
        }
        return p;
    }

    packed written(const value_options& options) {
        switch (below(5)) {
            case 0:
                return pack(static_cast<std::int64_t>(random_()), options);
            case 1:
                return pack(std::uint64_t{random_()}, options);
            case 2:
                return pack(static_cast<double>(random_()) / 3e10, options);
            case 3:
                return pack(below(2) == 0, options);
            default:
                return pack(std::string(below(2000), static_cast<char>('a' + below(26))), options);
        }
    }

    void mutate(std::string& bytes) {
        if (bytes.empty()) return;
        const std::size_t at = below(bytes.size());
        switch (below(3)) {
            case 0:
                bytes[at] = static_cast<char>(random_());
                break;
            case 1:
                bytes.resize(at);
                break;
            default:
                bytes.insert(at, 1, static_cast<char>(random_()));
        }
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("whatever bytes and flags a server sends, a typed read ends with a value or an error") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    generator make(seed);
    typed_findings found;

    for (int round = 0; round < 20'000; ++round) {
        const value_options options{.dialect = static_cast<flag_dialect>(round % 3),
                                    .compress_from = kmc::has_zlib() ? 64U : 0U,
                                    .inflated_size_max = 1500};
        const packed p = make.next(options);
        read_as_everything(p, options, found);
    }

    CHECK(found.others == 0);
    CHECK(found.values > 1000);
    CHECK(found.bad > 1000);
    CHECK(found.foreign > 1000);
}
