// Bytes in a few places that are sent as if they stood together. Holds the list of the places,
// never the bytes.

#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <sys/uio.h>

#include "base/assert.hpp"

namespace kmc::detail {

class gathered {
public:
    static constexpr std::size_t places_max = 8;

    gathered() noexcept = default;
    // From one place: the usual case.
    gathered(std::span<const std::byte> only) noexcept { add(only); }

    [[nodiscard]] bool is_full() const noexcept { return count_ == places_max; }
    void add(std::span<const std::byte> bytes) noexcept {
        KMC_ASSERT(!is_full());
        // The kernel's list serves for both directions; here it is only read.
        places_[count_++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
        size_ += bytes.size();
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<const iovec> places() const noexcept {
        return {places_.data(), count_};
    }
    [[nodiscard]] std::span<const std::byte> place(std::size_t i) const noexcept {
        return {static_cast<const std::byte*>(places_[i].iov_base), places_[i].iov_len};
    }

    // What is left when the first `bytes` are gone.
    [[nodiscard]] gathered after(std::size_t bytes) const noexcept {
        gathered rest;
        for (std::size_t i = 0; i < count_; ++i) {
            const std::span<const std::byte> here = place(i);
            if (bytes >= here.size()) {
                bytes -= here.size();
                continue;
            }
            rest.add(here.subspan(bytes));
            bytes = 0;
        }
        return rest;
    }

private:
    std::array<iovec, places_max> places_;  // the first count_
    std::size_t count_ = 0;
    std::size_t size_ = 0;
};

}  // namespace kmc::detail
