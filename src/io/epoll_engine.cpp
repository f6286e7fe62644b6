// The engine over epoll: tries the call, and on EAGAIN waits for the edge and tries again.
//
// Operations are only noted when they are started and tried in turn(), all sends first to last, so
// that many started in one turn cost no wait in between. A receive is not tried before epoll has
// said that there is something, or the last one filled its room.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <system_error>
#include <vector>

#include <sys/epoll.h>

#include "base/assert.hpp"
#include "io/alarm_clock.hpp"
#include "io/engines.hpp"
#include "io/resolver.hpp"
#include "io/socket.hpp"
#include "io/standing_alarm.hpp"
#include "io/timespec.hpp"
#include "io/waker.hpp"

namespace kmc::detail {
namespace {

time_point clock_now() noexcept {
    return std::chrono::steady_clock::now();
}

constexpr int events_max = 256;

// Edges of every socket; EPOLLOUT only while somebody waits for it, since a Unix socket reports it
// whenever the peer has read something.
constexpr std::uint32_t edges = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t ending = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

struct transfer {
    op_token token{0};
    std::span<std::byte> room;  // of a receive
    gathered bytes;             // of a send
    std::size_t done = 0;       // of them
    bool active = false;
};

// One socket.
struct channel {
    enum class dial : std::uint8_t { none, wanted, under_way };

    transfer sending;
    transfer receiving;
    op_token connecting{0};
    address peer;
    dial dialling = dial::none;
    bool readable = false;  // there may be something that no edge will tell of
    bool writable = true;
    bool ended = false;  // nothing more will come; a receive finds out at once
    bool queued = false;
    bool watched = false;  // known to epoll
    bool watched_for_room = false;
};

class epoll_engine final : public io_engine {
public:
    epoll_engine();
    ~epoll_engine() override;

    void resolve(op_token token, std::string_view host, std::uint16_t port) override {
        resolver_.start(token, host, port);
    }
    [[nodiscard]] int open_socket(const address& where) override;
    void close_socket(int fd) noexcept override;

    void connect(op_token token, int fd, const address& where) override;
    void send(op_token token, int fd, const gathered& bytes, send_end end) override;
    void recv(op_token token, int fd, std::span<std::byte> room) override;
    void kick(int fd) noexcept override;

    void turn(const patience& given, completion_sink& sink) override;
    void wake() noexcept override { waker_.wake(); }
    [[nodiscard]] int wait_fd() override;

    [[nodiscard]] time_point read_clock() const noexcept override { return clock_now(); }
    [[nodiscard]] std::string_view name() const noexcept override { return "epoll"; }
    [[nodiscard]] const engine_counters& counters() const noexcept override { return counters_; }

private:
    struct completion {
        op_token token;
        std::int32_t result;
    };

    [[nodiscard]] channel& at(int fd) noexcept { return *channels_[static_cast<unsigned>(fd)]; }
    void queue(int fd);
    std::int32_t watch(int fd, channel& c, bool for_room);

    void try_queued();
    void try_channel(int fd, channel& c);
    void try_connect(int fd, channel& c);
    void try_send(int fd, channel& c);
    void try_receive(int fd, channel& c);
    void finish(op_token token, std::int32_t result) { collected_.push_back({token, result}); }

    void wait(time_point until);
    [[nodiscard]] duration patience_until(time_point until) noexcept;
    [[nodiscard]] int wait_for_events(duration patience) noexcept;
    void on_event(const epoll_event& event);
    void deliver(completion_sink& sink);

    waker waker_;
    resolver resolver_{waker_};
    alarm_clock alarm_clock_;
    standing_alarm alarm_;
    int epoll_;
    bool has_fine_timeout_ = true;  // epoll_pwait2, Linux 5.11

    std::vector<std::unique_ptr<channel>> channels_;  // by descriptor
    std::vector<int> queued_;                         // with something to try in the next turn
    std::vector<int> trying_;                         // always empty outside of try_queued()
    std::vector<completion> collected_;
    std::vector<completion> delivering_;  // always empty outside of deliver()
    std::array<epoll_event, events_max> events_{};
    bool skipped_wait_ = false;
    bool is_watched_ = false;  // somebody waits on our descriptor between turns

    engine_counters counters_;
};

epoll_engine::epoll_engine() : io_engine(clock_now()), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    // Each of their news is an edge: they are never read.
    for (const int fd : {waker_.fd(), alarm_clock_.fd()}) {
        epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = fd}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) continue;
        const int error = errno;
        close_descriptor(epoll_);
        throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
}

epoll_engine::~epoll_engine() {
    close_descriptor(epoll_);
}

// ---- starting operations --------------------------------------------------------------------

int epoll_engine::open_socket(const address& where) {
    const int fd = open_stream_socket(where, socket_mode::non_blocking);
    if (fd < 0) return fd;
    try {
        const auto index = static_cast<unsigned>(fd);
        if (index >= channels_.size()) channels_.resize(std::max(index + 1, 2 * index));
        channels_[index] = std::make_unique<channel>();
        // Room for what later calls, which must not fail, will note.
        queued_.reserve(channels_.size());
        collected_.reserve(3 * channels_.size());
    } catch (const std::bad_alloc&) {
        close_descriptor(fd);
        return -ENOMEM;
    }
    return fd;
}

