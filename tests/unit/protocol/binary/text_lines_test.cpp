#include "protocol/binary/text_lines.hpp"

#include <string>

#include <catch2/catch.hpp>

using kmc::errc;
using kmc::detail::judge_text_line;
using kmc::detail::text_verdict;

namespace {

struct line_case {
    std::string_view line;
    errc why;
    std::size_t decided_at;  // bytes it takes
};

}  // namespace

TEST_CASE("a line of text tells what the peer is as soon as it can", "[text_lines]") {
    const auto [line, why, decided_at] = GENERATE(values<line_case>({
        {"ERROR Too many open connections\r\n", errc::server_busy, 31},
        {"CLIENT_ERROR unauthenticated\r\n", errc::auth_failed, 28},
        {"ERROR\r\n", errc::not_binary, 6},
        {"ERROR Too few\r\n", errc::not_binary, 11},
        {"ERROR unknown command\r\n", errc::not_binary, 7},
        {"CLIENT_ERROR bad command line format\r\n", errc::not_binary, 14},
        {"CLIENT_ERROR unauthorised\r\n", errc::not_binary, 20},
        {"SERVER_ERROR out of memory\r\n", errc::not_binary, 13},
        {"HTTP/1.1 400 Bad Request\r\n", errc::protocol_error, 1},
        {"SSH-2.0-OpenSSH_9.2\r\n", errc::protocol_error, 2},
        {"ERRATA\r\n", errc::protocol_error, 4},
        {"\x15\x03\x01", errc::protocol_error, 1},
        {"\x80", errc::protocol_error, 1},
    }));
    CAPTURE(line);

    for (std::size_t size = 1; size <= line.size(); ++size) {
        CAPTURE(size);
        const text_verdict verdict = judge_text_line(line.substr(0, size));
        CHECK(verdict.is_decided == (size >= decided_at));
        if (verdict.is_decided) CHECK(verdict.why == why);
    }
}
