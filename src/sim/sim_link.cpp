#include "sim/sim_link.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"
#include "sim/sim_engine.hpp"

namespace kmc::sim {
namespace {

constexpr std::uint64_t never_fated = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t worth_compacting = 4096;

}  // namespace

void byte_queue::drop(std::size_t n) {
    head_ += n;
    if (head_ == data_.size()) {
        data_.clear();
        head_ = 0;
    } else if (head_ >= worth_compacting && head_ * 2 >= data_.size()) {
        data_.erase(0, head_);
        head_ = 0;
    }
}

void byte_queue::clear() noexcept {
    std::string().swap(data_);
    head_ = 0;
}

sim_link::sim_link(sim_net& net, sim_listener& there, sim_engine& engine, int fd, std::uint64_t id)
    : net_(&net),
      listener_(&there),
      engine_(&engine),
      fd_(fd),
      id_(id),
      target_(net.add_target(*this)),
      fate_at_(never_fated) {
    const sim_conditions& c = there.conditions;
    if (net.chance(c.reset)) {
        fate_is_reset_ = true;
        fate_at_ = net.random().below(c.fate_within + 1);
    } else if (net.chance(c.finish)) {
        fate_at_ = net.random().below(c.fate_within + 1);
    }
    // Nothing can arrive before the service heard of the connection.
    up_.last = down_.last = net.now() + duration(1);
    net.schedule(net.now(), target_, opened);
}

// --- the service's side -------------------------------------------------------------------------

std::string sim_link::read(std::size_t max) {
    const std::size_t n = std::min(max, up_.arrived);
    std::string out(up_.bytes.front(n));
    up_.bytes.drop(n);
    up_.arrived -= n;
    if (n != 0) tell_client();
    return out;
}

void sim_link::write(std::string_view bytes) {
    if (finishing_ || server_broke_ || gone_) return;
    backlog_.append(bytes);
    pump();
}

void sim_link::finish() {
    if (finishing_ || server_broke_ || gone_) return;
    finishing_ = true;
    pump();
}

void sim_link::abort_writes() {
    backlog_.clear();
}

void sim_link::reset() {
    if (server_broke_ || gone_) return;
    server_broke_ = true;
    if (net_->random().below(2) == 0) down_.bytes.cut(down_.arrived);
    net_->schedule(arrival(down_), target_, down_breaks);
    settle();
}

void sim_link::again(duration delay) {
    net_->schedule(net_->now() + delay, target_, serve, 1);
}

void sim_link::stall(duration time) {
    stalled_until_ = time == duration::max() ? time_point::max() : net_->now() + time;
}

void sim_link::resume() {
    stalled_until_ = {};
    ask_to_serve({});
}

void sim_link::ask_to_serve(duration delay) {
    if (serving_) return;
    serving_ = true;
    net_->schedule(net_->now() + delay, target_, serve);
}

// --- the client's side --------------------------------------------------------------------------

std::size_t sim_link::room() noexcept {
    // To a peer that hung up everything goes: it is swallowed, and answered by a reset.
    return server_broke_ || finishing_ ? listener_->conditions.window : window_of(up_);
}

void sim_link::push(std::string_view bytes) {
    if (server_broke_ || gone_) return;
    if (down_.ending) {
        net_->schedule(arrival(down_), target_, down_breaks);
        return;
    }
    const std::size_t n = within_fate(bytes.size());
    if (n != 0) {
        up_.bytes.append(bytes.substr(0, n));
        net_->schedule(arrival(up_), target_, up_arrives, n);
    }
    count(n);
}

std::size_t sim_link::pull(std::span<std::byte> into) {
    const std::size_t n = std::min(into.size(), down_.arrived);
    kmc::detail::copy_bytes(into.data(), down_.bytes.front(n).data(), n);
    down_.bytes.drop(n);
    down_.arrived -= n;
    pump();
    return n;
}

void sim_link::leave(farewell how) {
    if (left_) return;
    left_ = true;
    if (gone_) return;
    if (how == farewell::orderly) {
        net_->schedule(arrival(up_), target_, up_ends);
        return;
    }
    // What a reset overtakes is lost.
    const std::size_t flying = up_.bytes.size() - up_.arrived;
    up_.bytes.cut(up_.arrived + net_->random().below(flying + 1));
    net_->schedule(arrival(up_), target_, up_breaks);
}

void sim_link::detach() noexcept {
    engine_ = nullptr;
    down_.bytes.drop(down_.arrived);
    down_.arrived = 0;
}

void sim_link::tell_client() {
    if (engine_ != nullptr) engine_->on_link(fd_);
}

// --- what travels -------------------------------------------------------------------------------

time_point sim_link::arrival(stream& way) {
    const time_point drawn = net_->now() + net_->draw(listener_->conditions.latency);
    return way.last = std::max(drawn, way.last + duration(1));
}

// A window that was full opens again when half of it was read, as TCP's does; else one side that
// takes small sips would make the other send in sips for ever.
std::size_t sim_link::window_of(stream& way) const noexcept {
    const std::size_t window = listener_->conditions.window;
    const std::size_t room = window - std::min(window, way.bytes.size());
    if (room == 0) way.closed = true;
    if (room >= std::max<std::size_t>(1, window / 2)) way.closed = false;
    return way.closed ? 0 : room;
}

std::size_t sim_link::within_fate(std::size_t n) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(n, fate_at_ - moved_));
}

