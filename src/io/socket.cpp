#include "io/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace kmc::detail {
namespace {

static_assert(sizeof(sockaddr_un) <= sizeof(address::bytes) &&
              sizeof(sockaddr_in6) <= sizeof(address::bytes));

// Backstops only: deadlines and stalls are the connection's business, and earlier. These two find
// a host that vanished while nothing was asked of it.
constexpr int keepalive_idle_seconds = 15;
constexpr int keepalive_interval_seconds = 5;
constexpr int unacknowledged_milliseconds = 30'000;

template <class T>
void store(address& out, const T& from, std::size_t size) noexcept {
    out = {};
    copy_bytes(out.bytes.data(), &from, size);
    out.size = static_cast<std::uint32_t>(size);
}

sa_family_t family_of(const address& a) noexcept {
    sockaddr head{};
    copy_bytes(&head, a.bytes.data(), sizeof head);
    return head.sa_family;
}

// An option that this kernel or family lacks is no reason to do without the connection.
void set_option(int fd, int level, int name, int value) noexcept {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

void set_tcp_options(int fd) noexcept {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_milliseconds);
}

template <class Call>
std::int32_t retried(Call call) noexcept {
    for (;;) {
        const auto result = call();
        if (result >= 0) return static_cast<std::int32_t>(result);
        if (errno != EINTR) return -errno;
    }
}

std::int32_t parse_path(std::string_view path, address& out) noexcept {
    sockaddr_un to{};
    if (path.size() >= sizeof to.sun_path) return -ENAMETOOLONG;
    to.sun_family = AF_UNIX;
    copy_bytes(to.sun_path, path.data(), path.size());
    store(out, to, offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return 0;
}

}  // namespace

int open_stream_socket(const address& where, socket_mode mode) noexcept {
    const int family = family_of(where);
    const int flags = SOCK_CLOEXEC | (mode == socket_mode::non_blocking ? SOCK_NONBLOCK : 0);
    const int fd = ::socket(family, SOCK_STREAM | flags, 0);
    if (fd < 0) return -errno;
    if (family != AF_UNIX) set_tcp_options(fd);
    return fd;
}

std::optional<std::int32_t> parse_literal(std::string_view host, std::uint16_t port,
                                          address& out) noexcept {
    if (host.find('\0') != std::string_view::npos) return -EINVAL;
    if (!host.empty() && host.front() == '/') return parse_path(host, out);

    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (host.size() >= text.size()) return std::nullopt;
    copy_bytes(text.data(), host.data(), host.size());

    sockaddr_in four{};
    if (!bracketed && ::inet_pton(AF_INET, text.data(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        store(out, four, sizeof four);
        return 0;
    }
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET6, text.data(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        store(out, six, sizeof six);
        return 0;
    }
    return std::nullopt;
}

const sockaddr* as_sockaddr(const address& from) noexcept {
    return reinterpret_cast<const sockaddr*>(from.bytes.data());
}

address from_sockaddr(const sockaddr* from, std::uint32_t size) noexcept {
    address out;
    KMC_ASSERT(size <= out.bytes.size());
    out.size = std::min(size, static_cast<std::uint32_t>(out.bytes.size()));
    copy_bytes(out.bytes.data(), from, out.size);
    return out;
}

std::int32_t start_connect(int fd, const address& where) noexcept {
    // Not retried after a signal: the attempt goes on by itself, as after EINPROGRESS.
    if (::connect(fd, as_sockaddr(where), where.size) == 0) return 0;
    return errno == EINTR ? -EINPROGRESS : -errno;
}

std::int32_t connect_result(int fd) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return -errno;
    return -error;
}

msghdr message_of(const gathered& bytes) noexcept {
    KMC_ASSERT(bytes.size() <= transfer_max);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(bytes.places().data());  // only read
    message.msg_iovlen = bytes.places().size();
    return message;
}

std::int32_t send_some(int fd, const gathered& bytes) noexcept {
    if (bytes.places().size() != 1) {
        const msghdr message = message_of(bytes);
        return retried([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
    }
    const std::span<const std::byte> only = bytes.place(0);
    const std::size_t size = std::min(only.size(), transfer_max);
    return retried([&] { return ::send(fd, only.data(), size, MSG_NOSIGNAL); });
}

std::int32_t receive_some(int fd, std::span<std::byte> room) noexcept {
    const std::size_t size = std::min(room.size(), transfer_max);
    return retried([&] { return ::recv(fd, room.data(), size, 0); });
}

void shut_down_socket(int fd) noexcept {
    static_cast<void>(::shutdown(fd, SHUT_RDWR));
}

// Not retried: Linux has given the number back even when close() reports an error.
void close_descriptor(int fd) noexcept {
    static_cast<void>(::close(fd));
}

}  // namespace kmc::detail
