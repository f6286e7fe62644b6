// The way to a server: leave to dial, the look-up of its name, the addresses in turn, the greeting;
// and the look-ups of the name while connected.

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>

#include "net/connection.hpp"
#include "net/connection_sizes.hpp"

namespace kmc::detail {
namespace {

// How long to wait before asking for leave to dial again, and up to how much more.
constexpr duration permit_wait = std::chrono::milliseconds(2);

// Errors of opening or connecting a socket that say nothing about the server.
constexpr bool is_our_own(std::int32_t error) noexcept {
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM ||
           error == -EADDRNOTAVAIL;
}

// Whether the address may become another one.
bool is_name(const server& s) noexcept {
    return s.kind == server::transport::tcp && s.host.find(':') == std::string::npos &&
           s.host.find_first_not_of("0123456789.") != std::string::npos;
}

pipeline_limits limits_of(const client_options& options) {
    return {.max_slots = options.max_inflight, .value_bytes_max = options.item_size_max};
}

}  // namespace

// With leave to dial; without, it asks again in a moment, as long as anybody waits.
void connection::start_dialling() noexcept {
    if (permit_.try_take(peer_.state.dials, options_.max_dials_per_server)) {
        start_resolving();
    } else if (pending_.empty()) {
        feed_event(link_event::let_be);
    } else {
        const auto more = static_cast<duration::rep>(
            reactor_.random().below(static_cast<std::uint64_t>(4 * permit_wait.count())));
        reactor_.timers().add(alarm_, reactor_.now() + permit_wait + duration(more));
    }
}

void connection::start_resolving() noexcept {
    generation_ = reactor_.next_generation();
    why_lost_ = errc::connect_failed;
    dialled_ = reactor_.engine().read_clock();
    give_up_dialling_ = dialled_ + options_.connect_timeout;
    peer_.traffic.dials.add(1);
    reactor_.timers().add(alarm_, give_up_dialling_);
    try {
        reactor_.engine().resolve(token(op_kind::resolve), peer_.what.host, peer_.what.port);
    } catch (const std::exception&) {
        give_up_dialling(errc::overloaded);
    }
}

void connection::on_resolved(op_token token, std::int32_t error,
                             std::span<const address> addresses) noexcept {
    // A look-up that outlived its attempt answers nobody.
    if (token.generation() != generation_) return;
    if (fsm_.phase() == link_phase::ready && error == 0) check_addresses(addresses);
    if (fsm_.phase() != link_phase::resolving || !permit_.is_held()) return;
    try {
        addresses_.assign(addresses.begin(), addresses.end());
    } catch (const std::bad_alloc&) {
        return give_up_dialling(errc::overloaded);
    }
    next_address_ = 0;
    if (error != 0 || addresses_.empty()) return give_up_dialling(errc::connect_failed);
    feed_event(link_event::resolved);
}

// Tries the addresses in order, within the one deadline of the attempt: each gets an even share of
// the time that is left, so that one which swallows connects does not hide those behind it.
void connection::dial_next_address() noexcept {
    while (next_address_ < addresses_.size()) {
        const auto left = static_cast<duration::rep>(addresses_.size() - next_address_);
        const address& to = addresses_[next_address_++];
        fd_ = reactor_.engine().open_socket(to);
        if (fd_ < 0) {
            if (is_our_own(fd_)) why_lost_ = errc::overloaded;
            continue;
        }
        try {
            reactor_.engine().connect(token(op_kind::connect), fd_, to);
        } catch (const std::exception&) {
            why_lost_ = errc::overloaded;
            reactor_.engine().close_socket(fd_);
            continue;
        }
        connecting_ = true;
        const time_point now = reactor_.now();
        reactor_.timers().add(alarm_, now + (give_up_dialling_ - now) / left);
        return;
    }
    fd_ = -1;
    give_up_dialling(why_lost_);
}

void connection::on_connected(std::int32_t result) noexcept {
    connecting_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result == 0) {
        reactor_.timers().add(alarm_, give_up_dialling_);
        why_lost_ = errc::connect_failed;
        return feed_event(link_event::connected);
    }
    why_lost_ = is_our_own(result) ? errc::overloaded : errc::connect_failed;
    reactor_.engine().close_socket(fd_);
    fd_ = -1;
    dial_next_address();
}

// The first request of a connection: a NOOP, which every binary server answers at once and a text
// server answers with a line of text (its opcode is a newline).
void connection::greet() {
    pipeline_.emplace(limits_of(options_), static_cast<std::uint32_t>(reactor_.random().next()));
    tx_.clear();
    if (rx_.capacity() < rx_bytes) rx_.reset(rx_bytes);
    rx_.clear();
    greeting_.count = greeting_.open = 1;
    greeting_.encoded = 0;
    greeting_.answered = false;
    pipeline_->encode(greeting_, tx_, tx_bytes);
    send_pending_bytes();
    arm_receive();
}

const op_hooks connection::greeting_hooks = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            static_cast<greeting&>(node).answered = r.status == status::ok;
        },
    .on_error = [](op_node&, std::uint32_t, error) noexcept {},
    .on_complete = [](op_node&) noexcept {},
};

// ---- names that move ------------------------------------------------------------------------

void connection::watch_the_name() noexcept {
    if (options_.resolve_period == duration::zero() || !is_name(peer_.what)) return;
    const auto tenth = static_cast<std::uint64_t>(options_.resolve_period.count() / 10);
    const auto early = static_cast<duration::rep>(reactor_.random().below(tenth + 1));
    reactor_.timers().add(name_alarm_, reactor_.now() + options_.resolve_period - duration(early));
}

void connection::on_name_alarm(timer& t) noexcept {
    connection& self = *static_cast<alarm&>(t).owner;
    if (self.fsm_.phase() != link_phase::ready) return;
    try {
        self.reactor_.engine().resolve(self.token(op_kind::resolve), self.peer_.what.host,
                                       self.peer_.what.port);
    } catch (const std::exception&) {
        // Then the next time.
    }
    self.watch_the_name();
}

void connection::check_addresses(std::span<const address> addresses) noexcept {
    const address& present = addresses_[next_address_ - 1];
    const auto is_present = [&](const address& a) {
        return a.size == present.size &&
               std::equal(a.bytes.begin(), a.bytes.begin() + a.size, present.bytes.begin());
    };
    if (addresses.empty() || std::any_of(addresses.begin(), addresses.end(), is_present)) return;
    wants_renewal_ = true;
    reactor_.mark_dirty(*this);
}

// True while the connection is to be replaced: what is on the way ends first, what waits goes over
// the next one.
bool connection::renew() noexcept {
    if (!wants_renewal_) return false;
    if (pipeline_->empty() && tx_.empty()) {
        why_lost_ = errc::connect_failed;
        feed_event(link_event::renew);
    }
    return true;
}

}  // namespace kmc::detail
