// kmc beside Boost.Asio 1.74 or later: any call of a client as an Asio asynchronous operation, and
// a driver that runs an embedded_runtime inside an io_context. Optional: no other header of kmc
// includes this one, and it needs nothing but Asio's headers.
//
//     boost::asio::io_context io(1);
//     auto rt = kmc::embedded_runtime::open().value();
//     kmc::asio::driver driver(io, rt);
//     ...
//     auto v = co_await kmc::asio::async(mc.get("k"), boost::asio::use_awaitable);
//
// No lambda with captures and no aggregate with a destructor stands in an await expression here:
// g++ 12 destroys those twice (docs/gcc12.md).

#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <kmc/detail/detached.hpp>
#include <kmc/embedded.hpp>

namespace kmc::asio {

namespace detail {

/// What `co_await std::move(op)` gives.
template <class Op>
using outcome_of = decltype(std::declval<Op>().operator co_await().await_resume());

template <class T>
struct signature_for {
    using type = void(T);
};
template <>
struct signature_for<void> {
    using type = void();
};

/// A handler with its result, on its way through an executor.
template <class Handler, class T>
class completion {
public:
    completion(Handler&& handler, T&& value)
        : handler_(std::move(handler)), value_(std::move(value)) {}
    void operator()() { std::move(handler_)(std::move(value_)); }

private:
    Handler handler_;
    T value_;
};
template <class Handler>
class completion<Handler, void> {
public:
    explicit completion(Handler&& handler) : handler_(std::move(handler)) {}
    void operator()() { std::move(handler_)(); }

private:
    Handler handler_;
};

/// The handler is posted, never called from here: we may still be inside async(), and later we are
/// inside of drive(), where a handler could not destroy the runtime. The guard keeps the handler's
/// io_context at work until then, which has to be there: it outlives the call, or the runtime goes
/// first.
template <class Op, class Handler, class Executor>
kmc::detail::detached run(Op op, Handler handler, Executor executor) {
    const boost::asio::executor_work_guard<Executor> work(executor);
    if constexpr (std::is_void_v<outcome_of<Op>>) {
        co_await std::move(op);
        boost::asio::post(executor, completion<Handler, void>(std::move(handler)));
    } else {
        auto outcome = co_await std::move(op);
        using value = std::remove_cv_t<decltype(outcome)>;
        boost::asio::post(executor,
                          completion<Handler, value>(std::move(handler), std::move(outcome)));
    }
}

template <class Op>
struct initiation {
    template <class Handler>
    void operator()(Handler&& handler, Op op) const {
        using own = std::decay_t<Handler>;
        using executor = boost::asio::associated_executor_t<own>;
        static_assert(!std::is_same_v<executor, boost::asio::system_executor>,
                      "the handler has no executor of its own, and kmc has none to lend: "
                      "boost::asio::bind_executor(io, handler)");
        executor where = boost::asio::get_associated_executor(handler);
        run<Op, own, executor>(std::move(op), std::forward<Handler>(handler), std::move(where));
    }
};

}  // namespace detail

/// Turns a call of a client, or anything else with an `operator co_await() &&`, into an
/// asynchronous operation of Asio, for any completion token: use_awaitable, a callback
/// (with an executor: bind_executor), use_future bound to an executor ...
///
/// The call begins when the operation does: at once for a callback, at the co_await for
/// use_awaitable. Its keys and values have to live until the operation has completed, which
/// temporaries inside the same co_await expression do.
/// @return  what the token makes of the call's own outcome, e.g. of result<optional<value>>. The
///          handler is always posted to its associated executor, never called inside.
/// Errors: those of the call; wrong_thread where its client may not be used from this thread.
/// Exceptions: running out of memory while the call begins ends the process.
template <class Op, class CompletionToken>
auto async(Op op, CompletionToken&& token) {
    static_assert(std::is_trivially_destructible_v<Op>);
    using signature = typename detail::signature_for<detail::outcome_of<Op>>::type;
    return boost::asio::async_initiate<CompletionToken, signature>(detail::initiation<Op>(), token,
                                                                   std::move(op));
}

/// Drives an embedded_runtime from an io_context. run() of that io_context does not return while
/// the driver is at work: stop() or destroy it when the last call is over.
///
/// Threads: the runtime's, which has to be the only one that runs the io_context; on another one
/// run() throws std::system_error with errc::wrong_thread.
/// Lifetime: inside that of both, the io_context's and the runtime's, which may not be moved
/// meanwhile.
class driver {
public:
    driver(boost::asio::io_context& io, embedded_runtime& rt)
        : loop_(std::make_shared<loop>(io, rt)) {
        wait(loop_);
    }
    driver(const driver&) = delete;
    driver& operator=(const driver&) = delete;
    ~driver() { stop(); }

    /// From now on nothing is done for the runtime, and nothing keeps the io_context at work.
    void stop() {
        loop_->runtime = nullptr;
        if (!loop_->descriptor.is_open()) return;
        loop_->descriptor.cancel();
        static_cast<void>(loop_->descriptor.release());  // the runtime's, not ours to close
    }

private:
    // What a wait that is over, but not yet heard of, may still touch when the driver is gone.
    struct loop {
        loop(boost::asio::io_context& io, embedded_runtime& rt)
            : runtime(&rt), descriptor(io, rt.poll_fd()) {}
        loop(const loop&) = delete;
        loop& operator=(const loop&) = delete;
        ~loop() {
            // Still ours only when the first wait could not begin.
            if (descriptor.is_open()) static_cast<void>(descriptor.release());
        }

        embedded_runtime* runtime;
        boost::asio::posix::stream_descriptor descriptor;
    };

    static void wait(std::shared_ptr<loop> mine) {
        loop& l = *mine;
        l.descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [mine = std::move(mine)](const boost::system::error_code& failed) {
                                    if (failed || mine->runtime == nullptr) return;
                                    mine->runtime->drive().value();
                                    if (mine->runtime != nullptr) wait(mine);
                                });
    }

    std::shared_ptr<loop> loop_;
};

}  // namespace kmc::asio
