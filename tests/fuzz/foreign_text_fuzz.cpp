// Small readers of text that others wrote: the lines of servers that do not speak binary, UTF-8,
// addresses as Java prints them, names of rings and hashes; and foreign text inside a message.

#include <algorithm>
#include <optional>

#include <kmc/ring.hpp>

#include "base/bytes.hpp"
#include "base/quoted.hpp"
#include "fuzzing.hpp"
#include "protocol/binary/decode.hpp"
#include "protocol/binary/text_lines.hpp"
#include "routing/java_address.hpp"
#include "values/utf8.hpp"

namespace {

using namespace kmc::detail;
using kmc::errc;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

void check_lines(std::string_view text) {
    if (text.empty()) return;
    std::optional<errc> first;
    for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 40); ++size) {
        const text_verdict verdict = judge_text_line(text.substr(0, size));
        require(verdict.is_decided || !first, "a verdict is not taken back");
        require(verdict.is_decided || size < 31, "undecided while shorter than the longest line");
        if (verdict.is_decided && first) require(verdict.why == *first, "a verdict stands");
        if (verdict.is_decided) first = verdict.why;
    }
    if (!first) return;
    require(*first == errc::protocol_error || *first == errc::not_binary ||
                *first == errc::server_busy || *first == errc::auth_failed,
            "one of four verdicts");
    const bool is_line = text.starts_with("ERROR") || text.starts_with("CLIENT_ERROR ") ||
                         text.starts_with("SERVER_ERROR ");
    require((*first != errc::protocol_error) == is_line, "only what servers say means something");
    if (text[0] == '\x81') return;
    const parse_result parsed = binary::parse_head(as_bytes(text));
    require(parsed.status == parse_status::broken && parsed.why == *first, "the decoder's verdict");
}

// One character of UTF-8 from the front, by the definition of code points; 0: there is none.
std::size_t character_bytes(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    std::size_t size = 0;
    while (size < 8 && (lead << size & 0x80) != 0) ++size;
    if (size < 2 || size > 4 || text.size() < size) return 0;
    std::uint32_t point = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80) return 0;
        point = point << 6 | (next & 0x3fU);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[size] || point > 0x10ffff || is_surrogate ? 0 : size;
}

void check_utf8(std::string_view text) {
    bool expected = true;
    for (std::string_view rest = text; expected && !rest.empty();) {
        const std::size_t size = character_bytes(rest);
        expected = size != 0;
        rest.remove_prefix(size);
    }
    require(is_utf8(text) == expected, "UTF-8 is UTF-8");
}

void check_address(std::string_view text) {
    const auto address = java_address(text);
    if (!address) return;
    require(java_address(*address) == address, "an address of Java is its own");
    require(address->size() <= 39, "an address has an end");
}

void check_names(std::string_view text) {
    if (const auto ring = kmc::parse_ring(text)) {
        require(kmc::to_text(ring.value()) == text, "a ring's name");
    } else {
        require(is_one_readable_line(ring.error().message()), "one readable line");
    }
    if (const auto hash = kmc::parse_key_hash(text)) {
        require(kmc::to_text(hash.value()) == text, "a hash's name");
    } else {
        require(is_one_readable_line(hash.error().message()), "one readable line");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kmc::fuzzing::input in(data, size);
    const std::uint32_t which = in.below(5);
    const std::string text = in.rest();
    switch (which) {
        case 0:
            check_lines(text);
            break;
        case 1:
            check_utf8(text);
            break;
        case 2:
            check_address(text);
            break;
        case 3:
            check_names(text);
            break;
        default:
            require(is_one_readable_line(quoted(text)), "quoted text is readable");
    }
    return 0;
}
