#include "image.hpp"

#include <cstring>
#include <ctime>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "base/bytes.hpp"
#include "ketama.h"
#include "routing/topology.hpp"

namespace kmc::detail {

namespace {

// Another layout is another mark: processes of two versions must not read each other's images.
constexpr std::array<char, 8> image_mark = {'k', 'm', 'c', 'r', 'i', 'n', 'g', '2'};

// What programs were compiled for.
static_assert(sizeof(mcs) == 28 && offsetof(mcs, ip) == 4 && alignof(mcs) == 4);
static_assert(sizeof(continuum) == 24 && offsetof(continuum, array) == 16);
static_assert(sizeof(std::time_t) == sizeof(std::int64_t));

static_assert(std::has_unique_object_representations_v<image_header>);
static_assert(sizeof(image_header) % alignof(mcs) == 0);

// The longest address that the file may have fits behind the value together with its zero.
constexpr std::size_t address_room = sizeof(mcs) - offsetof(mcs, ip);
static_assert(address_room == 23 + 1);

md5_words sum_of(image_header header, std::span<const std::byte> points) noexcept {
    header.sum = md5(as_text(points));
    return md5(as_text(std::as_bytes(std::span(&header, 1))));
}

void write_point(std::byte* to, std::uint32_t value, std::string_view address) noexcept {
    std::memcpy(to, &value, sizeof value);
    std::memcpy(to + offsetof(mcs, ip), address.data(), address.size());
}

}  // namespace

bool is_made_of(const image_header& ring, const server_file_text& text) noexcept {
    return ring.file == text.identity && ring.content == md5(text.content);
}

config_result<std::vector<std::byte>> make_image(const server_file_text& text,
                                                 const std::string& path) {
    auto list = server_list::parse_ketama_file(text.content, path);
    if (!list) return list.error();
    const auto made = topology::build(std::move(list).assume_value(), ring::libketama);
    if (!made) return made.error();
    const topology& all = *made.assume_value();
    const std::span<const ring_point> points = all.ring_points().points();

    image_header header;
    header.mark = image_mark;
    header.modified = text.identity.modified_s;
    header.point_count = static_cast<std::uint32_t>(points.size());
    header.is_settled = text.is_settled ? 1 : 0;
    header.file = text.identity;
    header.content = md5(text.content);

    std::vector<std::byte> image(sizeof header + points.size() * sizeof(mcs));
    std::byte* to = image.data() + sizeof header;
    for (const ring_point& point : points) {
        const std::string& address = all.servers()[point.server].text;
        if (address.size() >= address_room) {
            return config_error(path + ": the address " + address + " is over 23 bytes");
        }
        write_point(to, point.value, address);
        to += sizeof(mcs);
    }
    header.sum = sum_of(header, std::span(image).subspan(sizeof header));
    std::memcpy(image.data(), &header, sizeof header);
    return image;
}

std::optional<image_header> read_header(std::span<const std::byte> image) noexcept {
    image_header header;
    if (image.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, image.data(), sizeof header);
    if (header.mark != image_mark || header.point_count == 0 ||
        image.size() != sizeof header + std::size_t{header.point_count} * sizeof(mcs)) {
        return std::nullopt;
    }
    return header;
}

bool is_intact(std::span<const std::byte> image) noexcept {
    image_header header;
    std::memcpy(&header, image.data(), sizeof header);
    return header.sum == sum_of(header, image.subspan(sizeof header));
}

}  // namespace kmc::detail
