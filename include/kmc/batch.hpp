// What a batch call returns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <kmc/result.hpp>
#include <kmc/value.hpp>

namespace kmc {

namespace detail {
class batch;
}

/// The outcome of one key of a batch: a hit, nullopt for a miss, or the reason why there is no
/// answer for it.
using get_result = result<std::optional<value_view>>;

/// The answers of get_many: reply[i] belongs to keys[i]. Owns the values; the views in it die with
/// it, or with the call it is handed to for reuse. Movable; one thread at a time.
class many_reply {
public:
    /// Empty; good for being handed to get_many.
    many_reply() noexcept = default;
    many_reply(many_reply&& other) noexcept;
    many_reply& operator=(many_reply&& other) noexcept;
    ~many_reply();

    [[nodiscard]] std::size_t size() const noexcept { return results_.size(); }
    [[nodiscard]] const get_result& operator[](std::size_t i) const noexcept { return results_[i]; }
    [[nodiscard]] auto begin() const noexcept { return results_.begin(); }
    [[nodiscard]] auto end() const noexcept { return results_.end(); }

    /// How the batch went, counted once per key, duplicates included.
    struct totals {
        std::size_t hits = 0;
        std::size_t misses = 0;
        std::size_t errors = 0;
    };
    [[nodiscard]] totals summary() const noexcept;

private:
    friend class detail::batch;

    detail::batch* batch_ = nullptr;
    std::span<const get_result> results_;
};

}  // namespace kmc
