// Cuts the text of a rule into words and reads single ones: numbers, times, quoted bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/rule.hpp"

namespace kmc::chaos {

struct word {
    std::string text;       // without quotes, escapes resolved
    std::size_t place = 0;  // where it begins, from 0
    bool is_quoted = false;
};

// Where a text goes wrong, and how.
struct flaw {
    std::size_t place = 0;
    std::string reason;
};

// Words end at blanks, a colon is one by itself, and "..." is one with anything in it: \n \r \t \0
// \\ \" and \xHH stand for bytes.
[[nodiscard]] std::vector<word> words_of(std::string_view text, std::optional<flaw>& wrong);

// Decimal, or hexadecimal behind 0x.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view text) noexcept;

// "50us", "200ms", "1.5s", "2m".
[[nodiscard]] std::optional<nanoseconds> time_in(std::string_view text) noexcept;

// Above 0, at most 1.
[[nodiscard]] std::optional<double> probability_in(std::string_view text) noexcept;

// Pairs of hexadecimal digits.
[[nodiscard]] std::optional<std::string> bytes_in_hex(std::string_view text);

}  // namespace kmc::chaos
