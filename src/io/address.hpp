// A socket address as bytes, so that nobody above this floor includes a socket header.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kmc::detail {

// Holds a sockaddr_in, sockaddr_in6 or sockaddr_un; src/io/socket.cpp reads and writes it.
struct address {
    alignas(8) std::array<std::byte, 128> bytes{};
    std::uint32_t size = 0;
};

}  // namespace kmc::detail
