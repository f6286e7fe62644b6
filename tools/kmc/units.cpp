#include "units.hpp"

#include <charconv>
#include <cstdlib>
#include <map>
#include <string>
#include <system_error>

#include "arguments.hpp"
#include "output.hpp"

namespace kmc::cli {
namespace {

// A hundred years: beyond it a duration in nanoseconds would overflow.
constexpr double longest_seconds = 100.0 * 366 * 24 * 60 * 60;

// Turns the text into a number of seconds; returns what is wrong with it, or nothing.
std::string read_seconds(std::string& text) {
    // Names of one letter are matched as they stand: "5M" is refused rather than guessed at.
    static const std::map<std::string, double> units = {
        {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    static const CLI::AsNumberWithUnit to_seconds(units, CLI::AsNumberWithUnit::CASE_SENSITIVE,
                                                  "TIME");
    const std::string given = without_shields(text);
    try {
        if (const std::string objection = to_seconds(text); !objection.empty()) return objection;
    } catch (const CLI::ValidationError&) {  // of a unit it does not know
        return shown(given) + " is no time such as 300, 90s, 250ms, 5m, 2h, 7d";
    }
    const double seconds = std::strtod(text.c_str(), nullptr);
    const bool fits = seconds >= 1e-3 && seconds <= longest_seconds;  // false for NaN
    return fits ? std::string() : "a time must be 1ms to 100 years";
}

std::string read_ttl(std::string& text) {
    if (text == "never") {
        text = "0";
        return {};
    }
    std::string objection = read_seconds(text);
    return objection.empty() ? objection : objection + ", or never";
}

}  // namespace

CLI::Option& read_as_time(CLI::Option& option) {
    option.transform(CLI::Validator(read_seconds, ""))->type_name("TIME");
    return option;
}

CLI::Option& read_as_ttl(CLI::Option& option) {
    option.transform(CLI::Validator(read_ttl, ""))->type_name("TIME");
    return option;
}

std::optional<duration> read_time(std::string_view text) {
    std::string seconds(text);
    if (!read_seconds(seconds).empty()) return std::nullopt;
    return to_duration(std::strtod(seconds.c_str(), nullptr));
}

CLI::Option& read_as_number(CLI::Option& option, std::uint64_t least, std::uint64_t most) {
    const auto read = [least, most](std::string& text) {
        const std::string digits = without_shields(text);
        std::uint64_t number = 0;
        const char* const end = digits.data() + digits.size();
        const auto [rest, wrong] = std::from_chars(digits.data(), end, number);
        if (wrong == std::errc() && rest == end && number >= least && number <= most) {
            text = std::to_string(number);  // without zeros in front, which would say "octal"
            return std::string();
        }
        return shown(digits) + " is no number from " + std::to_string(least) + " to " +
               std::to_string(most);
    };
    option.transform(CLI::Validator(read, ""))->type_name("N");
    return option;
}

}  // namespace kmc::cli
