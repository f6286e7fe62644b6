// What a measurement came to, as text, as a document and as a page.

#pragma once

#include <string>
#include <vector>

#include "bench/subject.hpp"
#include "exit_code.hpp"
#include "output.hpp"

namespace kmc::cli::bench {

// A line of the table; a part of the line before it is indented.
struct row {
    std::string name;
    std::string amount;
    std::string rate = {};
};

// What was measured, in a sentence or two.
[[nodiscard]] std::vector<std::string> story_of(const subject& s);
// The numbers, in groups.
[[nodiscard]] std::vector<std::vector<row>> table_of(const subject& s);

[[nodiscard]] std::string to_text(const subject& s);
[[nodiscard]] json to_json(const subject& s);
[[nodiscard]] std::string to_page(const subject& s);

[[nodiscard]] exit_code verdict_of(const subject& s);

// A time with the unit that suits it: "870 ns", "12.3 us", "4.56 ms", "1.20 s".
[[nodiscard]] std::string time_text(double ns);

}  // namespace kmc::cli::bench
