#include "sim/sim_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>

#include "base/bytes.hpp"
#include "sim/sim_link.hpp"

namespace kmc::sim {
namespace {

using kmc::detail::address;
using kmc::detail::completion_sink;
using kmc::detail::gathered;
using kmc::detail::op_kind;
using kmc::detail::op_token;
using kmc::detail::patience;
using kmc::detail::send_end;
using std::chrono::microseconds;

constexpr std::uint32_t most_turns_of_a_moment = 1'000'000;
constexpr std::size_t poisoned = 64;  // bytes at each end of a receive's room
constexpr std::byte poison_byte{0xd7};
constexpr std::uint32_t most_connect_tries = 7;  // 1 s, doubled each time: 127 s
constexpr sim_range soon{{}, microseconds(20)};

[[nodiscard]] std::uint64_t hash_of(std::span<const std::byte> bytes) noexcept {
    std::uint64_t h = 0x9e3779b97f4a7c15U ^ bytes.size();
    const auto fold = [&h](std::uint64_t word) {
        h = (h ^ word) * 0xff51afd7ed558ccdU;
        h ^= h >> 32;
    };
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        fold(word);
        bytes = bytes.subspan(sizeof word);
    }
    for (const std::byte each : bytes) fold(std::to_integer<std::uint64_t>(each));
    return h;
}

[[nodiscard]] std::uint64_t hash_of(const gathered& bytes) noexcept {
    std::uint64_t h = 0;
    for (std::size_t i = 0; i < bytes.places().size(); ++i) h = 31 * h + hash_of(bytes.place(i));
    return h;
}

[[nodiscard]] std::uint64_t packed(int fd, op_kind which) noexcept {
    return (static_cast<std::uint64_t>(which) << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

sim_engine::sim_engine(sim_net& net)
    : io_engine(net.now()), net_(&net), target_(net.add_target(*this)) {
    net.engines_.push_back(this);
}

sim_engine::~sim_engine() {
    std::size_t busy = 0;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (!sockets_[i]) continue;
        socket& s = *sockets_[i];
        busy += std::size_t{s.connecting.active} + std::size_t{s.sending.active} +
                std::size_t{s.receiving.active};
        if (s.link != nullptr) {
            s.link->leave(sim_link::farewell::orderly);
            s.link->detach();
        }
        net_->return_fd(static_cast<int>(i));
    }
    net_->remove_target(target_);
    std::erase(net_->engines_, this);
    if (busy != 0 && !may_end_busy && std::uncaught_exceptions() == 0) {
        net_->misuse("the engine ended with " + std::to_string(busy) + " operations outstanding");
    }
}

// --- sockets ------------------------------------------------------------------------------------

int sim_engine::open_socket(const address& where) {
    if (net_->listener_at(where) == nullptr) return -EAFNOSUPPORT;
    const int fd = net_->take_fd();
    if (fd < 0) return fd;
    const auto index = static_cast<std::size_t>(fd);
    if (sockets_.size() <= index) sockets_.resize(index + 1);
    sockets_[index] = std::make_unique<socket>();
    return fd;
}

sim_engine::socket* sim_engine::find(int fd, const char* what) {
    const auto index = static_cast<std::size_t>(fd);
    if (fd >= 0 && index < sockets_.size() && sockets_[index]) return sockets_[index].get();
    net_->misuse(std::string(what) + " on fd " + std::to_string(fd) + ", which is not open");
    return nullptr;
}

void sim_engine::close_socket(int fd) noexcept {
    socket* s = find(fd, "close_socket");
    if (s == nullptr) return;
    for (operation* op : {&s->connecting, &s->sending, &s->receiving}) {
        if (!op->active) continue;
        net_->misuse("close_socket on fd " + std::to_string(fd) + " with an operation outstanding");
        --outstanding_;
    }
    if (s->link != nullptr) {
        s->link->leave(s->link->arrived() != 0 ? sim_link::farewell::abrupt
                                               : sim_link::farewell::orderly);
        s->link->detach();
    }
    sockets_[static_cast<std::size_t>(fd)].reset();
    net_->return_fd(fd);
}

void sim_engine::kick(int fd) noexcept {
    socket* s = find(fd, "kick");
    if (s == nullptr || s->kicked) return;
    s->kicked = true;
    if (s->link != nullptr) s->link->leave(sim_link::farewell::orderly);
    for (const op_kind which : {op_kind::connect, op_kind::send, op_kind::recv}) {
        const operation& op = op_of(*s, which);
        if (op.active && !op.done)
            later(kicked_end, op, fd, which, net_->draw({{}, microseconds(100)}));
    }
}

// --- operations ---------------------------------------------------------------------------------

sim_engine::operation& sim_engine::op_of(socket& s, op_kind which) noexcept {
    if (which == op_kind::connect) return s.connecting;
    return which == op_kind::send ? s.sending : s.receiving;
}

bool sim_engine::start(operation& op, op_token token, op_kind which, int fd) {
    if (op.active) {
        net_->misuse("a second operation of kind " + std::to_string(static_cast<int>(which)) +
                     " on fd " + std::to_string(fd));
        return false;
    }
    op = operation{};
    op.active = true;
    op.serial = ++serial_;
    op.token = token;
    ++outstanding_;
    return true;
}

void sim_engine::later(kind what, const operation& op, int fd, op_kind which, duration delay) {
    net_->schedule(net_->now() + delay, target_, what, op.serial, packed(fd, which));
}

void sim_engine::finish(int fd, op_kind which, std::int32_t result) {
    operation& op = op_of(*sockets_[static_cast<std::size_t>(fd)], which);
    op.done = true;
    op.result = result;
    ready_.push_back({which, fd, 0});
}

void sim_engine::resolve(op_token token, std::string_view host, std::uint16_t port) {
    ++outstanding_;
    resolutions_.push_back({token, std::string(host), port, 0, {}});
    const duration takes = net_->look_up(host, port).takes;
    net_->schedule(net_->now() + takes, target_, resolved, resolutions_.size() - 1);
}

void sim_engine::connect(op_token token, int fd, const address& where) {
    socket* s = find(fd, "connect");
    if (s == nullptr || !start(s->connecting, token, op_kind::connect, fd)) return;
    s->connecting.where = where;
    if (s->kicked) {
        later(kicked_end, s->connecting, fd, op_kind::connect, {});
        return;
    }
    const sim_listener* there = net_->listener_at(where);
    const duration takes =
        there == nullptr ? duration{} : net_->draw(there->conditions.connect_time);
    later(attempt, s->connecting, fd, op_kind::connect, takes / 2);
}

void sim_engine::send(op_token token, int fd, const gathered& bytes, send_end end) {
    socket* s = find(fd, "send");
    if (s == nullptr || !start(s->sending, token, op_kind::send, fd)) return;
    ++counters_.sends;
    operation& op = s->sending;
    op.from = bytes;
    op.size = op.stop_at = bytes.size();
    op.checksum = hash_of(bytes);
    op.may_lie = end == send_end::noted;
    if (op.may_lie) noted_.push_back(fd);
    if (s->kicked) {
        later(kicked_end, op, fd, op_kind::send, {});
        return;
    }
    if (s->link != nullptr && op.size > 1 &&
        net_->chance(s->link->listener().conditions.short_send)) {
        op.stop_at = 1 + net_->random().below(op.size - 1);
        ++short_sends_;
    }
    op.poked = true;
    later(transmit, op, fd, op_kind::send, net_->draw(soon));
}

void sim_engine::recv(op_token token, int fd, std::span<std::byte> room) {
    socket* s = find(fd, "recv");
    if (s == nullptr || !start(s->receiving, token, op_kind::recv, fd)) return;
    ++counters_.receives;
    if (room.empty()) net_->misuse("a receive without room on fd " + std::to_string(fd));
    operation& op = s->receiving;
    op.data = room.data();
    op.size = room.size();
    poison(op);
    if (s->kicked) {
        later(kicked_end, op, fd, op_kind::recv, {});
    } else {
        op.poked = true;
        later(poll, op, fd, op_kind::recv, {});
    }
}

// --- events -------------------------------------------------------------------------------------

void sim_engine::on_event(std::uint32_t what, std::uint64_t serial, std::uint64_t where) {
    if (what == resolved) {
        resolution& r = resolutions_[serial];
        sim_net::lookup found = net_->look_up(r.host, r.port);
        r.error = -found.error;
        r.addresses = std::move(found.addresses);
        ready_.push_back({op_kind::resolve, -1, serial});
        return;
    }
    const int fd = static_cast<int>(static_cast<std::uint32_t>(where));
    const auto which = static_cast<op_kind>(where >> 32);
    socket* s = sockets_[static_cast<std::size_t>(fd)].get();
    if (s == nullptr) return;
    operation& op = op_of(*s, which);
    if (!op.active || op.done || op.serial != serial) return;
    switch (static_cast<kind>(what)) {
        case attempt:
            if (!s->kicked) attempt_connect(fd, *s);
            return;
        case answer:
            finish(fd, op_kind::connect, op.result);
            return;
        case transmit:
            op.poked = false;
            if (!s->kicked) do_transmit(fd, *s);
            return;
        case send_ends:
            finish(fd, op_kind::send, static_cast<std::int32_t>(op.moved));
            return;
        case poll:
            op.poked = false;
            if (!s->kicked) do_poll(fd, *s);
            return;
        case kicked_end:
            end_kicked(fd, *s, which);
            return;
        case resolved:
            return;
    }
}

void sim_engine::attempt_connect(int fd, socket& s) {
    operation& op = s.connecting;
    sim_listener* there = net_->listener_at(op.where);
    if (there == nullptr) {
        op.result = -EAFNOSUPPORT;
    } else if (there->conditions.connects == reachability::silent) {
        if (op.tries == most_connect_tries) {
            op.result = -ETIMEDOUT;
        } else {
            later(attempt, op, fd, op_kind::connect, std::chrono::seconds(1) * (1U << op.tries++));
            return;
        }
    } else if (!there->listening_ || there->conditions.connects == reachability::refused) {
        op.result = there->host_.starts_with('/') && !there->ever_ ? -ENOENT : -ECONNREFUSED;
    } else {
        s.link = &net_->open_link(*there, *this, fd);
    }
    const duration back =
        there == nullptr ? duration{} : net_->draw(there->conditions.connect_time) / 2;
    later(answer, op, fd, op_kind::connect, back);
}

void sim_engine::do_transmit(int fd, socket& s) {
    operation& op = s.sending;
    if (s.link == nullptr || s.link->broken()) {
        const std::int32_t error = s.link == nullptr              ? -ENOTCONN
                                   : net_->random().below(2) == 0 ? -EPIPE
                                                                  : -ECONNRESET;
        const bool tell_part = op.moved != 0 && net_->random().below(2) == 0;
        finish(fd, op_kind::send, tell_part ? static_cast<std::int32_t>(op.moved) : error);
        return;
    }
    if (op.moved == 0) check_unchanged(op, fd, "before it left");
    const std::size_t room = std::min(s.link->room(), op.stop_at - op.moved);
    if (room != 0) {
        const sim_conditions& c = s.link->listener().conditions;
        const gathered left = op.from.after(op.moved);
        const std::span<const std::byte> next = left.place(0);
        const std::size_t n = net_->piece(std::min(room, next.size()), c);
        s.link->push(kmc::detail::as_text(next.first(n)));
        op.moved += n;
    }
    if (op.moved != op.stop_at && room == 0) op.may_lie = false;
    if (op.moved == op.stop_at) {
        op.poked = true;
        later(send_ends, op, fd, op_kind::send, net_->draw(s.link->listener().conditions.send_end));
    } else if (room != 0) {
        op.poked = true;
        later(transmit, op, fd, op_kind::send, net_->draw(soon));
    }
}

void sim_engine::do_poll(int fd, socket& s) {
    if (s.link == nullptr) {
        finish(fd, op_kind::recv, -ENOTCONN);
    } else if (s.link->arrived() != 0 || s.link->ended() || s.link->broken()) {
        finish(fd, op_kind::recv, 0);  // what it is is seen at delivery
    }
}

void sim_engine::end_kicked(int fd, socket& s, op_kind which) {
    const operation& op = op_of(s, which);
    const bool coin = net_->random().below(2) == 0;
    switch (which) {
        case op_kind::connect:
            if (s.link != nullptr && op.result == 0 && net_->random().below(4) == 0) {
                finish(fd, which, 0);
            } else {
                finish(fd, which, coin ? -ECANCELED : -ECONNRESET);
            }
            return;
        case op_kind::send:
            if (op.moved != 0 && (op.moved == op.stop_at || coin)) {
                finish(fd, which, static_cast<std::int32_t>(op.moved));
            } else {
                finish(fd, which, net_->random().below(2) == 0 ? -ECANCELED : -EPIPE);
            }
            return;
        case op_kind::recv:
            finish(fd, which, coin ? -ECANCELED : 0);
            return;
        case op_kind::resolve:
            return;
    }
}

void sim_engine::on_link(int fd) {
    socket& s = *sockets_[static_cast<std::size_t>(fd)];
    if (s.kicked) return;
    operation& out = s.sending;
    if (out.active && !out.done && !out.poked) {
        out.poked = true;
        later(transmit, out, fd, op_kind::send, net_->draw(soon));
    }
    operation& in = s.receiving;
    if (in.active && !in.done && !in.poked) {
        in.poked = true;
        later(poll, in, fd, op_kind::recv, {});
    }
}

void sim_engine::check_unchanged(const operation& op, int fd, const char* when) const {
    if (hash_of(op.from) != op.checksum) {
        net_->misuse("the buffer of a send on fd " + std::to_string(fd) + " changed " + when);
    }
}

void sim_engine::poison(operation& op) const noexcept {
    const std::size_t n = std::min(poisoned, op.size);
    std::fill_n(op.data, n, poison_byte);
    std::fill_n(op.data + (op.size - n), n, poison_byte);
}

// --- turns --------------------------------------------------------------------------------------

time_point sim_engine::read_clock() const noexcept {
    return net_->now();
}

void sim_engine::turn(const patience& given, completion_sink& sink) {
    const time_point until = given.until;
    ++counters_.enters;
    ++counters_.syscalls;
    driven_ = true;
    wanted_ = until;
    const time_point started = net_->now();
    if (net_->chance(net_->pause_chance)) net_->pass(net_->draw(net_->pause_time));
    const bool waits = until > net_->now();
    const time_point gather_end =
        waits && given.gather < until - net_->now() ? net_->now() + given.gather : until;
    waited_for_ = !waits || has_awaited_send() ? 1 : given.completions;
    std::size_t wanted = waited_for_;
    time_point end = until;
    if (waits && until < time_point::max() - net_->late_wake) {
        end += net_->draw({{}, net_->late_wake});
    }
    for (;;) {
        net_->run_due();
        if (net_->now() >= gather_end) wanted = 1;
        if (news() >= wanted || !waits || woken_.load(std::memory_order_acquire)) break;
        const time_point limit = std::min(end, net_->limit_for(*this));
        if (net_->now() >= limit) break;
        time_point next = std::min(net_->next_event(), limit);
        if (wanted > 1) next = std::min(next, gather_end);
        if (next == time_point::max()) net_->stuck("no event, deadline or wake-up is left");
        net_->advance_to(next);
    }
    woken_.store(false, std::memory_order_release);
    now_ = net_->now();
    idle_spins_ = now_ == started ? idle_spins_ + 1 : 0;
    if (idle_spins_ > most_turns_of_a_moment) {
        net_->stuck("turns follow turns and no time passes; is every engine being driven?");
    }
    // What is not over by now is waited for like everything else.
    for (const int fd : noted_) {
        const auto& s = sockets_[static_cast<std::size_t>(fd)];
        if (s) s->sending.may_lie = false;
    }
    noted_.clear();
    deliver(sink);
}

std::size_t sim_engine::news() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(ready_.begin(), ready_.end(), [this](const completion& each) {
            if (each.kind != op_kind::send) return true;
            const operation& op = sockets_[static_cast<std::size_t>(each.fd)]->sending;
            return !op.may_lie || op.result != static_cast<std::int32_t>(op.size);
        }));
}

