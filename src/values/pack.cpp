// Between codecs and the wire: flags in, flags out, and compression.

#include <array>
#include <limits>

#include <kmc/codec.hpp>

#include "base/bytes.hpp"
#include "values/flags.hpp"
#include "values/zlib.hpp"

namespace kmc {
namespace {

constexpr std::size_t size_prefix = 4;

void append_size(std::string& to, std::size_t size) {
    for (std::size_t i = 0; i < size_prefix; ++i) to += static_cast<char>(size >> (8 * i) & 0xff);
}

std::size_t size_at(std::string_view prefix) noexcept {
    std::size_t size = 0;
    for (std::size_t i = 0; i < size_prefix; ++i) {
        size |= static_cast<std::size_t>(static_cast<unsigned char>(prefix[i])) << (8 * i);
    }
    return size;
}

// Empty when that would not be smaller.
std::string compressed(std::string_view plain, detail::packing how) {
    std::string to;
    if (how == detail::packing::sized_zlib) append_size(to, plain.size());
    if (plain.size() <= to.size() + 1) return {};
    if (!detail::deflate_onto(to, plain, plain.size() - to.size() - 1)) return {};
    return to;
}

bool inflate(std::string_view stored, detail::packing how, std::size_t size_max,
             std::string& plain) {
    if (how != detail::packing::sized_zlib) {
        return detail::inflate_whole(stored, size_max, plain);
    }
    if (stored.size() < size_prefix) return false;
    const std::size_t size = size_at(stored);
    if (size > size_max) return false;
    return detail::inflate_whole(stored.substr(size_prefix), size, plain) && plain.size() == size;
}

}  // namespace

void encoding::copy(std::string_view bytes, value_kind kind) {
    if (bytes.size() > small_.size()) {
        adopt(std::string(bytes), kind);
        return;
    }
    detail::copy_bytes(small_.data(), bytes.data(), bytes.size());
    fill({small_.data(), bytes.size()}, kind);
}

void encoding::adopt(std::string bytes, value_kind kind) {
    owned_ = std::move(bytes);
    fill(owned_, kind);
}

bool encoding::pack(const value_options& options, std::uint32_t application_flags) {
    if (!filled_) return false;
    bool is_compressed = false;
    const bool may_be =
        kind_ == value_kind::bytes || kind_ == value_kind::text || kind_ == value_kind::json;
    if (may_be && options.compress_from != 0 && bytes_.size() >= options.compress_from &&
        bytes_.size() <= std::numeric_limits<std::uint32_t>::max()) {
        std::string smaller = compressed(bytes_, detail::zlib_packing(dialect_));
        is_compressed = !smaller.empty();
        if (is_compressed) adopt(std::move(smaller), kind_);
    }
    const auto flags =
        detail::write_flags(dialect_, kind_, is_compressed, flags_ | application_flags);
    if (!flags) return false;
    flags_ = *flags;
    return true;
}

namespace detail {

unpacked::unpacked(const value_view& stored, const value_options& options)
    : plain_{.bytes = stored.bytes(),
             .dialect = options.dialect,
             .flags = stored.flags,
             .token = stored.token} {
    const meaning m = read_flags(options.dialect, stored.flags);
    const auto kind = kind_of(m.what);
    const bool is_zlib = m.how == packing::zlib_stream || m.how == packing::sized_zlib;
    if (!kind || (m.how != packing::none && !(is_zlib && has_zlib()))) {
        failure_ = plain_.foreign();
        return;
    }
    plain_.kind = *kind;
    if (!is_zlib) return;
    if (!inflate(stored.bytes(), m.how, options.inflated_size_max, inflated_)) {
        failure_ = plain_.bad();
        return;
    }
    plain_.bytes = inflated_;
}

}  // namespace detail

}  // namespace kmc
