// Numbers and times on the command line: what each option reads, and refuses.

#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <kmc/time.hpp>

namespace kmc::cli {

// Makes an option read "90", "1.5s", "250ms", "5m", "2h", "7d": seconds when no unit is given, and
// always above zero.
CLI::Option& read_as_time(CLI::Option& option);

// The same, and "never", which is read as 0.
CLI::Option& read_as_ttl(CLI::Option& option);

// Makes an option read a decimal number; signs, fractions and other bases are refused.
CLI::Option& read_as_number(CLI::Option& option, std::uint64_t least, std::uint64_t most);

// The same for a time that is a part of an argument.
[[nodiscard]] std::optional<duration> read_time(std::string_view text);

// What read_as_ttl() left: 0 is for ever.
[[nodiscard]] inline expiry to_expiry(double ttl_seconds) {
    return ttl_seconds > 0 ? expiry(std::chrono::duration<double>(ttl_seconds)) : never;
}

[[nodiscard]] inline duration to_duration(double seconds) {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

}  // namespace kmc::cli
