// The seam between the pipeline and a wire protocol. Stateless: everything about one connection
// lives in the pipeline.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kmc/error.hpp>

#include "base/outbox.hpp"
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
    std::uint8_t opcode = 0;  // raw, for codec::answers
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

class codec {
public:
    virtual ~codec() = default;

    // Bytes that encode() will append.
    [[nodiscard]] virtual std::size_t encoded_size(const request&, loudness) const noexcept = 0;
    virtual void encode(const request&, std::uint32_t sequence, loudness, outbox& out) const = 0;

    [[nodiscard]] virtual silence silence_of(command) const noexcept = 0;

    // Looks at the start of `bytes` for one reply head. Never reads a body, never allocates.
    [[nodiscard]] virtual parse_result parse_head(
        std::span<const std::byte> bytes) const noexcept = 0;

    // True if a reply with this head can answer such a request: opcode, extras, key and value
    // sizes fit the command and the status.
    [[nodiscard]] virtual bool answers(const reply_head&, command, loudness) const noexcept = 0;

    // Reads extras and key of a head that `answers` accepted. `extras_and_key` is exactly
    // extras_size + key_size bytes; value and landed are the caller's to fill in.
    [[nodiscard]] virtual reply read_reply(
        const reply_head&, command, std::span<const std::byte> extras_and_key) const noexcept = 0;

    // The counter in the value of a reply to incr or decr that `answers` accepted.
    [[nodiscard]] virtual std::uint64_t read_number(std::string_view value) const noexcept = 0;
};

// The binary protocol (memcached's proto_bin.c). One object for the whole process.
[[nodiscard]] const codec& binary_codec() noexcept;

}  // namespace kmc::detail
