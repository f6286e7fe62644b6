// The coroutine at the root of every spawned task: starts it on a reactor, and belongs to that
// reactor's root_list until it ends, so that what is still suspended at the end can be destroyed
// on the right thread.

#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include <kmc/detail/block_pool.hpp>
#include <kmc/detail/intrusive_list.hpp>
#include <kmc/task.hpp>

#include "loop/mailbox.hpp"

namespace kmc::detail {

class root_list;

class root_task {
public:
    // The promise is the letter that starts it and the hook by which its reactor knows it.
    class promise_type : public letter, public list_hook {
    public:
        static void* operator new(std::size_t size) { return take_block(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            return_block(frame, size);
        }

        root_task get_return_object() noexcept { return root_task(*this); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }  // the frame frees itself
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

        root_list* home = nullptr;
    };

    // Suspended at its beginning. Post it to the reactor that `home` belongs to.
    [[nodiscard]] static letter& prepare(task<void> work, root_list& home) {
        promise_type& promise = *run(std::move(work)).promise_;
        promise.home = &home;
        promise.open = &root_task::start;
        return promise;
    }

private:
    explicit root_task(promise_type& p) noexcept : promise_(&p) {}

    static root_task run(task<void> work) { co_await std::move(work); }
    static void start(letter& l) noexcept;

    promise_type* promise_;
};

// The root tasks of one reactor. Its thread only.
class root_list {
public:
    root_list() = default;
    root_list(const root_list&) = delete;
    root_list& operator=(const root_list&) = delete;
    ~root_list() { close(); }

    // Destroys what has not ended, and from now on everything that is still to start.
    void close() noexcept {
        closed_ = true;
        while (!roots_.empty()) {
            std::coroutine_handle<root_task::promise_type>::from_promise(roots_.front()).destroy();
        }
    }

private:
    friend class root_task;

    intrusive_list<root_task::promise_type> roots_;
    bool closed_ = false;
};

inline void root_task::start(letter& l) noexcept {
    auto& promise = static_cast<promise_type&>(l);
    const auto self = std::coroutine_handle<promise_type>::from_promise(promise);
    if (promise.home->closed_) return self.destroy();
    promise.home->roots_.push_back(promise);
    self.resume();
}

}  // namespace kmc::detail
