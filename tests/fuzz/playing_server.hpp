// The server's side of a conversation: what memcached says to a request, and the mistakes that a
// peer can make in saying it.

#pragma once

#include <cstdint>
#include <string>

#include "fuzzing.hpp"
#include "reference_session.hpp"
#include "support/frames.hpp"

namespace kmc::fuzzing {

// What a server knows besides the request.
struct server_mood {
    detail::pipeline_limits limits;  // it was told how large an item may become
    bool is_noop_next = false;       // whose answer may stand for the end of statistics
};

// What an honest server says to this, chosen by `dice`; empty: it keeps silent. `meant` is what
// the request has to be told in the end.
[[nodiscard]] std::string honest_answer(const testing::request_frame& f, std::uint32_t dice,
                                        const server_mood& mood, told& meant);

// One mistake in a frame, as the input says.
void damage(input& in, std::string& frame);

}  // namespace kmc::fuzzing
