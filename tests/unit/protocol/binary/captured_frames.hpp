// The frames of vectors/binary_frames.json, captured from a live server.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/codec.hpp"

namespace kmc::testing {

struct captured_frame {
    std::string exchange = {};  // where it comes from
    std::uint8_t opcode = 0;
    std::uint8_t data_type = 0;
    std::uint16_t status = 0;  // of a reply; a request's vbucket
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::string extras, key, value;
    std::string bytes = {};
};

struct captured_exchange {
    std::string id;
    std::string reply_bytes;
    std::vector<captured_frame> requests, replies;
};

struct spoken {
    detail::command what{};
    detail::loudness how{};
};

/// The command of an opcode, if kmc has it.
[[nodiscard]] std::optional<spoken> command_of(std::uint8_t code);

/// Why kmc would not send a captured request; empty when it would.
[[nodiscard]] std::string why_not_ours(const captured_frame& frame);

/// The request behind a captured frame that kmc would send. Views into the frame and into `step`.
[[nodiscard]] detail::request request_behind(const captured_frame& frame,
                                             detail::counter_step& step);

/// Empty, and said so, when the vectors are not there.
[[nodiscard]] const std::vector<captured_exchange>& captured_exchanges();

/// True, and said so, when the vectors are not there.
[[nodiscard]] bool are_captured_frames_missing();

}  // namespace kmc::testing
