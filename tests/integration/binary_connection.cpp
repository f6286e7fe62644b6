#include "binary_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "support/frames.hpp"

namespace kmc::testing {

binary_connection::binary_connection(const std::string& node) : socket_(connect_to(node)) {
    if (socket_.get() < 0) throw std::runtime_error("cannot connect to " + node);
}

void binary_connection::talk(std::string_view bytes,
                             const std::function<bool(std::string_view)>& take) {
    std::array<char, 64 * 1024> room;
    bool is_enough = false;
    while (!bytes.empty() || !is_enough) {
        const int wanted = POLLIN | (bytes.empty() ? 0 : POLLOUT);
        pollfd ready{.fd = socket_.get(), .events = static_cast<short>(wanted), .revents = 0};
        if (::poll(&ready, 1, 10'000) <= 0) throw std::runtime_error("the server says nothing");
        if ((ready.revents & POLLOUT) != 0) {
            const ssize_t n =
                ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN) throw std::runtime_error("the server does not listen");
            if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            const ssize_t n = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN)) {
                throw std::runtime_error("the server hung up");
            }
            if (n > 0) is_enough = take({room.data(), static_cast<std::size_t>(n)});
        }
    }
}

std::string binary_connection::ask(std::string_view requests) {
    constexpr std::uint32_t last = 0xfefefefe;
    const std::string fence = success(last, opcode::noop);
    std::string noop = fence;
    noop[0] = '\x80';
    std::string got;
    talk(std::string(requests) + noop, [&](std::string_view bytes) {
        got += bytes;
        return got.ends_with(fence);
    });
    got.resize(got.size() - fence.size());
    return got;
}

}  // namespace kmc::testing
