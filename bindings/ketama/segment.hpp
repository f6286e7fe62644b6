// Where an image is kept: POSIX shared memory, one object per server file and user. What makes it
// safe is that an object is complete before it has a name, and is never written to again:
//
//   build     in memory without a name; a process that is killed here leaves nothing
//   publish   under a lock that ends with its holder, the new object takes the name of the old one
//             in one step; whoever has the old one mapped keeps it
//   open      only what is this user's alone, of the right state of the file, and intact
//   remove    by the last process that gives it back
//
// Sharing saves memory and work and is not needed for the answers: where it fails (no shared
// memory, no room, a lock that somebody sits on) a process has its ring for itself.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "descriptor.hpp"
#include "image.hpp"

namespace kmc::detail {

class segment {
public:
    // Nothing if there is none of this name that is of the file, intact and this user's.
    [[nodiscard]] static std::shared_ptr<segment> open(const std::string& name,
                                                       const file_identity& of);

    // The image under the name, for every process to open; or for this process alone. Throws
    // std::bad_alloc.
    [[nodiscard]] static std::shared_ptr<segment> publish(const std::string& name,
                                                          std::span<const std::byte> image);

    ~segment();
    segment(const segment&) = delete;
    segment& operator=(const segment&) = delete;

    [[nodiscard]] const image_header& header() const noexcept { return header_; }
    // The header's modtime, and the points, as void* since ketama.h has them so. Read-only memory.
    [[nodiscard]] void* modified() const noexcept;
    [[nodiscard]] void* points() const noexcept;

    // Lets go of what is only needed to remove the name, if a newer one has that by now.
    void forget_lost_name() noexcept;

private:
    // Which object a descriptor or a name stands for.
    struct object_id {
        std::uint64_t device = 0;
        std::uint64_t number = 0;

        friend bool operator==(const object_id&, const object_id&) = default;
    };

    segment(std::string name, descriptor file, object_id id, void* memory, std::size_t size,
            const image_header& header) noexcept;
    [[nodiscard]] bool has_its_name() const noexcept;
    void forget_lost_descriptor() noexcept;
    [[nodiscard]] static std::shared_ptr<segment> keep_private(std::span<const std::byte> image);

    std::string name_;
    descriptor file_;  // locked together with all who use it; none if nobody shares it
    object_id id_;     // what was opened as file_
    void* memory_;
    std::size_t size_;
    image_header header_;
};

// "/kmc-ketama.UID.MD5", the MD5 in hex of the file's path without links and dots. Empty for a path
// that is none.
[[nodiscard]] std::string segment_name(const char* path);

}  // namespace kmc::detail