void sim_link::count(std::size_t n) {
    moved_ += n;
    if (moved_ == fate_at_) meet_fate();
}

void sim_link::meet_fate() {
    if (fate_is_reset_) {
        reset();
    } else if (!down_.ending && !server_broke_) {
        finishing_ = true;
        backlog_.clear();
        finish_now();
    }
}

void sim_link::pump() {
    const sim_conditions& c = listener_->conditions;
    if (server_broke_ || gone_) return;
    while (backlog_.size() != 0) {
        std::size_t n = std::min({backlog_.size(), window_of(down_), c.segment});
        if (n == 0) break;
        n = within_fate(net_->piece(n, c));
        if (n != 0) {
            down_.bytes.append(backlog_.front(n));
            backlog_.drop(n);
            net_->schedule(arrival(down_), target_, down_arrives, n);
        }
        count(n);
        if (server_broke_ || gone_ || down_.ending) return;
    }
    if (backlog_.size() != 0) {
        was_backlogged_ = true;
        return;
    }
    if (was_backlogged_) {
        was_backlogged_ = false;
        net_->schedule(net_->now(), target_, drained);
    }
    if (finishing_) finish_now();
}

// A close with unread input goes out as a reset, after what was written.
void sim_link::finish_now() {
    if (down_.ending) return;
    down_.ending = true;
    net_->schedule(arrival(down_), target_, up_.arrived != 0 ? down_breaks : down_ends);
    settle();
}

void sim_link::on_event(std::uint32_t what, std::uint64_t a, std::uint64_t) {
    sim_service* const service = listener_->service_;
    switch (static_cast<kind>(what)) {
        case opened:
            if (service != nullptr && !gone_) service->on_open(*this);
            if (fate_at_ == 0) meet_fate();
            return;
        case up_arrives:
            if (gone_ || server_broke_) return;
            if (finishing_) {
                // Nobody is there to take it; what came before may still be read.
                up_.bytes.cut(up_.arrived);
                if (down_.ending) net_->schedule(arrival(down_), target_, down_breaks);
                return;
            }
            up_.arrived += std::min<std::size_t>(a, up_.bytes.size() - up_.arrived);
            if (net_->chance(listener_->conditions.stall)) {
                stall(net_->draw(listener_->conditions.stall_time));
            }
            ask_to_serve(net_->draw(listener_->conditions.service_time));
            return;
        case up_ends:
            up_.ended = true;
            settle();
            ask_to_serve(net_->draw(listener_->conditions.service_time));
            return;
        case up_breaks:
            server_broke_ = true;
            settle();
            return;
        case down_arrives:
            if (left_) {
                down_.bytes.drop(std::min<std::size_t>(a, down_.bytes.size()));
                pump();
                return;
            }
            down_.arrived += std::min<std::size_t>(a, down_.bytes.size() - down_.arrived);
            tell_client();
            return;
        case down_ends:
            down_.ended = true;
            tell_client();
            return;
        case down_breaks:
            broken_ = true;
            tell_client();
            return;
        case serve:
            if (a == 0) serving_ = false;
            if (gone_ || server_broke_ || finishing_ || service == nullptr) return;
            if (net_->now() < stalled_until_) {
                if (stalled_until_ != time_point::max()) ask_to_serve(stalled_until_ - net_->now());
                return;
            }
            service->on_readable(*this);
            return;
        case drained:
            if (!gone_ && !server_broke_ && service != nullptr) service->on_drained(*this);
            return;
        case goodbye:
            if (service != nullptr) service->on_gone(*this);
            return;
    }
}

// Both ends are done: the service hears it once.
void sim_link::settle() {
    const bool over = server_broke_ || (down_.ending && up_.ended);
    if (!over || gone_) return;
    gone_ = true;
    up_.bytes.clear();
    up_.arrived = 0;
    backlog_.clear();
    if (engine_ == nullptr) {
        down_.bytes.clear();
        down_.arrived = 0;
    }
    std::erase(listener_->links_, this);
    net_->schedule(net_->now(), target_, goodbye);
    tell_client();
}

}  // namespace kmc::sim
