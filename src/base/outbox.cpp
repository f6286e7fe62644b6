#include "base/outbox.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace kmc::detail {

void outbox::reserve(std::size_t bytes, std::size_t values) {
    plain_.reserve(bytes);
    pieces_.reserve(pieces_.size() + values);
}

void outbox::splice(shared_block& value) {
    KMC_ASSERT(!value.bytes().empty());
    pieces_.push_back({.plain = unclaimed_, .value = &value, .sent = 0});
    value.share();
    unclaimed_ = 0;
    size_ += value.bytes().size();
}

std::span<const std::byte> outbox::pending() const noexcept {
    if (first_ == pieces_.size()) return plain_.pending();
    const piece& first = pieces_[first_];
    if (first.plain != 0) return plain_.pending().first(first.plain);
    return as_bytes(first.value->bytes()).subspan(first.sent);
}

void outbox::consume(std::size_t bytes) noexcept {
    KMC_ASSERT(bytes <= size_);
    while (bytes != 0) {
        const std::size_t here = std::min(bytes, pending().size());
        consume_first(here);
        bytes -= here;
    }
}

void outbox::consume_first(std::size_t bytes) noexcept {
    size_ -= bytes;
    if (first_ == pieces_.size()) {
        plain_.consume(bytes);
        unclaimed_ -= bytes;
        return;
    }
    piece& first = pieces_[first_];
    if (first.plain != 0) {
        plain_.consume(bytes);
        first.plain -= bytes;
        return;
    }
    first.sent += bytes;
    if (first.sent != first.value->bytes().size()) return;
    first.value->release();
    if (++first_ != pieces_.size()) return;
    pieces_.clear();
    first_ = 0;
}

void outbox::clear() noexcept {
    for (; first_ != pieces_.size(); ++first_) pieces_[first_].value->release();
    pieces_.clear();
    first_ = 0;
    plain_.clear();
    unclaimed_ = size_ = 0;
}

void outbox::reset(std::size_t capacity) {
    clear();
    plain_.reset(capacity);
}

}  // namespace kmc::detail