bool sim_engine::has_awaited_send() const noexcept {
    return std::any_of(sockets_.begin(), sockets_.end(),
                       [](const auto& s) { return s && s->sending.active && !s->sending.may_lie; });
}

void sim_engine::deliver(completion_sink& sink) {
    std::vector<completion> batch = std::exchange(ready_, {});
    for (std::size_t i = batch.size(); i > 1; --i) {
        std::swap(batch[i - 1], batch[net_->random().below(i)]);
    }
    for (const completion& each : batch) {
        if (each.kind == op_kind::resolve) {
            deliver_resolved(each, sink);
        } else {
            deliver_one(each, sink);
        }
    }
    if (ready_.empty()) {
        batch.clear();
        ready_.swap(batch);  // keeps the capacity
    }
}

void sim_engine::deliver_one(const completion& each, completion_sink& sink) {
    socket* s = sockets_[static_cast<std::size_t>(each.fd)].get();
    if (s == nullptr) return;  // closed too early, which was reported
    operation& op = op_of(*s, each.kind);
    std::int32_t result = op.result;
    std::uint64_t bytes = 0;
    if (each.kind == op_kind::recv) {
        result = receive(*s);
        if (result > 0) {
            bytes = hash_of({op.data, static_cast<std::size_t>(result)});
            if (s->sending.active && s->sending.moved == s->sending.stop_at) ++early_replies_;
        }
    } else if (each.kind == op_kind::send) {
        check_unchanged(op, each.fd, "before its completion");
    }
    const op_token token = op.token;
    op.active = false;
    --outstanding_;
    ++counters_.completions;
    note("completion", token, each.fd, result, bytes);
    sink.on_completion(token, result);
}

