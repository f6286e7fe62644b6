// Servers answer in text when they have not understood that the peer speaks binary, or refuse it
// before it could say so. Tells the few lines that mean something to an operator from noise.

#pragma once

#include <string_view>

#include <kmc/error.hpp>

namespace kmc::detail {

struct text_verdict {
    bool is_decided = false;  // false: the bytes so far are the start of more than one line
    errc why = errc::protocol_error;
};

// @param bytes  what came where a reply frame should begin; at least one byte. Undecided only
//               while shorter than the longest known line (31 bytes).
[[nodiscard]] text_verdict judge_text_line(std::string_view bytes) noexcept;

}  // namespace kmc::detail
