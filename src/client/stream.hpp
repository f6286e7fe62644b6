// A stream of answers under way. Two ways to one: on a reactor, chunks of keys per connection whose
// answers are queued as they come; anywhere else, one batch after the other.

#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <kmc/detail/call_spec.hpp>
#include <kmc/stream.hpp>

#include "base/arena.hpp"

namespace kmc::detail {

class client_state;

// Where the entries of a stream come from.
class stream_source {
public:
    virtual ~stream_source() = default;

    // True when take() has something to say: an entry, or that there are no more.
    [[nodiscard]] virtual bool is_ready() const noexcept = 0;
    // Resumes `waiting` when is_ready(). False: it is, at once. May throw std::bad_alloc.
    [[nodiscard]] virtual bool wait(std::coroutine_handle<> waiting) = 0;
    // The waiter went.
    virtual void stop_waiting() noexcept = 0;
    // Only when is_ready(), or when the waiter was resumed. May throw std::bad_alloc.
    [[nodiscard]] virtual std::optional<stream_entry> take() = 0;
};

// What is asked, in the stream's own memory.
struct stream_question {
    caller who;
    std::shared_ptr<client_state> client;
    arena memory;
    std::span<const std::string_view> wire_keys;  // with the prefix; empty for bad ones
    std::span<const std::string_view> keys;       // as the caller gave them
    stream_options options;
};

class stream {
public:
    stream(const caller& who, std::span<const std::string_view> keys,
           const stream_options& options);

    // Made by the first wait, which tells the thread.
    [[nodiscard]] bool is_ready() const noexcept { return source_ && source_->is_ready(); }
    [[nodiscard]] bool wait(std::coroutine_handle<> waiting);
    void stop_waiting() noexcept {
        if (source_) source_->stop_waiting();
    }
    [[nodiscard]] std::optional<stream_entry> take() { return source_->take(); }

private:
    stream_question question_;
    std::unique_ptr<stream_source> source_;
};

}  // namespace kmc::detail
