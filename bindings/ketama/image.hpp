// A ring as the bytes that processes share: a header, then the points as ketama.h lays them out.
// An image is made whole and never changed. Made and read here, without a syscall; where it is kept
// is segment.hpp's.
//
//   0  image_header
//      points[point_count], an mcs of 28 bytes each: u32 value, address, zeros

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <kmc/result.hpp>

#include "hash/key_hash.hpp"

namespace kmc::detail {

// Which state of which file. The time of change is the kernel's own: no program can set it back.
struct file_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_s = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(const file_identity&, const file_identity&) = default;
};

// A file as it was read.
struct server_file_text {
    std::string content;
    file_identity identity;
    // Any later change gives it another identity. Right after a change that cannot be said: a clock
    // of the file system may tick as slowly as every two seconds.
    bool is_settled = false;
};

struct image_header {
    std::array<char, 8> mark = {};
    std::int64_t modified = 0;  // what ketama.h calls modtime, a time_t
    std::uint32_t point_count = 0;
    std::uint32_t is_settled = 0;
    file_identity file;
    md5_words content = {};
    md5_words sum = {};  // of the points, and of the header without this

    // Whether the ring is the file's, as far as can be said without reading the file.
    [[nodiscard]] bool is_surely_of(const file_identity& now) const noexcept {
        return is_settled != 0 && file == now;
    }
};

// Whether the ring was made of this text, in this state of the file.
[[nodiscard]] bool is_made_of(const image_header& ring, const server_file_text& text) noexcept;

// Fails for a file that makes no ring; the text says which line and why.
[[nodiscard]] config_result<std::vector<std::byte>> make_image(const server_file_text& text,
                                                               const std::string& path);

// Nothing if that is no image, or not one of this size.
[[nodiscard]] std::optional<image_header> read_header(std::span<const std::byte> image) noexcept;

// Whether each byte is as it was made. @param image  has a header.
[[nodiscard]] bool is_intact(std::span<const std::byte> image) noexcept;

}  // namespace kmc::detail
