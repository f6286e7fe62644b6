// Cuts one side of a connection into frames, or, where it is not the binary protocol, into the
// pieces in which it arrived. Never refuses anything, never loses a byte, and holds at most one
// frame of limited size.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmc::chaos {

// A frame that says it is larger goes on in pieces, as bytes.
inline constexpr std::size_t longest_frame = std::size_t{8} << 20;

struct unit {
    bool is_frame = false;
    std::string_view bytes;  // until the reader is used again
};

class frame_reader {
public:
    // @param magic  the first byte of every frame of this side.
    explicit frame_reader(std::uint8_t magic, std::size_t frame_max = longest_frame) noexcept
        : magic_(magic), frame_max_(frame_max) {}

    void feed(std::string_view bytes);

    // The next whole frame, or bytes that are none; nothing: it wants more to be fed.
    [[nodiscard]] std::optional<unit> next();

    // What has arrived of a frame that is not whole; taken out.
    [[nodiscard]] std::string take_rest();

private:
    [[nodiscard]] unit taken(std::size_t size, bool is_frame) noexcept;

    std::uint8_t magic_;
    std::size_t frame_max_;
    bool is_binary_ = true;       // false once something was no frame: for good
    std::uint64_t unframed_ = 0;  // what is still to come of a frame that is too large
    std::string buffer_;
    std::size_t begin_ = 0;  // of what was not yet taken
};

}  // namespace kmc::chaos
