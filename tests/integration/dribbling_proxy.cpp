#include "dribbling_proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/rng.hpp"

namespace kmc::testing {
namespace {

// How often it looks whether it has to end.
constexpr int look_milliseconds = 20;

void check(bool ok, const char* what) {
    if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

template <class Address>
sockaddr* as_sockaddr(Address& a) {
    return static_cast<sockaddr*>(static_cast<void*>(&a));
}

sockaddr_in loopback(unsigned port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(static_cast<std::uint16_t>(port));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

descriptor tcp_socket() {
    descriptor s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    check(s.get() >= 0, "socket");
    return s;
}

bool is_readable(int fd) {
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, look_milliseconds) == 1;
}

}  // namespace

dribbling_proxy::dribbling_proxy(const std::string& node, std::size_t piece_max, std::uint64_t seed)
    : node_(node), piece_max_(piece_max), seed_(seed), listener_(tcp_socket()) {
    sockaddr_in where = loopback(0);
    check(::bind(listener_.get(), as_sockaddr(where), sizeof where) == 0, "bind");
    check(::listen(listener_.get(), 1) == 0, "listen");
    socklen_t size = sizeof where;
    check(::getsockname(listener_.get(), as_sockaddr(where), &size) == 0, "getsockname");
    text_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread([this] { serve(); });
}

dribbling_proxy::~dribbling_proxy() {
    ending_.store(true);
    thread_.join();
}

void dribbling_proxy::serve() {
    while (!is_readable(listener_.get())) {
        if (ending_.load()) return;
    }
    const descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const descriptor server = tcp_socket();
    sockaddr_in where = loopback(
        static_cast<unsigned>(std::strtoul(node_.c_str() + node_.rfind(':') + 1, nullptr, 10)));
    if (::connect(server.get(), as_sockaddr(where), sizeof where) != 0) return;
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (!ending_.load()) {
        std::array<pollfd, 2> both{{{.fd = client.get(), .events = POLLIN, .revents = 0},
                                    {.fd = server.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(both.data(), both.size(), look_milliseconds) <= 0) continue;
        if (both[0].revents != 0) hand_on(client.get(), server.get(), false);
        if (both[1].revents != 0) hand_on(server.get(), client.get(), true);
    }
}

void dribbling_proxy::hand_on(int from, int to, bool in_pieces) {
    std::array<char, 16 * 1024> bytes;
    const auto got = ::recv(from, bytes.data(), bytes.size(), 0);
    if (got <= 0) {
        ending_.store(true);
        return;
    }
    const auto size = static_cast<std::size_t>(got);
    detail::rng random(seed_ + pieces_.load());
    for (std::size_t at = 0; at < size;) {
        std::size_t piece = size - at;
        if (in_pieces) piece = std::min<std::size_t>(piece, 1 + random.next() % piece_max_);
        const auto sent = ::send(to, bytes.data() + at, piece, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
        if (in_pieces) pieces_.fetch_add(1);
    }
}

}  // namespace kmc::testing
