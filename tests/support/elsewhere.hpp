// A coroutine on a thread without a reactor: starts where it is called, suspends for whatever it
// awaits, and is destroyed with its handle, wherever it is.

#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include <kmc/task.hpp>

namespace kmc::testing {

class elsewhere {
public:
    struct promise_type {
        elsewhere get_return_object() {
            return elsewhere(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };

    elsewhere(elsewhere&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    elsewhere& operator=(elsewhere&&) = delete;
    ~elsewhere() {
        if (self_) self_.destroy();
    }

    [[nodiscard]] bool done() const noexcept { return self_.done(); }

private:
    explicit elsewhere(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}

    std::coroutine_handle<promise_type> self_;
};

[[nodiscard]] inline elsewhere await_here(task<void> work) {
    co_await std::move(work);
}

}  // namespace kmc::testing
