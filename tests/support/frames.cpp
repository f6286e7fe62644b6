#include "support/frames.hpp"

#include <stdexcept>

namespace kmc::testing {
namespace {

void put(std::string& to, std::uint64_t number, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        to.push_back(static_cast<char>(number >> shift));
    }
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (const char c : bytes.substr(at, size)) {
        number = number << 8 | static_cast<unsigned char>(c);
    }
    return number;
}

}  // namespace

std::vector<request_frame> read_requests(std::string_view bytes) {
    std::vector<request_frame> frames;
    while (!bytes.empty()) {
        if (bytes.size() < 24 || bytes[0] != '\x80') throw std::runtime_error("no request frame");
        const std::size_t key = number_at(bytes, 2, 2);
        const std::size_t extras = number_at(bytes, 4, 1);
        const std::size_t body = number_at(bytes, 8, 4);
        if (bytes.size() < 24 + body || key + extras > body) {
            throw std::runtime_error("a request frame's lengths do not add up");
        }
        frames.push_back(
            {.opcode = static_cast<std::uint8_t>(bytes[1]),
             .opaque = static_cast<std::uint32_t>(number_at(bytes, 12, 4)),
             .cas = number_at(bytes, 16, 8),
             .extras = std::string(bytes.substr(24, extras)),
             .key = std::string(bytes.substr(24 + extras, key)),
             .value = std::string(bytes.substr(24 + extras + key, body - extras - key))});
        bytes.remove_prefix(24 + body);
    }
    return frames;
}

std::string to_bytes(const reply_frame& frame) {
    std::string bytes;
    put(bytes, 0x81, 1);
    put(bytes, frame.opcode, 1);
    put(bytes, frame.key.size(), 2);
    put(bytes, frame.extras.size(), 1);
    put(bytes, 0, 1);
    put(bytes, frame.status, 2);
    put(bytes, frame.extras.size() + frame.key.size() + frame.value.size(), 4);
    put(bytes, frame.opaque, 4);
    put(bytes, frame.cas, 8);
    return bytes + frame.extras + frame.key + frame.value;
}

std::string hit(std::uint32_t opaque, std::string_view value, std::uint8_t code,
                std::uint32_t flags, std::uint64_t cas) {
    std::string extras;
    put(extras, flags, 4);
    return to_bytes({.opcode = code,
                     .status = 0,
                     .opaque = opaque,
                     .cas = cas,
                     .extras = extras,
                     .value = std::string(value)});
}

std::string refusal(std::uint32_t opaque, std::uint8_t code, std::uint16_t status,
                    std::string_view text) {
    return to_bytes(
        {.opcode = code, .status = status, .opaque = opaque, .cas = 0, .value = std::string(text)});
}

std::string success(std::uint32_t opaque, std::uint8_t code, std::uint64_t cas) {
    return to_bytes({.opcode = code, .opaque = opaque, .cas = cas});
}

std::string counted(std::uint32_t opaque, std::uint8_t code, std::uint64_t number,
                    std::uint64_t cas) {
    std::string value;
    put(value, number, 8);
    return to_bytes({.opcode = code, .opaque = opaque, .cas = cas, .value = value});
}

std::string statistic(std::uint32_t opaque, std::string_view name, std::string_view text) {
    return to_bytes({.opcode = opcode::stat,
                     .opaque = opaque,
                     .key = std::string(name),
                     .value = std::string(text)});
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex.push_back(digits[static_cast<unsigned char>(c) >> 4]);
        hex.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
    return hex;
}

}  // namespace kmc::testing
