// Stream sockets and their addresses, as thin functions over system calls: the engines decide when.
// Nothing here waits, looks up a name, or keeps state. Results are counts or negated errnos.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "io/address.hpp"
#include "io/gathered.hpp"

struct msghdr;
struct sockaddr;

namespace kmc::detail {

// A ring takes blocking sockets and waits by itself; only epoll needs the calls to come back.
enum class socket_mode : std::uint8_t { blocking, non_blocking };

// Transfers are cut to this, so that their count fits the result of an operation.
inline constexpr std::size_t transfer_max = std::size_t{1} << 30;

// A descriptor closed on exec, with the options of a request-reply client; or a negated errno.
[[nodiscard]] int open_stream_socket(const address& where, socket_mode mode) noexcept;

// Fills `out` when `host` needs no look-up: "1.2.3.4", "::1", "[::1]", or the path of a Unix socket
// (it starts with '/'; the port is not used). 0 when it did, a negated errno when the host can
// never be used (-ENAMETOOLONG: the path is too long), and nothing when it must be a name.
[[nodiscard]] std::optional<std::int32_t> parse_literal(std::string_view host, std::uint16_t port,
                                                        address& out) noexcept;

[[nodiscard]] const sockaddr* as_sockaddr(const address& from) noexcept;
[[nodiscard]] address from_sockaddr(const sockaddr* from, std::uint32_t size) noexcept;

// -EINPROGRESS: under way; connect_result() tells how it ended once the socket is writable.
[[nodiscard]] std::int32_t start_connect(int fd, const address& where) noexcept;
[[nodiscard]] std::int32_t connect_result(int fd) noexcept;

// What sendmsg() takes; `bytes` outlives it.
[[nodiscard]] msghdr message_of(const gathered& bytes) noexcept;

// One try each. -EAGAIN: not now. Never raise SIGPIPE, never EINTR.
[[nodiscard]] std::int32_t send_some(int fd, const gathered& bytes) noexcept;
[[nodiscard]] std::int32_t receive_some(int fd, std::span<std::byte> room) noexcept;

// Ends both directions; what the kernel holds for this socket finishes.
void shut_down_socket(int fd) noexcept;
void close_descriptor(int fd) noexcept;

}  // namespace kmc::detail
