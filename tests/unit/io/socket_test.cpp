#include "io/socket.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

using namespace kmc::detail;

namespace {

template <class T>
T as(const address& from) {
    T to{};
    REQUIRE(from.size <= sizeof to);
    std::memcpy(&to, from.bytes.data(), from.size);
    return to;
}

address parsed(std::string_view host, std::uint16_t port) {
    address out;
    const auto result = parse_literal(host, port, out);
    REQUIRE(result.has_value());
    REQUIRE(*result == 0);
    return out;
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
    return value;
}

}  // namespace

TEST_CASE("an IPv4 literal becomes its address") {
    const auto to = as<sockaddr_in>(parsed("127.0.0.2", 11211));

    CHECK(to.sin_family == AF_INET);
    CHECK(ntohs(to.sin_port) == 11211);
    CHECK(ntohl(to.sin_addr.s_addr) == 0x7f000002);
}

TEST_CASE("an IPv6 literal may stand in brackets") {
    for (const char* host : {"::1", "[::1]"}) {
        const auto to = as<sockaddr_in6>(parsed(host, 11212));

        CHECK(to.sin6_family == AF_INET6);
        CHECK(ntohs(to.sin6_port) == 11212);
        CHECK(std::memcmp(&to.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0);
    }
}

TEST_CASE("a path becomes the address of a Unix socket") {
    const std::string longest = "/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'x');
    for (const std::string& path : {std::string("/run/memcached.sock"), longest}) {
        const auto to = as<sockaddr_un>(parsed(path, 0));

        CHECK(to.sun_family == AF_UNIX);
        CHECK(to.sun_path == path);
    }

    address out;
    CHECK(parse_literal(longest + "x", 0, out) == -ENAMETOOLONG);
}

TEST_CASE("what is not a literal needs a look-up") {
    address out;
    for (const char* host : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[1.2.3.4]", "[]",
                             "::1]", "[::1", "fe80::1%lo", "run/memcached.sock"}) {
        INFO(host);
        CHECK_FALSE(parse_literal(host, 1, out).has_value());
    }
    CHECK_FALSE(parse_literal(std::string(500, '1'), 1, out).has_value());
    CHECK(parse_literal(std::string_view("a\0b", 3), 1, out) == -EINVAL);
}

TEST_CASE("a TCP socket comes with the options of a request-reply client") {
    const int fd = open_stream_socket(parsed("127.0.0.1", 1), socket_mode::blocking);
    REQUIRE(fd >= 0);

    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) > 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    close_descriptor(fd);
}

TEST_CASE("a Unix socket may be non-blocking") {
    const int fd = open_stream_socket(parsed("/nowhere", 0), socket_mode::non_blocking);
    REQUIRE(fd >= 0);

    CHECK(option(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(start_connect(fd, parsed("/nowhere", 0)) == -ENOENT);
    close_descriptor(fd);
}

TEST_CASE("an address of no family opens no socket") {
    CHECK(open_stream_socket(address{}, socket_mode::blocking) < 0);
}
