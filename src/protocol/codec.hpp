// The words between the pipeline and a wire protocol. A protocol is a namespace of stateless inline
// functions over them (protocol/binary has the only one): everything about one connection lives in
// the pipeline, which is compiled with the protocol's code inside its loops.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kmc/error.hpp>

#include "protocol/command.hpp"

namespace kmc::detail {

// Loud requests are always answered. Quiet ones are answered only when they have something to say;
// what silence means is told by `silence_of`, and is believed only after a later reply on the same
// connection (the fence).
enum class loudness : std::uint8_t { loud, quiet };

// What a quiet request means when no reply came before the fence's.
enum class silence : std::uint8_t {
    never,    // has no quiet form
    miss,     // a quiet get
    success,  // a quiet store, delete
};

// The head of a reply frame, checked as far as it can be without knowing which request it answers.
struct reply_head {
    std::uint32_t sequence = 0;
    std::uint8_t opcode = 0;  // raw, for answers()
    std::uint16_t status = 0;
    std::uint64_t cas = 0;
    std::uint32_t head_size = 0;  // header bytes before the body
    std::uint32_t extras_size = 0;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;

    [[nodiscard]] std::uint64_t frame_size() const noexcept {
        return std::uint64_t{head_size} + extras_size + key_size + value_size;
    }
};

enum class parse_status : std::uint8_t {
    need_more,  // fewer bytes than a head
    head,       // `head` is filled in
    broken,     // `why` says what the peer is
};

struct parse_result {
    parse_status status = parse_status::need_more;
    errc why = errc::protocol_error;  // protocol_error, not_binary, server_busy or auth_failed
    reply_head head;
};

}  // namespace kmc::detail
