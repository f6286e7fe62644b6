// Cyclic redundancy checks as key hashes.

#include <array>
#include <cstddef>

#include "hash/hash_functions.hpp"

namespace kmc::detail {

namespace {

using crc_table = std::array<std::uint32_t, 256>;

// Lowest bit first, polynomial edb88320.
constexpr crc_table crc32_table = [] {
    crc_table table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * 0xedb88320U);
        table[i] = value;
    }
    return table;
}();

// Highest bit first, polynomial 1021.
constexpr crc_table crc16_table = [] {
    crc_table table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i << 8;
        for (int bit = 0; bit < 8; ++bit) value = (value << 1) ^ ((value >> 15 & 1) * 0x1021U);
        table[i] = value & 0xffffU;
    }
    return table;
}();

}  // namespace

std::uint32_t crc32(std::string_view bytes) noexcept {
    std::uint32_t crc = ~std::uint32_t{0};
    for (const char byte : bytes) {
        crc = (crc >> 8) ^ crc32_table[(crc ^ static_cast<unsigned char>(byte)) & 0xffU];
    }
    return ~crc;
}

std::uint32_t crc32_middle(std::string_view bytes) noexcept {
    return crc32(bytes) >> 16 & 0x7fffU;
}

std::uint32_t crc16(std::string_view bytes) noexcept {
    std::uint32_t crc = 0;
    for (const char byte : bytes) {
        crc = (crc << 8) ^ crc16_table[((crc >> 8) ^ static_cast<unsigned char>(byte)) & 0xffU];
    }
    return crc;
}

}  // namespace kmc::detail
