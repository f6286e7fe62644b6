// kmc::cancel_scope: one cancel() for many calls of one reactor.

#pragma once

#include <kmc/detail/intrusive_list.hpp>

namespace kmc {

namespace detail {

/// How a scope reaches one of its calls.
struct cancel_hook : list_hook {
    void (*cancel)(cancel_hook&) noexcept = nullptr;
};

}  // namespace detail

/// Calls that are cancelled together: each is told `.scope = &scope` in its options. Costs a list
/// insertion per call, no lock and no allocation.
///
/// A cancelled call ends with errc::cancelled; error::maybe_executed says whether it may have
/// reached the server. Its coroutine resumes in the next turn, never inside cancel().
///
/// Threads: the scope, its calls and cancel() belong to one reactor's thread. For any other thread
/// there is `.stop`; a call that is awaited elsewhere with a scope ends with errc::wrong_thread.
/// Lifetime: outlives the awaits of its calls.
class cancel_scope {
public:
    cancel_scope() noexcept = default;
    cancel_scope(const cancel_scope&) = delete;
    cancel_scope& operator=(const cancel_scope&) = delete;

    /// Cancels the calls under way, and from now on every call that names this scope.
    void cancel() noexcept {
        cancelled_ = true;
        while (!members_.empty()) {
            detail::cancel_hook& one = members_.pop_front();
            one.cancel(one);
        }
    }

    [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }

    /// Used by calls: puts one of them in. Not when is_cancelled().
    void enter(detail::cancel_hook& one) noexcept { members_.push_back(one); }

private:
    detail::intrusive_list<detail::cancel_hook> members_;
    bool cancelled_ = false;
};

}  // namespace kmc
