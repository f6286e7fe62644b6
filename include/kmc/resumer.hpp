// kmc::resumer: where the coroutines of threads without a reactor go on.

#pragma once

#include <coroutine>

namespace kmc {

/// The caller's executor, as kmc sees it. A coroutine that awaits a call on a thread of its own
/// resumes on a reactor's thread unless the client handle says otherwise: client::resuming_on()
/// makes a handle whose calls are resumed through one of these. Adapters are a few lines.
class resumer {
public:
    /// Called on a reactor's thread when a call has ended. `next` is a coroutine of kmc's own:
    /// resume it once, soon, on the thread that the waiting coroutines belong to, not in here. It
    /// resumes the one that waits, or nobody, if that one was destroyed on its thread meanwhile.
    virtual void post(std::coroutine_handle<> next) noexcept = 0;

protected:
    ~resumer() = default;
};

}  // namespace kmc
