#include "chaos/frame_reader.hpp"

#include <algorithm>

#include "chaos/frame.hpp"

namespace kmc::chaos {

void frame_reader::feed(std::string_view bytes) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    buffer_ += bytes;
}

unit frame_reader::taken(std::size_t size, bool is_frame) noexcept {
    const std::string_view bytes = std::string_view(buffer_).substr(begin_, size);
    begin_ += size;
    return {.is_frame = is_frame, .bytes = bytes};
}

std::optional<unit> frame_reader::next() {
    const std::string_view rest = std::string_view(buffer_).substr(begin_);
    if (rest.empty()) return std::nullopt;
    if (!is_binary_) return taken(rest.size(), false);
    if (unframed_ > 0) {
        const std::size_t size = std::min<std::uint64_t>(unframed_, rest.size());
        unframed_ -= size;
        return taken(size, false);
    }

    is_binary_ = static_cast<unsigned char>(rest.front()) == magic_;
    if (is_binary_ && rest.size() < header_size) return std::nullopt;
    if (is_binary_) {
        const std::uint64_t body = read(rest, fields::length);
        is_binary_ = read(rest, fields::key_length) + read(rest, fields::extras_length) <= body;
        if (is_binary_ && header_size + body > frame_max_) {
            unframed_ = header_size + body;
            return next();
        }
        if (is_binary_ && header_size + body > rest.size()) return std::nullopt;
        if (is_binary_) return taken(header_size + body, true);
    }
    return taken(rest.size(), false);
}

std::string frame_reader::take_rest() {
    std::string rest = buffer_.substr(begin_);
    buffer_.clear();
    begin_ = 0;
    return rest;
}

}  // namespace kmc::chaos
