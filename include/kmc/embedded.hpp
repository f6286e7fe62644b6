// kmc::embedded_runtime: kmc inside an event loop that the program has already. Starts no thread,
// and never waits; kmc/asio.hpp puts it into a Boost.Asio io_context.
//
//     auto rt = kmc::embedded_runtime::open().value();
//     auto mc = kmc::client::open(rt, servers).value();
//     my_loop.when_readable(rt.poll_fd(), [&] { rt.drive().value(); });
//
// From then on every coroutine of this thread may await calls of `mc`, whatever its type is and
// whoever resumed it.

#pragma once

#include <memory>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/runtime.hpp>
#include <kmc/task.hpp>

namespace kmc {

namespace detail {
class embedded_state;
struct embedded_access;
}  // namespace detail

/// One reactor on the thread of somebody else's loop.
///
/// Threads: open() makes it the calling thread's; a thread has at most one, and a reactor thread of
/// a runtime none. Everything but spawn() and info() is for that thread alone, the destructor too.
/// A call of a client opened on it is awaited on that thread, inside of drive() or outside, and
/// resumes inside of drive().
/// Lifetime: outlives the clients opened on it. The destructor ends calls under way with
/// client_closed, lets the coroutines that hear of it run, and destroys the spawned ones that are
/// still suspended; it waits for the kernel, a second at most. Not to be destroyed by a coroutine
/// that drive() is running.
class embedded_runtime {
public:
    /// @param options  threads has to be 1: the caller's.
    [[nodiscard]] static config_result<embedded_runtime> open(const runtime_options& options = {});

    embedded_runtime(embedded_runtime&&) noexcept;
    embedded_runtime& operator=(embedded_runtime&&) noexcept;
    ~embedded_runtime();

    /// Readable when drive() has something to do: a server answered, a deadline is due, a call was
    /// made outside of drive(), another thread spawned a task. The same all the time; only to be
    /// waited on, level or edge triggered, with epoll, poll or select. May be readable for nothing,
    /// and the kernel may interrupt a wait (EINTR) when an earlier runtime of the thread has ended.
    [[nodiscard]] int poll_fd() const noexcept;

    /// Does what there is to do and returns without ever waiting for anything. Bounded: when a lot
    /// is there, it leaves the rest for another round of the loop, and poll_fd() stays readable (or
    /// becomes it again, for edges). Does nothing when called from inside of itself.
    /// @return  wrong_thread on any other thread. Throws std::system_error when the kernel refuses
    ///          the ring from now on.
    result<void> drive();

    /// Starts a task in the next drive(), without waiting for it. Any thread. An exception that
    /// leaves the task ends the process.
    void spawn(task<void> work);

    /// Any thread.
    [[nodiscard]] const runtime_info& info() const noexcept;

private:
    explicit embedded_runtime(std::unique_ptr<detail::embedded_state> state) noexcept;

    friend struct detail::embedded_access;

    std::unique_ptr<detail::embedded_state> state_;
};

}  // namespace kmc
