// IP addresses as Java writes them: the labels of spymemcached are made of that.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kmc::detail {

// "1.2.3.4" stays what it is, "::1" and "[::1]" become "0:0:0:0:0:0:0:1". Nothing for names, and
// for addresses with a zone or an IPv4 part, whose form depends on the machine.
[[nodiscard]] std::optional<std::string> java_address(std::string_view host);

}  // namespace kmc::detail