void epoll_engine::close_socket(int fd) noexcept {
    channel& c = at(fd);
    KMC_ASSERT(!c.sending.active && !c.receiving.active && c.dialling == channel::dial::none);
    // By hand, since a forked child may keep the socket open, and with it its events.
    if (c.watched) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    std::erase(queued_, fd);
    channels_[static_cast<unsigned>(fd)].reset();
    close_descriptor(fd);
}

void epoll_engine::queue(int fd) {
    if (at(fd).queued) return;
    queued_.push_back(fd);
    at(fd).queued = true;
}

void epoll_engine::connect(op_token token, int fd, const address& where) {
    channel& c = at(fd);
    KMC_ASSERT(c.dialling == channel::dial::none);
    c.connecting = token;
    c.peer = where;
    c.dialling = channel::dial::wanted;
    queue(fd);
}

// Every send is tried in the turn, and one more look at the ends costs no system call.
void epoll_engine::send(op_token token, int fd, const gathered& bytes,
                        [[maybe_unused]] send_end end) {
    channel& c = at(fd);
    KMC_ASSERT(!c.sending.active);
    c.sending.token = token;
    c.sending.bytes = bytes;
    c.sending.done = 0;
    c.sending.active = true;
    ++counters_.sends;
    if (c.writable) queue(fd);
}

void epoll_engine::recv(op_token token, int fd, std::span<std::byte> room) {
    KMC_ASSERT(!room.empty());
    ++counters_.receives;
    channel& c = at(fd);
    KMC_ASSERT(!c.receiving.active);
    c.receiving.token = token;
    c.receiving.room = room.first(std::min(room.size(), transfer_max));
    c.receiving.active = true;
    if (c.readable || c.ended) queue(fd);
}

// Nothing is with the kernel here, so everything ends at once: in the next turn.
void epoll_engine::kick(int fd) noexcept {
    channel& c = at(fd);
    shut_down_socket(fd);
    if (c.dialling != channel::dial::none) finish(c.connecting, -ECANCELED);
    if (c.sending.active) {
        const auto sent = static_cast<std::int32_t>(c.sending.done);
        finish(c.sending.token, sent != 0 ? sent : -ECANCELED);
    }
    if (c.receiving.active) finish(c.receiving.token, -ECANCELED);
    c.dialling = channel::dial::none;
    c.sending.active = c.receiving.active = false;
    c.readable = c.writable = c.ended = true;
}

// ---- trying ---------------------------------------------------------------------------------

void epoll_engine::try_queued() {
    trying_.swap(queued_);
    queued_.reserve(trying_.capacity());
    for (const int fd : trying_) {
        channel& c = at(fd);
        c.queued = false;
        try_channel(fd, c);
    }
    trying_.clear();
}

void epoll_engine::try_channel(int fd, channel& c) {
    if (c.dialling != channel::dial::none) try_connect(fd, c);
    if (c.dialling != channel::dial::none) return;
    if (c.sending.active && c.writable) try_send(fd, c);
    if (c.receiving.active && (c.readable || c.ended)) try_receive(fd, c);
}

void epoll_engine::try_connect(int fd, channel& c) {
    std::int32_t result = 0;
    ++counters_.syscalls;
    if (c.dialling == channel::dial::wanted) {
        result = start_connect(fd, c.peer);
        if (result == -EINPROGRESS) {
            c.writable = false;
            result = watch(fd, c, true);
            if (result == 0) {
                c.dialling = channel::dial::under_way;
                return;
            }
        } else if (result == 0) {
            result = watch(fd, c, false);
        }
    } else if (c.writable || c.ended) {
        result = connect_result(fd);
        if (result == 0) result = watch(fd, c, false);
    } else {
        return;
    }
    c.dialling = channel::dial::none;
    c.writable = true;
    finish(c.connecting, result);
}

void epoll_engine::try_send(int fd, channel& c) {
    transfer& t = c.sending;
    std::int32_t result = 0;
    do {
        ++counters_.syscalls;
        result = send_some(fd, t.done == 0 ? t.bytes : t.bytes.after(t.done));
        if (result > 0) t.done += static_cast<std::size_t>(result);
    } while (result > 0 && t.done < t.bytes.size());
    if (result == -EAGAIN) {
        c.writable = false;
        result = watch(fd, c, true);
        if (result == 0) return;
    }
    t.active = false;
    finish(t.token, t.done != 0 ? static_cast<std::int32_t>(t.done) : result);
    if (c.watched_for_room) static_cast<void>(watch(fd, c, false));  // else: some idle wake-ups
}

