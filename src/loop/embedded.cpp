#include <system_error>
#include <utility>

#include <kmc/embedded.hpp>

#include "io/select_engine.hpp"
#include "loop/embedded_state.hpp"
#include "loop/start_up.hpp"

namespace kmc::detail {
namespace {

// A call takes three turns at most from its reply to the next request being on its way; a few times
// that serves a burst in one go, and then the other work of the loop has its turn.
constexpr unsigned turns_per_drive = 8;

}  // namespace

config_result<std::unique_ptr<embedded_state>> embedded_state::start(
    const runtime_options& options) {
    if (options.threads != 1) {
        return config_error("runtime_options: an embedded_runtime has one thread, the caller's");
    }
    if (options.gather_limit < duration::zero()) {
        return config_error("runtime_options: gather_limit must not be negative");
    }
    if (reactor::current() != nullptr) {
        return config_error("embedded_runtime: this thread has a reactor already",
                            errc::wrong_thread);
    }
    auto choice = choose_engine(options);
    if (!choice) return choice.error();
    auto engine = make_engine(choice.value().chosen);
    if (!engine) return engine.error();
    const runtime_info info = info_of(choice.value(), 1);
    report_fallback(options, info);
    try {
        const int fd = engine.value()->wait_fd();
        if (fd < 0) throw std::system_error(-fd, std::generic_category(), "io_uring_register");
        return std::make_unique<embedded_state>(std::move(engine.value()), fd, info);
    } catch (const std::system_error& e) {
        return config_error("embedded_runtime: no descriptor to wait on: " + std::string(e.what()));
    }
}

embedded_state::embedded_state(std::unique_ptr<io_engine> engine, int wait_fd, runtime_info info)
    : info_(std::move(info)), poll_set_(wait_fd), loop_(std::move(engine), 0, random_seed()) {
    loop_.bind();
}

embedded_state::~embedded_state() {
    KMC_ASSERT(reactor::current() == &loop_ && !reactor::is_turning());
    try {
        loop_.shut_down(shut_down_patience);
    } catch (const std::system_error&) {
        // A ring that is no more: nothing of it can be waited for.
    }
    roots_.close();
    loop_.unbind();
}

result<void> embedded_state::drive() {
    if (reactor::current() != &loop_) return error{.code = errc::wrong_thread};
    if (!reactor::is_turning()) {
        loop_.drive(turns_per_drive);
        poll_set_.set_alarm(loop_.next_due(), loop_.now());
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

}  // namespace kmc::detail

namespace kmc {

embedded_runtime::embedded_runtime(std::unique_ptr<detail::embedded_state> state) noexcept
    : state_(std::move(state)) {}

config_result<embedded_runtime> embedded_runtime::open(const runtime_options& options) {
    auto state = detail::embedded_state::start(options);
    if (!state) return state.error();
    return embedded_runtime(std::move(state.value()));
}

embedded_runtime::embedded_runtime(embedded_runtime&&) noexcept = default;
embedded_runtime& embedded_runtime::operator=(embedded_runtime&&) noexcept = default;
embedded_runtime::~embedded_runtime() = default;

int embedded_runtime::poll_fd() const noexcept {
    return state_->poll_fd();
}

result<void> embedded_runtime::drive() {
    return state_->drive();
}

void embedded_runtime::spawn(task<void> work) {
    state_->spawn(std::move(work));
}

const runtime_info& embedded_runtime::info() const noexcept {
    return state_->info();
}

}  // namespace kmc
