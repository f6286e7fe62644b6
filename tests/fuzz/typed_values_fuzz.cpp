// Stored bytes with any flags, read as every type in every dialect; as they come, or compressed
// first so that zlib's checksum is no wall, and then damaged. Nothing unfolds beyond what is
// allowed.

#include <array>

#include <kmc/codec.hpp>

#include "fuzzing.hpp"
#include "support/typed_reads.hpp"

namespace {

using namespace kmc::testing;
using kmc::flag_dialect;
using kmc::value_options;
using kmc::fuzzing::input;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

std::string repeated(const std::string& pattern, std::size_t size) {
    std::string text;
    while (text.size() < size) text += pattern.empty() ? "z" : pattern;
    text.resize(size);
    return text;
}

// The flags of a compressed text in this dialect, and its bytes.
packed compressed(std::string_view plain, value_options options) {
    options.compress_from = kmc::has_zlib() ? 1 : 0;
    return pack(plain, options);
}

void damage(input& in, packed& p) {
    for (std::uint32_t n = in.below(4); n != 0 && !p.bytes.empty(); --n) {
        const std::size_t at = in.two_bytes() % p.bytes.size();
        switch (in.below(4)) {
            case 0:
                p.bytes[at] = static_cast<char>(in.byte());
                break;
            case 1:
                p.bytes.resize(at);
                break;
            case 2:
                p.bytes.insert(at, 1, static_cast<char>(in.byte()));
                break;
            default:
                p.flags ^= 1U << in.below(32);
        }
    }
}

packed read_stored(input& in, const value_options& options, std::uint8_t how) {
    switch (how & 7) {
        case 0: {  // a bomb: a pattern so many times
            const std::size_t size = in.two_bytes();
            packed p = compressed(repeated(in.text(1 + in.below(8)), size), options);
            damage(in, p);
            return p;
        }
        case 1: {
            const std::uint8_t edits = in.byte();
            packed p =
                compressed(in.text(in.size() - std::min<std::size_t>(in.size(), 8)), options);
            if (edits >= 128) damage(in, p);
            return p;
        }
        default: {
            packed p;
            p.flags = (how & 8) != 0 ? in.four_bytes() : in.byte();
            p.bytes = in.rest();
            return p;
        }
    }
}

void check_size(const packed& p, const value_options& options) {
    const auto text = unpack<std::string>(p, options);
    if (!text) return;
    require(text.value() == p.bytes || text.value().size() <= options.inflated_size_max,
            "nothing unfolds beyond the limit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    input in(data, size);
    const std::uint8_t how = in.byte();
    const std::uint8_t sizes = in.byte();
    constexpr std::array<std::uint32_t, 4> most = {1, 100, 4096, 1U << 20};
    // Compressed again only where the limit lets any input unfold again.
    const bool compresses = kmc::has_zlib() && (sizes & 14) == 14;
    const value_options options{.dialect = static_cast<flag_dialect>((how >> 4) % 3),
                                .compress_from = compresses ? 16U : 0U,
                                .inflated_size_max = most[sizes & 3]};
    const packed p = read_stored(in, options, how);
    require(is_one_readable_line(kmc::describe_flags(options.dialect, p.flags)), "flags in words");
    check_size(p, options);
    typed_findings found;
    read_as_everything(p, options, found);
    require(found.others == 0, "a value that is itself again, or one of two errors");
    return 0;
}
