// What the compiler tests are made of: a coroutine type with nothing clever in it, and objects that
// are counted by address. Independent of kmc, so that a failure is the compiler's.

#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace kmc::testing::compiler {

// Where the living objects are. A frame into which the compiler copied an object bit by bit
// destroys one at an address where none was made.
struct census {
    std::set<const void*> living;
    int born = 0;
    int strangers = 0;

    bool is_settled() const { return living.empty() && strangers == 0 && born > 0; }
};

class resident {
public:
    resident(census& where, int number) : census_(&where), number_(number) { enter(); }
    resident(const resident& other) : census_(other.census_), number_(other.number_) { enter(); }
    resident(resident&& other) noexcept : census_(other.census_), number_(other.number_) {
        enter();
    }
    resident& operator=(const resident&) = default;
    resident& operator=(resident&&) = default;
    ~resident() {
        if (census_->living.erase(this) == 0) ++census_->strangers;
    }

    int number() const { return number_; }

private:
    void enter() {
        ++census_->born;
        census_->living.insert(this);
    }

    census* census_;
    int number_;
};

// The smallest lazy coroutine: starts when awaited, resumes its caller at its end.
template <class T>
class lazy {
public:
    struct promise_type {
        std::optional<T> result;
        std::exception_ptr problem;
        std::coroutine_handle<> caller = std::noop_coroutine();

        struct finish {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> self) noexcept {
                return self.promise().caller;
            }
            void await_resume() noexcept {}
        };

        lazy get_return_object() {
            return lazy(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        finish final_suspend() noexcept { return {}; }
        template <class U>
        void return_value(U&& value) {
            result.emplace(std::forward<U>(value));
        }
        void unhandled_exception() { problem = std::current_exception(); }
    };

    lazy(lazy&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    lazy& operator=(lazy&&) = delete;
    ~lazy() { destroy(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().caller = caller;
        return handle_;
    }
    T await_resume() {
        if (handle_.promise().problem) std::rethrow_exception(handle_.promise().problem);
        return std::move(*handle_.promise().result);
    }

    void start() { handle_.resume(); }
    bool is_done() const { return handle_.done(); }
    void destroy() {
        if (handle_) std::exchange(handle_, nullptr).destroy();
    }

private:
    explicit lazy(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

// Suspends once; whoever holds the slot goes on with it.
inline std::coroutine_handle<>& paused() {
    static std::coroutine_handle<> handle;
    return handle;
}
struct step_aside {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { paused() = handle; }
    void await_resume() const noexcept {}
};

// Runs to the end, through every pause.
template <class T>
T run(lazy<T> work) {
    work.start();
    while (!work.is_done()) {
        if (!paused()) throw std::logic_error("the coroutine stopped without ending");
        std::exchange(paused(), nullptr).resume();
    }
    return work.await_resume();
}

}  // namespace kmc::testing::compiler
