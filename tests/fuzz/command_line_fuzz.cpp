// What people type and servers say, at the command line: times and numbers are read or refused in
// one line, and a table of foreign statistics stays a table and does not steer the terminal.

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "arguments.hpp"
#include "fuzzing.hpp"
#include "output.hpp"
#include "stats_table.hpp"
#include "units.hpp"

namespace {

using kmc::fuzzing::input;
using kmc::fuzzing::require;
using namespace kmc::cli;

// The text behind an option `--x`, as parse() leaves it; or nothing.
template <class T, class Reading>
bool is_read(const std::string& text, T& into, Reading reading) {
    CLI::App app;
    CLI::Option& option = *app.add_option("--x", into);
    reading(option);
    try {
        std::vector<std::string> reversed = {"--x=" + text};
        app.parse(reversed);
        return true;
    } catch (const CLI::ParseError& refused) {
        require(std::string_view(refused.what()).size() < 4 * text.size() + 200, "a short refusal");
        return false;
    }
}

void check_time(const std::string& text) {
    double seconds = -1;
    if (!is_read(text, seconds, [](CLI::Option& o) { read_as_time(o); })) return;
    require(seconds >= 1e-3 && seconds <= 3.2e9, "a time is 1 ms to 100 years");
    require(to_duration(seconds).count() > 0, "a duration above zero");
}

void check_ttl(const std::string& text) {
    double seconds = -1;
    if (!is_read(text, seconds, [](CLI::Option& o) { read_as_ttl(o); })) return;
    require(seconds == 0 || (seconds >= 1e-3 && seconds <= 3.2e9), "never, or a time");
    static_cast<void>(to_expiry(seconds));
}

void check_number(const std::string& text) {
    constexpr std::uint64_t least = 3;
    constexpr std::uint64_t most = 70'000;
    std::uint64_t number = 0;
    const bool is_taken =
        is_read(text, number, [](CLI::Option& o) { read_as_number(o, least, most); });
    std::uint64_t expected = 0;
    // Marks of shielded_arguments() are not part of what was typed.
    const std::string digits = without_shields(text);
    const char* const end = digits.data() + digits.size();
    const auto [rest, wrong] = std::from_chars(digits.data(), end, expected);
    const bool is_number = wrong == std::errc() && rest == end;
    if (is_taken) require(is_number && number == expected, "the number that was typed");
    if (is_taken) require(number >= least && number <= most, "a number within its bounds");
}

void check_texts(const std::string& text) {
    for (const std::string& line : {shown(text), printable(text)}) {
        for (const char c : line) {
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "it stays on the line");
        }
    }
    json object;
    put_bytes(object, "value", text);
    require(object.size() == 1, "bytes have one form");
    if (object.contains("value")) require(object["value"] == text, "text as it was");
    static_cast<void>(object.dump());
}

void check_stats(input& in) {
    constexpr std::array<std::string_view, 4> groups = {"", "items", "settings", "conns"};
    const std::string_view group = groups[in.below(4)];
    std::vector<kmc::statistics> servers(1 + in.below(4));
    for (kmc::statistics& s : servers) {
        for (std::uint32_t i = in.below(8); i != 0; --i) {
            std::string name = in.text(in.byte() % 12);
            s.entries.emplace_back(std::move(name), in.text(in.byte() % 24));
        }
    }
    std::vector<stats_column> columns;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        columns.push_back({.server = "s" + std::to_string(i), .stats = &servers[i]});
    }
    columns.push_back({.server = "down"});
    const auto names = stats_names(columns);
    for (const std::string_view name : names) {
        const auto sum = stats_sum(group, name, columns);
        if (!sum) continue;
        require(!sum->empty() && sum->find_first_not_of("0123456789") == std::string::npos,
                "a sum is a number");
    }
    const std::string table = stats_text(group, columns);
    const auto lines = std::count(table.begin(), table.end(), '\n');
    require(static_cast<std::size_t>(lines) == names.size() + 1, "a line for each statistic");
    for (const char c : table) {
        require(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "no steering");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    input in(data, size);
    const std::uint32_t which = in.below(6);
    if (which < 2) {
        check_stats(in);
        return 0;
    }
    const std::string text = in.text(200);
    switch (which) {
        case 2:
            check_time(text);
            break;
        case 3:
            check_ttl(text);
            break;
        case 4:
            check_number(text);
            break;
        default:
            check_texts(text);
    }
    return 0;
}
