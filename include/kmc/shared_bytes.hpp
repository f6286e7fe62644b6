// kmc::shared_bytes: a large value that is sent from where it is.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <kmc/value.hpp>

namespace kmc {

namespace detail {

/// Bytes with an owner count. Whoever brings it to zero frees it; any thread.
struct shared_block {
    std::atomic<std::uint32_t> owners{1};
    std::string text;
    value taken;

    [[nodiscard]] std::string_view bytes() const noexcept {
        return text.empty() ? taken.bytes() : std::string_view(text);
    }
    void share() noexcept { owners.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
};

}  // namespace detail

/// Bytes that never change and may have several owners. A store of at least
/// client_options::borrow_bytes given as shared_bytes is not copied: the connection sends from this
/// memory and owns it until the kernel has taken it, even when the caller is gone by then.
/// Copies share the bytes; any thread.
class shared_bytes {
public:
    shared_bytes() noexcept = default;
    /// Takes the string over, without a copy.
    explicit shared_bytes(std::string text) : block_(new detail::shared_block) {
        block_->text = std::move(text);
    }
    /// Takes over what a get brought, without a copy.
    explicit shared_bytes(value taken) : block_(new detail::shared_block) {
        block_->taken = std::move(taken);
    }
    shared_bytes(const shared_bytes& other) noexcept : block_(other.block_) {
        if (block_ != nullptr) block_->share();
    }
    shared_bytes(shared_bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    shared_bytes& operator=(shared_bytes other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~shared_bytes() {
        if (block_ != nullptr) block_->release();
    }

    [[nodiscard]] std::string_view view() const noexcept {
        return block_ == nullptr ? std::string_view() : block_->bytes();
    }

    /// For kmc's own use: one more owner of these bytes.
    [[nodiscard]] static shared_bytes of(detail::shared_block& block) noexcept {
        block.share();
        shared_bytes one;
        one.block_ = &block;
        return one;
    }
    /// For kmc's own use; null when there are no bytes.
    [[nodiscard]] detail::shared_block* block() const noexcept {
        return view().empty() ? nullptr : block_;
    }

private:
    detail::shared_block* block_ = nullptr;
};

}  // namespace kmc
