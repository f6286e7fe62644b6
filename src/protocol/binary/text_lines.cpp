#include "protocol/binary/text_lines.hpp"

#include <array>

namespace kmc::detail {
namespace {

struct known_line {
    std::string_view text;
    errc why;
};

// The first row that fits, or still may, decides: a special line stands before the general one it
// begins like.
constexpr std::array<known_line, 5> known_lines{{
    {"ERROR Too many open connections", errc::server_busy},  // over -c, then closed
    {"CLIENT_ERROR unauthenticated", errc::auth_failed},     // started with an auth file
    {"ERROR", errc::not_binary},
    {"CLIENT_ERROR ", errc::not_binary},
    {"SERVER_ERROR ", errc::not_binary},
}};

}  // namespace

text_verdict judge_text_line(std::string_view bytes) noexcept {
    for (const known_line& line : known_lines) {
        if (bytes.starts_with(line.text)) return {true, line.why};
        if (line.text.starts_with(bytes)) return {};
    }
    return {true, errc::protocol_error};
}

}  // namespace kmc::detail
