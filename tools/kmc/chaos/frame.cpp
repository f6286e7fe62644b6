#include "chaos/frame.hpp"

namespace kmc::chaos {

std::uint64_t read(std::string_view frame, field what) noexcept {
    std::uint64_t value = 0;
    for (const char byte : frame.substr(what.at, what.size)) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

void write(std::string& frame, field what, std::uint64_t value) noexcept {
    for (std::size_t i = what.size; i-- > 0; value >>= 8) {
        frame[what.at + i] = static_cast<char>(value & 0xff);
    }
}

std::string_view key_of(std::string_view frame) noexcept {
    const std::uint64_t extras = read(frame, fields::extras_length);
    return frame.substr(header_size + extras, read(frame, fields::key_length));
}

std::string to_bytes(const forged_frame& frame) {
    std::string bytes(header_size, '\0');
    write(bytes, fields::magic, frame.magic);
    write(bytes, fields::opcode, frame.opcode);
    write(bytes, fields::status, frame.status);
    write(bytes, fields::opaque, frame.opaque);
    // What a hit begins with: the item's flags.
    const bool has_flags = frame.magic == reply_magic && frame.status == 0 &&
                           (frame.opcode == 0x00 || frame.opcode == 0x09 || frame.opcode == 0x1d ||
                            frame.opcode == 0x1e);
    if (has_flags) {
        write(bytes, fields::extras_length, 4);
        bytes.append(4, '\0');
    }
    bytes += frame.value;
    write(bytes, fields::length, bytes.size() - header_size);
    return bytes;
}

std::optional<std::uint8_t> opcode_named(std::string_view name) noexcept {
    for (const named_opcode& one : opcode_names) {
        if (one.name == name) return one.code;
    }
    return std::nullopt;
}

}  // namespace kmc::chaos
