// kmc::task<T>: a small lazy coroutine, for people who have no coroutine type of their own.
//
// kmc's calls can be awaited from any coroutine type; task is what runtime::spawn and block_on
// take, and what the examples use. A task starts when it is awaited, once, as an rvalue, and
// resumes its parent when it ends. Its frame comes from a recycling pool.
//
// Stack: awaiting a million tasks in a row, each of which ends without suspending, uses constant
// stack with every supported compiler, at every optimisation level, under every sanitizer. g++
// before its -O2 makes no tail calls, so with g++ parent and child meet in an atomic handshake
// instead of transferring symmetrically: the second to arrive continues the parent. The two forms
// differ in layout and therefore live in different inline namespaces: mixing them does not link.
//
// Exceptions that leave the coroutine are rethrown where it is awaited.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <kmc/detail/block_pool.hpp>

#if defined(__clang__)
#define KMC_TASK_FORM task_transfer
#else
#define KMC_TASK_FORM task_handshake
#endif

namespace kmc {

inline namespace KMC_TASK_FORM {
template <class T = void>
class task;
}

namespace detail {
inline namespace KMC_TASK_FORM {

class task_promise_base {
public:
    static void* operator new(std::size_t size) { return kmc::detail::take_block(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
        kmc::detail::return_block(frame, size);
    }

    std::suspend_always initial_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

#if defined(__clang__)
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            return self.promise().parent_;
        }
        void await_resume() noexcept {}
    };

    std::coroutine_handle<> start(std::coroutine_handle<> self,
                                  std::coroutine_handle<> parent) noexcept {
        parent_ = parent;
        return self;
    }
#else
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> self) noexcept {
            task_promise_base& promise = self.promise();
            // After the exchange the frame may be gone: the parent is read before.
            const std::coroutine_handle<> parent = promise.parent_;
            if (promise.met_.exchange(true, std::memory_order_acq_rel)) parent.resume();
        }
        void await_resume() noexcept {}
    };

    // True: the task is still running; its end will resume the parent.
    bool start(std::coroutine_handle<> self, std::coroutine_handle<> parent) noexcept {
        parent_ = parent;
        self.resume();
        return !met_.exchange(true, std::memory_order_acq_rel);
    }
#endif
    final_awaiter final_suspend() noexcept {
        return {};
    }

protected:
    void rethrow_if_failed() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    std::coroutine_handle<> parent_;
    std::exception_ptr exception_;
#if !defined(__clang__)
    std::atomic<bool> met_{false};
#endif
};

template <class T>
class task_promise final : public task_promise_base {
public:
    task<T> get_return_object() noexcept;

    template <class U>
    void return_value(U&& v) {
        value_.emplace(std::forward<U>(v));
    }

    T take() {
        rethrow_if_failed();
        return std::move(*value_);
    }

private:
    std::optional<T> value_;
};

template <>
class task_promise<void> final : public task_promise_base {
public:
    task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() const { rethrow_if_failed(); }
};

}  // namespace KMC_TASK_FORM
}  // namespace detail

inline namespace KMC_TASK_FORM {

template <class T>
class [[nodiscard]] task {
    static_assert(!std::is_reference_v<T>, "return a pointer or a std::reference_wrapper");

public:
    using promise_type = detail::task_promise<T>;

    task(task&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        task(std::move(other)).swap(*this);
        return *this;
    }
    /// Destroys the coroutine wherever it is suspended; calls under way are given up.
    ~task() {
        if (self_) self_.destroy();
    }

    void swap(task& other) noexcept { std::swap(self_, other.self_); }

    class awaiter {
    public:
        explicit awaiter(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}
        bool await_ready() const noexcept { return false; }
        auto await_suspend(std::coroutine_handle<> parent) noexcept {
            return self_.promise().start(self_, parent);
        }
        T await_resume() { return self_.promise().take(); }

    private:
        std::coroutine_handle<promise_type> self_;
    };

    /// The task must outlive the await, which it does as a temporary or a named variable.
    awaiter operator co_await() && noexcept { return awaiter(self_); }

private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}

    std::coroutine_handle<promise_type> self_;
};

}  // namespace KMC_TASK_FORM

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> detail::task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

}  // namespace kmc

#undef KMC_TASK_FORM
