// Requests in the binary protocol, as bytes.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "base/bytes.hpp"
#include "base/outbox.hpp"
#include "protocol/binary/frame.hpp"
#include "protocol/binary/opcodes.hpp"
#include "protocol/codec.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail::binary {

struct body_sizes {
    std::size_t extras = 0;
    std::size_t key = 0;
    std::size_t value = 0;

    [[nodiscard]] std::size_t sum() const noexcept { return extras + key + value; }
};

[[nodiscard]] inline body_sizes sizes_of(const opcode_row& row, const request& r) noexcept {
    body_sizes sizes{.extras = static_cast<std::size_t>(row.extras)};
    if (row.body != request_body::none) sizes.key = r.key_size;
    if (row.body == request_body::key_and_value) sizes.value = r.value_size;
    return sizes;
}

inline void write_extras(std::byte* at, const opcode_row& row, const request& r) noexcept {
    switch (row.extras) {
        case request_extras::none:
            return;
        case request_extras::expiry:
            store_big<std::uint32_t>(at, r.expiry);
            return;
        case request_extras::flags_expiry:
            store_big<std::uint32_t>(at, r.flags);
            store_big<std::uint32_t>(at + 4, r.expiry);
            return;
        case request_extras::counter:
            store_big<std::uint64_t>(at, r.step->delta);
            store_big<std::uint64_t>(at + 8, r.step->initial);
            store_big<std::uint32_t>(at + 16, r.expiry);
            return;
    }
}

// Bytes that encode() will append.
[[nodiscard]] inline std::size_t encoded_size(const request& r, loudness) noexcept {
    return frame::header_bytes + sizes_of(row_of(r.what), r).sum();
}

inline void encode(const request& r, std::uint32_t sequence, loudness how, outbox& out) {
    const opcode_row& row = row_of(r.what);
    const body_sizes sizes = sizes_of(row, r);
    // The server closes the connection over a bad key, and with it everybody's requests. Only a
    // stat may go without: it then asks for the general statistics.
    KMC_ASSERT(row.body == request_body::none || !objection_to_key(r.key_view()) ||
               (r.what == command::stat && r.key_size == 0));
    // On these the server takes a token for "store if it is still this one", whatever the command.
    KMC_ASSERT(r.cas == 0 || r.what == command::set || r.what == command::del);
    KMC_ASSERT(sizes.sum() <= 0xffffffffU);

    const std::size_t copied = r.is_shared ? 0 : sizes.value;
    std::byte* at = out.append(frame::header_bytes + sizes.extras + sizes.key + copied);
    at[0] = frame::request_magic;
    at[frame::opcode_at] = std::byte{opcode_of(row, how)};
    store_big(at + frame::key_size_at, static_cast<std::uint16_t>(sizes.key));
    at[frame::extras_size_at] = static_cast<std::byte>(sizes.extras);
    at[frame::data_type_at] = std::byte{0};
    store_big<std::uint16_t>(at + frame::status_at, 0);
    store_big(at + frame::body_size_at, static_cast<std::uint32_t>(sizes.sum()));
    store_big(at + frame::opaque_at, sequence);
    store_big(at + frame::cas_at, r.cas);

    at += frame::header_bytes;
    write_extras(at, row, r);
    copy_bytes(at + sizes.extras, r.key, sizes.key);
    // Nothing to read where the size is 0: a counter has its step there.
    if (copied != 0) copy_bytes(at + sizes.extras + sizes.key, r.value, copied);
    if (r.is_shared) out.splice(*r.block);
}

[[nodiscard]] inline silence silence_of(command what) noexcept {
    return row_of(what).quiet_means;
}

}  // namespace kmc::detail::binary
