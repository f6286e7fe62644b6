// kmc::value_stream: many keys, read one after the other as the servers answer.

#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kmc/detail/call_spec.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/value.hpp>

namespace kmc {

/// One answer of a stream.
struct stream_entry {
    std::size_t index = 0;   ///< Of the key, in the order of stream_many's keys.
    std::string_view key{};  ///< The stream's copy; dies with the stream.
    /// As of get.
    result<std::optional<value>> answer{error{}};
};

/// What a stream may say for itself.
struct stream_options {
    /// Keys that were asked for, and answers that came, without having been read: at most so many
    /// are there at a time. Bounds the stream's memory for values; a reader that is slow, or stops,
    /// stops the asking, and nobody else. Zero counts as one.
    std::size_t max_unread = 1024;
    /// Of the whole stream, from the first next() on; otherwise as in call_options, and the same
    /// for the rest.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
    std::string_view group{};
    bool large = false;
};
static_assert(std::is_trivially_destructible_v<stream_options>);

namespace detail {

class stream;

/// Waits for the next entry of a stream.
class next_awaiter {
public:
    explicit next_awaiter(stream* from) noexcept : from_(from) {}
    next_awaiter(const next_awaiter&) = delete;
    next_awaiter& operator=(const next_awaiter&) = delete;
    ~next_awaiter();

    [[nodiscard]] bool await_ready() const noexcept;
    /// False when there is an entry after all. Throws std::bad_alloc.
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting);
    /// Throws std::bad_alloc.
    [[nodiscard]] std::optional<stream_entry> await_resume();

private:
    stream* from_;
    bool is_waiting_ = false;
};

struct stream_deleter {
    void operator()(stream* s) const noexcept;
};

}  // namespace detail

/// The answers of client::stream_many, in the order in which they come:
/// `while (auto entry = co_await stream.next()) { ... }`.
///
/// Every key has exactly one entry, be it an error; a key that stands there twice is asked for
/// twice. Destroying the stream early gives the rest up; what was sent is answered and forgotten.
/// Threads: all of its life on the thread where next() was first awaited, if that is a reactor's.
/// Awaited elsewhere, the stream reads chunk by chunk, and goes on wherever its coroutine does.
/// Lifetime: keeps its client open. `.stop` and `.scope` outlive it.
class value_stream {
public:
    value_stream(value_stream&&) noexcept = default;
    value_stream& operator=(value_stream&&) noexcept = default;

    /// The next entry, or nullopt when every key had one. One await at a time.
    [[nodiscard]] detail::next_awaiter next() noexcept {
        return detail::next_awaiter(stream_.get());
    }

private:
    friend class client;

    value_stream(const detail::caller& who, std::span<const std::string_view> keys,
                 const stream_options& options);

    std::unique_ptr<detail::stream, detail::stream_deleter> stream_;
};

}  // namespace kmc
