// What a batch call returns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <kmc/result.hpp>
#include <kmc/time.hpp>
#include <kmc/value.hpp>

namespace kmc {

/// What a batch did over one connection, which is one entry per server unless there are lanes. Keys
/// that went to a stand-in after all have an entry of that server as well.
/// Times are of the reactor's monotonic clock; zero for what did not happen.
struct server_trace {
    std::size_t server = 0;       ///< Its number: client::server_at().
    std::size_t keys = 0;         ///< Requests for it; a key that is asked for twice is one.
    std::uint64_t bytes_out = 0;  ///< Of the keys and values that were sent, without frame heads.
    std::uint64_t bytes_in = 0;   ///< Of the values that came, likewise.
    time_point queued{};          ///< The batch began, or the keys went to a stand-in.
    time_point first_out{};       ///< The first request was handed to the kernel.
    time_point first_in{};        ///< The first answer came.
    time_point last_in{};         ///< The last answer so far came.
};

namespace detail {

class batch;
template <class Answer>
class batch_of;

/// Owns the batch whose memory a reply shows.
class batch_owner {
public:
    batch_owner() noexcept = default;
    explicit batch_owner(batch* owned) noexcept : batch_(owned) {}
    batch_owner(batch_owner&& other) noexcept : batch_(other.release()) {}
    batch_owner& operator=(batch_owner&& other) noexcept {
        std::swap(batch_, other.batch_);
        return *this;
    }
    ~batch_owner();

    [[nodiscard]] batch* release() noexcept { return std::exchange(batch_, nullptr); }
    [[nodiscard]] std::span<const server_trace> trace() const noexcept;

private:
    batch* batch_ = nullptr;
};

}  // namespace detail

/// How a batch went, counted once per entry, duplicates included. A hit is a value that was there,
/// or a key that was touched or removed; a miss is a key that was not there.
template <class Answer>
struct batch_totals {
    std::size_t hits = 0;
    std::size_t misses = 0;
    std::size_t errors = 0;

    void count(const result<Answer>& r) noexcept {
        if (!r) {
            ++errors;
        } else if (r.assume_value()) {
            ++hits;
        } else {
            ++misses;
        }
    }
};

/// The answers of a batch: reply[i] belongs to keys[i], or to entry i of a write_batch. Owns the
/// values; the views in it die with it, or with the call it is handed to for reuse. Movable; one
/// thread at a time.
template <class Answer>
class batch_reply {
public:
    using totals = batch_totals<Answer>;

    /// Empty; good for being handed to a batch call.
    batch_reply() noexcept = default;
    batch_reply(batch_reply&& other) noexcept
        : owner_(std::move(other.owner_)), results_(std::exchange(other.results_, {})) {}
    batch_reply& operator=(batch_reply&& other) noexcept {
        batch_reply moved(std::move(other));
        std::swap(owner_, moved.owner_);
        std::swap(results_, moved.results_);
        return *this;
    }
    ~batch_reply() = default;

    [[nodiscard]] std::size_t size() const noexcept { return results_.size(); }
    [[nodiscard]] const result<Answer>& operator[](std::size_t i) const noexcept {
        return results_[i];
    }
    [[nodiscard]] auto begin() const noexcept { return results_.begin(); }
    [[nodiscard]] auto end() const noexcept { return results_.end(); }

    [[nodiscard]] totals summary() const noexcept {
        totals t;
        for (const result<Answer>& r : results_) t.count(r);
        return t;
    }

    /// Where the time went, one entry per connection that the batch used. Dies with the reply.
    [[nodiscard]] std::span<const server_trace> trace() const noexcept { return owner_.trace(); }

private:
    friend class detail::batch_of<Answer>;

    batch_reply(detail::batch_owner owner, std::span<const result<Answer>> results) noexcept
        : owner_(std::move(owner)), results_(results) {}

    detail::batch_owner owner_;
    std::span<const result<Answer>> results_;
};

/// The outcome of one key of get_many and gat_many: a hit, nullopt for a miss, or the reason why
/// there is no answer for it.
using get_result = result<std::optional<value_view>>;

using many_reply = batch_reply<std::optional<value_view>>;  ///< get_many, gat_many
using yes_no_reply = batch_reply<bool>;                     ///< touch_many, del_many

}  // namespace kmc
