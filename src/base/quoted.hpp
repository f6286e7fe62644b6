// Foreign text inside a message: quoted, cut when long, and with every byte that is not printable
// ASCII shown as an escape, so that a message stays one readable line whatever a file contained.

#pragma once

#include <string>
#include <string_view>

namespace kmc::detail {

// `"text"`; a quote, a backslash and a byte outside 0x20..0x7e are escaped; of more than 60 bytes
// the first 60 stand there, followed by `...` behind the closing quote.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace kmc::detail