// Fills the room only now; until here its ends had to keep their pattern.
std::int32_t sim_engine::receive(socket& s) {
    const operation& op = s.receiving;
    const std::size_t n = std::min(poisoned, op.size);
    const auto untouched = [](std::byte each) { return each == poison_byte; };
    if (!std::all_of(op.data, op.data + n, untouched) ||
        !std::all_of(op.data + (op.size - n), op.data + op.size, untouched)) {
        net_->misuse("the room of a receive was written to while the kernel owned it");
    }
    if (s.link == nullptr) return op.result;
    const bool drops = s.kicked && net_->random().below(2) == 0;
    if (s.link->arrived() != 0 && !drops) {
        const std::size_t most = std::min(op.size, s.link->arrived());
        const std::size_t taken = net_->piece(most, s.link->listener().conditions);
        return static_cast<std::int32_t>(s.link->pull({op.data, taken}));
    }
    if (s.kicked) return op.result;
    return s.link->broken() ? -ECONNRESET : 0;
}

void sim_engine::deliver_resolved(const completion& each, completion_sink& sink) {
    const resolution r = std::move(resolutions_[each.resolution]);
    --outstanding_;
    ++counters_.completions;
    note("resolved", r.token, -1, r.error, r.addresses.size());
    sink.on_resolved(r.token, r.error, r.addresses);
}

void sim_engine::note(const char* what, op_token token, int fd, std::int32_t result,
                      std::uint64_t bytes) {
    net_->trace(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    net_->trace(token.bits());
    net_->trace(static_cast<std::uint32_t>(result));
    net_->trace(bytes);
    if (!net_->verbose) return;
    static constexpr const char* kinds[] = {"connect", "send", "recv", "resolve"};
    std::fprintf(stderr, "sim %12.6f %s %s fd=%d object=%u generation=%llu result=%d\n",
                 std::chrono::duration<double>(now_.time_since_epoch()).count() - 3600, what,
                 kinds[static_cast<int>(token.kind())], fd, token.object(),
                 static_cast<unsigned long long>(token.generation()), result);
}

}  // namespace kmc::sim
