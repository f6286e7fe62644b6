// The servers of a client at one moment.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <kmc/server_list.hpp>

namespace kmc {

namespace detail {
class client_state;
}

/// In the order of the list, which the ring is made of. Stays as it is when the client gets another
/// list; cheap to copy.
class server_snapshot {
public:
    [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }
    [[nodiscard]] bool empty() const noexcept { return servers_.empty(); }
    [[nodiscard]] const server& operator[](std::size_t place) const noexcept {
        return servers_[place];
    }
    [[nodiscard]] auto begin() const noexcept { return servers_.begin(); }
    [[nodiscard]] auto end() const noexcept { return servers_.end(); }

    /// By which errors, locate() and the calls for one server know it. Its place, unless the list
    /// of the client was changed.
    [[nodiscard]] std::size_t number(std::size_t place) const noexcept {
        return numbers_.empty() ? place : numbers_[place];
    }

private:
    friend class detail::client_state;
    server_snapshot(std::shared_ptr<const void> owner, std::span<const server> servers,
                    std::span<const std::uint16_t> numbers) noexcept
        : owner_(std::move(owner)), servers_(servers), numbers_(numbers) {}

    std::shared_ptr<const void> owner_;
    std::span<const server> servers_;
    std::span<const std::uint16_t> numbers_;
};

}  // namespace kmc
