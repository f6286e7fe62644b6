// kmc::resumer: where the coroutines of threads without a reactor go on.

#pragma once

#include <coroutine>

namespace kmc {

/// The caller's executor, as kmc sees it. A coroutine that awaits a call on a thread of its own
/// resumes on a reactor's thread unless the client handle says otherwise: client::resuming_on()
/// makes a handle whose calls are resumed through one of these. Adapters are a few lines.
class resumer {
public:
    /// Called on a reactor's thread when the call has ended; resume the coroutine soon, on the
    /// thread of your choice, not in here. Once it was posted, the coroutine may not be destroyed
    /// before it was resumed.
    virtual void post(std::coroutine_handle<> waiting) noexcept = 0;

protected:
    ~resumer() = default;
};

}  // namespace kmc