void epoll_engine::try_receive(int fd, channel& c) {
    transfer& t = c.receiving;
    ++counters_.syscalls;
    const std::int32_t result = receive_some(fd, t.room);
    if (result == -EAGAIN) {
        c.readable = c.ended = false;
        return;
    }
    // Less than there was room for: the rest will come with an edge of its own, the end as well.
    c.readable = static_cast<std::size_t>(std::max(result, 0)) == t.room.size();
    if (result <= 0) c.ended = true;
    t.active = false;
    finish(t.token, result);
}

// Asking again for what has happened already brings its edge again, so none can be missed.
std::int32_t epoll_engine::watch(int fd, channel& c, bool for_room) {
    if (c.watched && c.watched_for_room == for_room) return 0;
    ++counters_.syscalls;
    epoll_event event{.events = edges | (for_room ? EPOLLOUT : 0U), .data = {.fd = fd}};
    const int action = c.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(epoll_, action, fd, &event) != 0) return -errno;
    c.watched = true;
    c.watched_for_room = for_room;
    return 0;
}

// ---- the turn -------------------------------------------------------------------------------

// When sends alone have given the caller something to do, asking epoll would only cost time; but
// not twice in a row, or a busy sender would keep replies from being seen.
// Wakes for the first that is ready: epoll cannot wait for more of them.
void epoll_engine::turn(const patience& given, completion_sink& sink) {
    const time_point until = given.until;
    const bool in_a_hurry = until <= now_ || resolver_.has_literals();
    try_queued();
    skipped_wait_ = !collected_.empty() && !skipped_wait_;
    while (!skipped_wait_) {
        const bool may_sleep = waker_.lie_down() && !in_a_hurry && collected_.empty();
        wait(may_sleep ? until : time_point::min());
        const bool woken = waker_.get_up().woken;
        try_queued();
        now_ = clock_now();
        if (!may_sleep || woken || !collected_.empty() || now_ >= until) break;
    }
    if (skipped_wait_) now_ = clock_now();
    deliver(sink);
    if (is_watched_) waker_.doze();
}

// What no wait has brought yet, edges included, keeps an epoll descriptor readable, and all that a
// wait brings is tried in the same turn.
int epoll_engine::wait_fd() {
    if (!is_watched_) waker_.doze();
    is_watched_ = true;
    return epoll_;
}

void epoll_engine::wait(time_point until) {
    const duration patience = patience_until(until);
    ++counters_.enters;
    ++counters_.syscalls;
    const int count = wait_for_events(patience);
    for (int i = 0; i < count; ++i) on_event(events_[static_cast<unsigned>(i)]);
}

// duration::max() where the wait needs no timer of its own.
duration epoll_engine::patience_until(time_point until) noexcept {
    if (until == time_point::min()) return duration::zero();
    if (until == time_point::max()) return duration::max();
    const wait_end end = alarm_.end_of(now_, until);
    if (end == wait_end::standing) return duration::max();
    ++counters_.timers;
    // now() is as old as the last turn; the wait must not be longer for what happened since.
    if (end == wait_end::own) return std::max(until - clock_now(), duration::zero());
    ++counters_.syscalls;
    alarm_clock_.set(until);
    alarm_.set(until);
    return duration::max();
}

// The number of events; 0 as well when a signal came.
int epoll_engine::wait_for_events(duration patience) noexcept {
    using namespace std::chrono;
    if (has_fine_timeout_) {
        const auto limit = to_timespec<timespec>(patience);
        const int count = ::epoll_pwait2(epoll_, events_.data(), events_max,
                                         patience == duration::max() ? nullptr : &limit, nullptr);
        if (count >= 0 || errno == EINTR) return std::max(count, 0);
        has_fine_timeout_ = false;  // an old kernel, or a filter that does not know the call
    }
    constexpr auto longest = hours(24);
    const int limit =
        patience == duration::max()
            ? -1
            : static_cast<int>(ceil<milliseconds>(std::min<duration>(patience, longest)).count());
    return std::max(::epoll_wait(epoll_, events_.data(), events_max, limit), 0);
}

void epoll_engine::on_event(const epoll_event& event) {
    const int fd = event.data.fd;
    if (fd == waker_.fd()) return;
    if (fd == alarm_clock_.fd()) return alarm_.went_off();
    channel& c = at(fd);
    if ((event.events & EPOLLIN) != 0) c.readable = true;
    if ((event.events & EPOLLOUT) != 0) c.writable = true;
    if ((event.events & ending) != 0) c.readable = c.writable = c.ended = true;
    queue(fd);
}

void epoll_engine::deliver(completion_sink& sink) {
    delivering_.swap(collected_);
    collected_.reserve(delivering_.capacity());
    for (const completion& one : delivering_) {
        ++counters_.completions;
        sink.on_completion(one.token, one.result);
    }
    delivering_.clear();
    for (const resolved& one : resolver_.take()) {
        ++counters_.completions;
        sink.on_resolved(one.token, one.error, one.addresses);
    }
}

}  // namespace

std::unique_ptr<io_engine> make_epoll_engine() {
    return std::make_unique<epoll_engine>();
}

}  // namespace kmc::detail
