// How large the buffers of a connection are, and what it may repeat.

#pragma once

#include <cstddef>
#include <cstdint>

namespace kmc::detail {

inline constexpr std::size_t rx_bytes = 64 * 1024;
// Beside the rest of a frame that is not landed (32 KiB and its head) there is always so much room,
// without a larger buffer.
inline constexpr std::size_t rx_room_min = 28 * 1024;
// Where large values come one after the other, so much is received with the head of the next: what
// lands here of its value has to be copied.
inline constexpr std::size_t rx_before_large = 4 * 1024;
// So much is encoded at once, unless a single request is larger; and a send carries at most so
// much, so that the end of each shows that a large value is moving.
inline constexpr std::size_t tx_bytes = 256 * 1024;

// Reads may be sent again for every tenth reply that came, and for a few at the start.
inline constexpr std::uint32_t replies_per_retry = 10;
inline constexpr std::uint32_t retries_at_start = 64;

}  // namespace kmc::detail
