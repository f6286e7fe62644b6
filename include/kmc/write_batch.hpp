// kmc::write_batch: any mix of writes, sent together; and what becomes of them.

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kmc/batch.hpp>
#include <kmc/detail/request.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/time.hpp>
#include <kmc/value.hpp>

namespace kmc {

/// What became of one entry of a write_batch.
enum class write_outcome : std::uint8_t {
    done,    ///< Stored, removed, touched, counted.
    absent,  ///< Nothing was there; of add: something was. For append and prepend also: the sum
             ///< would be over the server's limit.
    exists,  ///< Of cas and del with a token: somebody else changed the item.
};

/// The answer to one entry. With ack::failures the server is silent about success, so that token
/// and number are known only where it happened to speak.
struct write_answer {
    write_outcome outcome = write_outcome::done;
    std::optional<cas_token> token{};       ///< The new one, of a store, a count or a touch.
    std::optional<std::uint64_t> number{};  ///< What incr or decr made of the counter.
};

/// How a write went, counted once per entry.
template <>
struct batch_totals<write_answer> {
    std::size_t done = 0;
    std::size_t absent = 0;
    std::size_t exists = 0;
    std::size_t errors = 0;

    void count(const result<write_answer>& r) noexcept {
        if (!r) {
            ++errors;
        } else if (r.assume_value().outcome == write_outcome::done) {
            ++done;
        } else if (r.assume_value().outcome == write_outcome::absent) {
            ++absent;
        } else {
            ++exists;
        }
    }
};

using write_reply = batch_reply<write_answer>;

/// What the servers answer to.
enum class ack : std::uint8_t {
    failures,  ///< Only to what did not succeed, and once at the end: cheap, and no less certain.
    all,       ///< To every entry: with tokens and numbers.
};

/// What a write may say for itself.
struct write_options {
    kmc::ack ack = kmc::ack::failures;
    /// The rest as in call_options.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
    std::string_view group{};
};

/// What a store of a batch may say for itself.
struct item_options {
    expiry ttl = never;
    std::uint32_t flags = 0;
};

/// What incr and decr of a batch may say for themselves, as in counter_options.
struct count_options {
    std::optional<std::uint64_t> initial{};
    expiry ttl = never;
};

static_assert(std::is_trivially_destructible_v<write_options> &&
              std::is_trivially_destructible_v<item_options> &&
              std::is_trivially_destructible_v<count_options>);

/// Bytes that a batch does not copy: see borrow().
struct borrowed {
    std::string_view bytes;
};

/// A value for a write_batch that stays where it is: it must live, unchanged, until the batch was
/// written for the last time, or cleared.
[[nodiscard]] constexpr borrowed borrow(std::string_view bytes) noexcept {
    return {bytes};
}

/// The value of a store: text that is copied, or borrow(text).
class write_value {
public:
    template <class Text>
    requires std::convertible_to<const Text&, std::string_view> write_value(const Text& copied)
    noexcept : bytes_(copied) {}  // NOLINT: meant to convert
    write_value(borrowed lent) noexcept : bytes_(lent.bytes), is_borrowed_(true) {}

    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool is_borrowed() const noexcept { return is_borrowed_; }

private:
    std::string_view bytes_;
    bool is_borrowed_ = false;
};

namespace detail {

/// One write, before it is known where its bytes will be.
struct write_entry {
    request what;            ///< Without key and value pointers, expiry and is_loud.
    std::size_t key_at = 0;  ///< In the batch's memory.
    std::size_t value_at = 0;
    const char* borrowed_value = nullptr;
    counter_step step;
    expiry ttl;
    bool has_ttl = false;
    bool needs_token = false;
};

}  // namespace detail

/// Writes to be sent together: filled in any order and mix, then `co_await mc.write(batch)`, as
/// often as wanted. Keys and values are copied into memory of its own, which clear() keeps: filling
/// and writing batches of about the same size in a loop allocates nothing.
///
/// Entries on one key are executed in the order they were added; nothing is said about the order
/// of different keys. Nothing is atomic: some entries may succeed where others fail. A key that is
/// bad, a value that is too large, and a token of 0 end their own entry, unsent, with bad_key,
/// too_large and no_cas; the others go.
///
/// Every function returns the entry's place: answers have the same. Each may throw std::bad_alloc.
/// Not changed while it is being written. One thread at a time.
class write_batch {
public:
    /// Store whatever is there, only if nothing is, only if something is.
    std::size_t set(std::string_view key, write_value value, const item_options& options = {});
    std::size_t add(std::string_view key, write_value value, const item_options& options = {});
    std::size_t replace(std::string_view key, write_value value, const item_options& options = {});
    /// Put bytes behind or before a value; flags and time to live stay.
    std::size_t append(std::string_view key, write_value value);
    std::size_t prepend(std::string_view key, write_value value);
    /// Stores only if `token` is still current.
    std::size_t cas(std::string_view key, write_value value, cas_token token,
                    const item_options& options = {});
    /// Removes an item; with a token, only if that is still current.
    std::size_t del(std::string_view key);
    std::size_t del(std::string_view key, cas_token token);
    /// Adds to a counter or subtracts from it, as client::incr and decr.
    std::size_t incr(std::string_view key, std::uint64_t delta = 1,
                     const count_options& options = {});
    std::size_t decr(std::string_view key, std::uint64_t delta = 1,
                     const count_options& options = {});
    /// Gives an item a new time to live.
    std::size_t touch(std::string_view key, expiry ttl);

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Forgets the entries and keeps the memory.
    void clear() noexcept;

private:
    friend class detail::batch;

    detail::write_entry& put(detail::command what, std::string_view key);
    std::size_t store(detail::command what, std::string_view key, const write_value& value,
                      const item_options* options, std::optional<cas_token> token);
    std::size_t count(detail::command what, std::string_view key, std::uint64_t delta,
                      const count_options& options);

    std::string bytes_;
    std::vector<detail::write_entry> entries_;
};

}  // namespace kmc
