// kmc::runtime: the reactor threads that every client runs on.

#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/task.hpp>

namespace kmc {

namespace detail {

class runtime_state;
struct runtime_access;

/// Where a thread waits for a coroutine on another one.
class rendezvous {
public:
    rendezvous();
    rendezvous(const rendezvous&) = delete;
    rendezvous& operator=(const rendezvous&) = delete;
    ~rendezvous();

    void wait();
    /// The waiting thread may destroy this object as soon as it is called.
    void arrive() noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// What block_on's coroutine leaves for the thread that waits.
template <class T>
struct outcome_slot : rendezvous {
    std::optional<T> value;
    std::exception_ptr failure;
};
template <>
struct outcome_slot<void> : rendezvous {
    std::exception_ptr failure;
};

}  // namespace detail

/// Which engine the reactors run on, and why.
struct runtime_info {
    std::string backend;     ///< "io_uring" or "epoll".
    bool fell_back = false;  ///< The first choice was refused.
    std::string reason;      ///< One line, with errno and what to change if it fell back.
    unsigned threads = 1;
};

/// N reactor threads, each with its own engine, timers and connections. A coroutine stays on the
/// reactor that started it.
///
/// Threads: every member may be called from any thread; block_on not from a reactor's.
/// Lifetime: outlives the clients opened on it. The destructor ends calls under way with
/// client_closed, lets the coroutines that hear of it run, destroys those still suspended, and
/// joins the threads.
class runtime {
public:
    /// Throws std::system_error when open() would fail.
    explicit runtime(const runtime_options& options = {});

    /// Sets up the threads and engines. Fails when no engine may be used, or, with
    /// options.require, when the first choice is refused.
    [[nodiscard]] static config_result<runtime> open(const runtime_options& options = {});

    runtime(runtime&&) noexcept;
    runtime& operator=(runtime&&) noexcept;
    ~runtime();

    [[nodiscard]] const runtime_info& info() const noexcept;

    /// Runs a task on a reactor (in turn, when there are several) without waiting for it. An
    /// exception that leaves the task ends the process, as it would end a thread.
    void spawn(task<void> work);

    /// Runs a task on a reactor and waits until it has ended and its frame is destroyed.
    /// @return  what the task returned; its exception is rethrown here.
    template <class T>
    T block_on(task<T> work) {
        detail::outcome_slot<T> slot;
        spawn(run_into(std::move(work), slot));
        slot.wait();
        if (slot.failure) std::rethrow_exception(slot.failure);
        if constexpr (!std::is_void_v<T>) return std::move(*slot.value);
    }

private:
    template <class T>
    static task<void> run_into(task<T> work, detail::outcome_slot<T>& slot) {
        try {
            // Gone, with its arguments and its exception, before the waiting thread goes on.
            task<T> mine = std::move(work);
            if constexpr (std::is_void_v<T>) {
                co_await std::move(mine);
            } else {
                slot.value.emplace(co_await std::move(mine));
            }
        } catch (...) {
            slot.failure = std::current_exception();
        }
        slot.arrive();
    }

    explicit runtime(std::unique_ptr<detail::runtime_state> state) noexcept;

    friend class client;
    friend struct detail::runtime_access;

    std::unique_ptr<detail::runtime_state> state_;
};

}  // namespace kmc
