// The engine over io_uring: one ring, one system call per turn that submits, waits and collects.
//
// Facts it is built on (found by probes on Linux 6.1 and 6.18): one entry gives one completion, so
// the completion queue cannot overflow in ordinary use; only the completion of an operation frees
// its memory, never the answer to its cancellation; close() with a receive pending neither ends it
// nor says goodbye to the peer, shutdown() does; a cancelled send reports what it had sent.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "base/assert.hpp"
#include "io/bell.hpp"
#include "io/engines.hpp"
#include "io/resolver.hpp"
#include "io/socket.hpp"
#include "io/standing_alarm.hpp"
#include "io/timespec.hpp"
#include "io/uring_arguments.hpp"
#include "io/uring_prompt_sends.hpp"
#include "io/uring_ring.hpp"
#include "io/uring_wake_echoes.hpp"
#include "io/waker.hpp"

namespace kmc::detail {
namespace {

time_point clock_now() noexcept {
    return std::chrono::steady_clock::now();
}

// What the engine asks of the ring for itself carries a kind that no op_token has.
constexpr std::uint64_t kind_shift = 60;
constexpr std::uint64_t wake_kind = 8;
constexpr std::uint64_t wake_echo_kind = 9;
constexpr std::uint64_t cancel_kind = 10;
constexpr std::uint64_t alarm_kind = 11;

constexpr bool is_own(std::uint64_t bits) noexcept {
    return (bits >> kind_shift) >= wake_kind;
}

// An entry that does nothing, should there be no memory to keep what it is to point to.
void clear_entry(io_uring_sqe& entry) noexcept {
    io_uring_prep_nop(&entry);
    io_uring_sqe_set_data64(&entry, cancel_kind << kind_shift);
}

constexpr duration drain_patience = std::chrono::seconds(1);
// A full queue that cannot be submitted means that the kernel is out of memory.
constexpr int submit_attempts = 1000;

class uring_engine final : public io_engine {
public:
    uring_engine();
    ~uring_engine() override;

    [[nodiscard]] int set_up();

    void resolve(op_token token, std::string_view host, std::uint16_t port) override {
        resolver_.start(token, host, port);
    }
    [[nodiscard]] int open_socket(const address& where) override {
        return open_stream_socket(where, socket_mode::blocking);
    }
    void close_socket(int fd) noexcept override { close_descriptor(fd); }

    void connect(op_token token, int fd, const address& where) override;
    void send(op_token token, int fd, const gathered& bytes, send_end end) override;
    void recv(op_token token, int fd, std::span<std::byte> room) override;
    void kick(int fd) noexcept override;

    void turn(const patience& given, completion_sink& sink) override;
    void wake() noexcept override { waker_.wake(); }
    [[nodiscard]] int wait_fd() override;

    [[nodiscard]] time_point read_clock() const noexcept override { return clock_now(); }
    [[nodiscard]] std::string_view name() const noexcept override { return "io_uring"; }
    [[nodiscard]] const engine_counters& counters() const noexcept override { return counters_; }

private:
    struct completion {
        std::uint64_t token;
        std::int32_t result;
    };

    [[nodiscard]] io_uring_sqe& take_entry();
    void enter(int result);
    void submit_full_queue();
    void arm_wake(unsigned completions);
    void set_alarm(time_point when);
    void wait(const patience& given);
    [[nodiscard]] std::optional<duration> limit_of(const patience& given);
    void wait_for_bell(time_point until);
    void collect();
    void note(const io_uring_cqe& entry);
    void note_own(std::uint64_t kind, std::int32_t result) noexcept;
    void note_sent(std::uint64_t token, std::int32_t result);
    void send_patiently(std::uint64_t token, int fd, const gathered& bytes);
    [[nodiscard]] io_uring_sqe& take_send_entry(int fd, const gathered& bytes, int flags);
    void settle_prompt_sends();
    void deliver(completion_sink& sink);
    void drain() noexcept;

    [[nodiscard]] bool may_have_more(op_token token) const noexcept;
    void set_may_have_more(op_token token, bool more);

    waker waker_;
    resolver resolver_{waker_};
    // Where the wake-up is read to; outlives the engine if the ring cannot be drained.
    std::unique_ptr<std::uint64_t> woken_ = std::make_unique<std::uint64_t>();
    wake_echoes echoes_;

    standing_alarm alarm_;
    __kernel_timespec alarm_time_{};  // that it is being set for

    uring_arguments arguments_;
    // By token object: its last receive left bytes behind.
    std::vector<bool> more_;

    std::vector<completion> collected_;   // taken from the ring, not yet delivered
    std::vector<completion> delivering_;  // always empty outside of deliver()
    prompt_sends prompt_;                 // not known to have ended
    std::vector<completion> gone_;        // of these, whole: told at the end of the turn
    bool prompt_overdue_ = false;         // the last turn could not tell of all
    unsigned slow_sends_ = 0;             // under way, with a completion each
    std::size_t under_way_ = 0;           // entries without a completion, our own included

    std::optional<bell> bell_;  // somebody waits on it between turns

    engine_counters counters_;
    uring_ring ring_;  // last: closed before anything that it might still write to
};

uring_engine::uring_engine() : io_engine(clock_now()) {
    collected_.reserve(1024);
    delivering_.reserve(1024);
    gone_.reserve(256);
    more_.reserve(1024);  // it grows when a receive first leaves bytes behind: any time
}

int uring_engine::set_up() {
    return ring_.set_up();
}

uring_engine::~uring_engine() {
    drain();
    // The kernel may write here until it has torn the ring down, some time after it was closed.
    if (under_way_ != 0) static_cast<void>(woken_.release());
}

// ---- starting operations --------------------------------------------------------------------

io_uring_sqe& uring_engine::take_entry() {
    io_uring_sqe* entry = ring_.next_entry();
    for (int i = 0; entry == nullptr && i < submit_attempts; ++i) {
        submit_full_queue();
        entry = ring_.next_entry();
    }
    if (entry == nullptr) {
        throw std::system_error(EAGAIN, std::generic_category(), "io_uring: the queue stays full");
    }
    ++under_way_;
    return *entry;
}

// Completions may have to be taken before the kernel accepts more. They wait for the next turn:
// nothing is delivered from inside a starting call.
void uring_engine::submit_full_queue() {
    enter(ring_.submit());
    if (!ring_.all_submitted()) {
        enter(ring_.submit_and_collect());
        collect();
    }
}

void uring_engine::connect(op_token token, int fd, const address& where) {
    io_uring_sqe& entry = take_entry();
    clear_entry(entry);
    const address& kept = arguments_.keep(where);
    io_uring_prep_connect(&entry, fd, as_sockaddr(kept), kept.size);
    io_uring_sqe_set_data64(&entry, token.bits());
    set_may_have_more(token, false);
}

void uring_engine::send(op_token token, int fd, const gathered& bytes, send_end end) {
    ++counters_.sends;
    const bool is_prompt = end == send_end::noted && bytes.size() <= prompt_sends::bytes_max;
    if (!is_prompt || !ring_.can_skip_completions()) {
        return send_patiently(token.bits(), fd, bytes);
    }
    prompt_.add(token.bits(), fd, bytes);
    try {
        io_uring_sqe& entry = take_send_entry(fd, bytes, MSG_DONTWAIT);
        entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
        io_uring_sqe_set_data64(&entry, token.bits());
    } catch (...) {
        prompt_.take_back_last();
        throw;
    }
}

void uring_engine::send_patiently(std::uint64_t token, int fd, const gathered& bytes) {
    io_uring_sqe_set_data64(&take_send_entry(fd, bytes, 0), token);
    ++slow_sends_;
}

// With MSG_WAITALL the kernel goes on by itself after a part.
io_uring_sqe& uring_engine::take_send_entry(int fd, const gathered& bytes, int flags) {
    constexpr int always = MSG_NOSIGNAL | MSG_WAITALL;
    io_uring_sqe& entry = take_entry();
    if (bytes.places().size() == 1) {
        const std::span<const std::byte> only = bytes.place(0);
        io_uring_prep_send(&entry, fd, only.data(), std::min(only.size(), transfer_max),
                           always | flags);
        return entry;
    }
    clear_entry(entry);
    io_uring_prep_sendmsg(&entry, fd, &arguments_.keep(bytes),
                          static_cast<unsigned>(always | flags));
    return entry;
}

void uring_engine::recv(op_token token, int fd, std::span<std::byte> room) {
    KMC_ASSERT(!room.empty());
    ++counters_.receives;
    io_uring_sqe& entry = take_entry();
    io_uring_prep_recv(&entry, fd, room.data(), std::min(room.size(), transfer_max), 0);
    // Nothing is there yet as far as we know: wait first, and skip the useless try.
    if (!may_have_more(token)) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data64(&entry, token.bits());
}

// shutdown() ends what the kernel has, and what is still in the queue fails when it gets there. The
// cancellation is for a connect, which may not be far enough to be shut down. It stands behind all
// operations of this fd in the queue and before those of a later socket with the same number.
void uring_engine::kick(int fd) noexcept {
    shut_down_socket(fd);
    try {
        io_uring_sqe& entry = take_entry();
        io_uring_prep_cancel_fd(&entry, fd, IORING_ASYNC_CANCEL_ALL);
        io_uring_sqe_set_data64(&entry, cancel_kind << kind_shift);
    } catch (const std::exception&) {
        // No room for it: the shutdown has to do.
    }
}

void uring_engine::arm_wake(unsigned completions) {
    if (echoes_.read_missing()) {
        io_uring_sqe& entry = take_entry();
        io_uring_prep_read(&entry, waker_.fd(), woken_.get(), sizeof *woken_, 0);
        io_uring_sqe_set_data64(&entry, wake_kind << kind_shift);
        echoes_.on_read_armed();
    }
    for (; echoes_.echo_missing(completions); echoes_.on_echo_armed()) {
        io_uring_sqe& entry = take_entry();
        io_uring_prep_poll_add(&entry, waker_.fd(), POLLIN);
        io_uring_sqe_set_data64(&entry, wake_echo_kind << kind_shift);
    }
}

bool uring_engine::may_have_more(op_token token) const noexcept {
    return token.object() < more_.size() && more_[token.object()];
}

void uring_engine::set_may_have_more(op_token token, bool more) {
    if (token.object() >= more_.size()) {
        if (!more) return;
        more_.resize(token.object() + 1);
    }
    more_[token.object()] = more;
}

// ---- the turn -------------------------------------------------------------------------------

void uring_engine::turn(const patience& given, completion_sink& sink) {
    const bool in_a_hurry = given.until <= now_ || resolver_.has_literals() || prompt_overdue_;
    if (bell_) {
        ++counters_.syscalls;
        bell_->silence();  // before completions are taken: what comes later rings again
    }
    // A send that has to wait for room may be what others wait behind.
    const unsigned wanted =
        bell_ || slow_sends_ != 0
            ? 1
            : echoes_.wanted_of(std::min(given.completions, patience::completions_max));
    patience left = given;
    left.completions = std::min(wanted, echoes_.ready_for());
    waited_for_ = 1;
    for (;;) {
        if (!bell_) arm_wake(wanted);
        const bool may_sleep = waker_.lie_down() && !in_a_hurry && collected_.empty();
        if (may_sleep) waited_for_ = std::max(waited_for_, left.completions);
        wait(may_sleep ? left : time_point::min());
        const waker::night slept = waker_.get_up();
        if (slept.was_written && !bell_) echoes_.on_written();
        collect();
        settle_prompt_sends();
        now_ = clock_now();
        // What ended may have been only a cancellation, or an old wake-up.
        if (!may_sleep || slept.woken || !collected_.empty() || now_ >= given.until) break;
        left.completions = 1;
    }
    collected_.insert(collected_.end(), gone_.begin(), gone_.end());
    gone_.clear();
    prompt_overdue_ = !prompt_.empty();
    if (bell_ && !ring_.all_submitted()) bell_->ring();  // the kernel would not take it now
    deliver(sink);
    if (bell_) waker_.doze();
}

// The ring's own descriptor will not do: with completions that happen only when we enter, epoll is
// not told of them (never on Linux 6.18). A registered eventfd is, also of those that a turn has
// just taken: hence wake-ups for nothing. But not of a read from another eventfd (the kernel guards
// eventfds against calling each other; such news came late or, on Linux 6.18, not at all, and kept
// that of later completions back), so from now on a wake-up rings the bell itself.
int uring_engine::wait_fd() {
    if (bell_) return bell_->fd();
    bell_.emplace();
    if (const int result = ring_.ring_on_completion(bell_->fd()); result < 0) {
        bell_.reset();
        return result;
    }
    waker_.redirect(bell_->fd());
    bell_->ring();  // nobody has told of what happened before
    return bell_->fd();
}

void uring_engine::wait(const patience& given) {
    ++counters_.syscalls;
    if (given.until == time_point::min()) return enter(ring_.submit_and_collect());
    if (bell_) return wait_for_bell(given.until);
    const std::optional<duration> limit = limit_of(given);
    // To set the alarm in a queue that was full, completions may have had to be taken.
    if (!collected_.empty() || echoes_.read_missing()) return enter(ring_.submit_and_collect());
    enter(ring_.submit_and_wait(given.completions, limit));
}

// None where the wait needs no timer of its own.
std::optional<duration> uring_engine::limit_of(const patience& given) {
    const bool gathers = given.completions > 1;
    if (!gathers) {
        if (given.until == time_point::max()) return std::nullopt;
        const wait_end end = alarm_.end_of(now_, given.until);
        if (end == wait_end::moved) set_alarm(given.until);
        if (end != wait_end::own) return std::nullopt;
    }
    ++counters_.timers;
    // now() is as old as the last turn; the wait must not be longer for what happened since.
    const duration limit = given.until - clock_now();
    return gathers ? std::min(limit, given.gather) : limit;
}

// The kernel copies the time when it takes the entry, in the same call. An alarm that goes off
// while it is moved tells both; it is then set anew by the wait that goes on.
void uring_engine::set_alarm(time_point when) {
    ++counters_.timers;
    alarm_time_ = to_timespec<__kernel_timespec>(when - clock_now());
    constexpr std::uint64_t alarm_bits = alarm_kind << kind_shift;
    io_uring_sqe& entry = take_entry();
    if (alarm_.is_set()) {
        io_uring_prep_timeout_update(&entry, &alarm_time_, alarm_bits, 0);
        io_uring_sqe_set_data64(&entry, cancel_kind << kind_shift);
    } else {
        io_uring_prep_timeout(&entry, &alarm_time_, 0, 0);
        io_uring_sqe_set_data64(&entry, alarm_bits);
    }
    alarm_.set(when);
}

// As somebody else's loop would.
void uring_engine::wait_for_bell(time_point until) {
    enter(ring_.submit_and_collect());
    if (ring_.has_completions()) return;
    ++counters_.syscalls;
    bell_->wait(until == time_point::max() ? duration::max() : until - clock_now());
    bell_->silence();
    ++counters_.syscalls;
    enter(ring_.submit_and_collect());
}

void uring_engine::enter(int result) {
    ++counters_.enters;
    // Short of memory: nothing was lost, and the next call tries again.
    if (result < 0 && result != -ENOMEM) {
        // A lost completion, a foreign thread, or a ring that is no more: nothing of this engine
        // would ever finish.
        throw std::system_error(-result, std::generic_category(), "io_uring_enter");
    }
    if (!ring_.all_submitted()) return;
    arguments_.on_submitted();
    echoes_.on_submitted();
}

void uring_engine::collect() {
    ring_.take_completions([this](const io_uring_cqe& entry) { note(entry); });
    while (ring_.has_overflow()) {
        ++counters_.syscalls;
        enter(ring_.submit_and_collect());
        ring_.take_completions([this](const io_uring_cqe& entry) { note(entry); });
    }
}

void uring_engine::note(const io_uring_cqe& entry) {
    --under_way_;
    const std::uint64_t bits = entry.user_data;
    if (is_own(bits)) return note_own(bits >> kind_shift, entry.res);
    const op_token token{bits};
    if (token.kind() == op_kind::send) return note_sent(bits, entry.res);
    if (token.kind() == op_kind::recv) {
        set_may_have_more(token, (entry.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0);
    }
    collected_.push_back({bits, entry.res});
}

void uring_engine::note_own(std::uint64_t kind, std::int32_t result) noexcept {
    if (kind == wake_kind) echoes_.on_read(result > 0 ? *woken_ : 0);
    if (kind == wake_echo_kind) echoes_.on_echo();
    if (kind == alarm_kind) alarm_.went_off();
}

void uring_engine::note_sent(std::uint64_t token, std::int32_t result) {
    const prompt_sends::verdict was = prompt_.on_completion(token, result);
    // Not sent again from here: more completions are about to be taken.
    if (was == prompt_sends::verdict::stuck) return;
    if (was == prompt_sends::verdict::not_prompt) --slow_sends_;
    collected_.push_back({token, result});
}

void uring_engine::settle_prompt_sends() {
    if (prompt_.empty() || !ring_.all_submitted()) return;
    prompt_.settle([this](std::uint64_t token, int fd,
                          const gathered& bytes) { send_patiently(token, fd, bytes); },
                   [this](std::uint64_t token, std::size_t size) {
                       --under_way_;
                       gone_.push_back({token, static_cast<std::int32_t>(size)});
                   });
}

// The ring has been given its space back before: whoever hears of a completion may start anything.
void uring_engine::deliver(completion_sink& sink) {
    delivering_.swap(collected_);
    for (const completion& one : delivering_) {
        ++counters_.completions;
        sink.on_completion(op_token{one.token}, one.result);
    }
    delivering_.clear();
    for (const resolved& one : resolver_.take()) {
        ++counters_.completions;
        sink.on_resolved(one.token, one.error, one.addresses);
    }
}

// ---- the end --------------------------------------------------------------------------------

// Everything is cancelled and awaited, so that no memory of anybody is written to afterwards.
void uring_engine::drain() noexcept {
    if (under_way_ == 0) return;
    try {
        io_uring_sqe& entry = take_entry();
        io_uring_prep_cancel64(&entry, 0, IORING_ASYNC_CANCEL_ANY);
        io_uring_sqe_set_data64(&entry, cancel_kind << kind_shift);
        const time_point give_up = clock_now() + drain_patience;
        for (time_point at = clock_now(); under_way_ != 0 && at < give_up; at = clock_now()) {
            enter(ring_.submit_and_wait(1, give_up - at));
            ring_.take_completions([this](const io_uring_cqe& ended) {
                --under_way_;
                prompt_.forget(ended.user_data);
            });
            settle_prompt_sends();
        }
    } catch (const std::exception&) {
        // A ring that takes no more entries; what it holds stays under way.
    }
}

}  // namespace

std::unique_ptr<io_engine> make_uring_engine(uring_refusal& why_not) {
    auto engine = std::make_unique<uring_engine>();
    if (const int result = engine->set_up(); result < 0) {
        why_not = {.error = -result, .step = "io_uring_setup"};
        return nullptr;
    }
    return engine;
}

}  // namespace kmc::detail
