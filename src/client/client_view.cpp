#include "client/client_view.hpp"

#include <algorithm>
#include <new>
#include <string>

#include <kmc/detail/block_pool.hpp>

#include "base/bytes.hpp"
#include "client/stand_in.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail {
namespace {

// Longer deadlines are cut to this, so that duration::max() may stand for "no deadline" and adding
// it to the time does not overflow.
constexpr duration deadline_max = std::chrono::hours(24 * 365);

// Where an admitted node is counted.
enum counted : std::uint8_t { nowhere, at_client, at_link };

}  // namespace

client_view::host::host(client_view& view, cluster::record& of)
    : what(of),
      where{.what = of.what,
            .number = of.number,
            .watcher = view,
            .traffic = of.traffic[view.reactor_.index()],
            .state = of.state},
      nurse(view.reactor_, *view.shared_, of, view.options_) {}

client_view::client_view(reactor& r, std::shared_ptr<cluster> shared, const key_routing& routing,
                         const client_options& options)
    : reactor_(r),
      shared_(std::move(shared)),
      routing_(routing),
      options_(options),
      links_per_server_(options.lanes + (options.bulk_bytes != 0 ? 1 : 0)),
      stand_in_life_(stand_in_life(options.health)),
      subscriber_(r, this,
                  [](void* self) noexcept { static_cast<client_view*>(self)->refresh(); }) {
    all_.limit(options.max_requests, options.max_bytes);
    farewell_.view = this;
    farewell_.open = [](letter& l) noexcept {
        client_view& self = *static_cast<farewell_letter&>(l).view;
        self.reactor_.evict(self);
    };
    leave_timer_.view = this;
    leave_timer_.on_fire = [](timer& t) noexcept { static_cast<leave_timer&>(t).view->let_go(); };
    const cluster::bulletin now = shared_->latest();
    grow(now.records);
    route_ = now.route;
    version_ = now.version;
    shared_->subscribe(subscriber_);
}

client_view::~client_view() {
    shared_->unsubscribe(subscriber_);
}

// ---- news of the cluster ----------------------------------------------------------------------

void client_view::take_news() noexcept {
    if (closed_) return;
    const cluster::bulletin now = shared_->latest();
    try {
        grow(now.records);
    } catch (const std::exception&) {
        return;
    }
    route_ = now.route;
    version_ = now.version;
    for (const auto& h : hosts_) {
        if (h->what.is_member.load(std::memory_order_relaxed)) {
            return_to(h->what.number);
        } else {
            part_from(h->what.number);
        }
    }
}

void client_view::grow(std::size_t servers) {
    while (hosts_.size() < servers) {
        // In this order, so that what there is fits together also when memory ends in between.
        while (links_.size() < (hosts_.size() + 1) * links_per_server_) {
            links_.emplace_back().limits.limit(options_.max_requests_per_connection,
                                               options_.max_bytes_per_connection);
        }
        hosts_.push_back(std::make_unique<host>(*this, shared_->at(hosts_.size())));
    }
}

// What is under way to a server that was removed ends first, for as long as a batch may take.
void client_view::part_from(server_number server) noexcept {
    const time_point until =
        reactor_.now() + std::max(options_.call_timeout, options_.batch_timeout);
    for (std::uint32_t i = 0; i < links_per_server_; ++i) {
        lane& l = links_[server * links_per_server_ + i];
        if (l.line == nullptr || l.leaves != time_point{}) continue;
        l.leaves = until;
        // Not later for those that come later: lists may change more often than that.
        if (!leave_timer_.is_linked()) reactor_.timers().add(leave_timer_, until);
        leave_if_idle(l);
    }
}

void client_view::return_to(server_number server) noexcept {
    for (std::uint32_t i = 0; i < links_per_server_; ++i) {
        links_[server * links_per_server_ + i].leaves = {};
    }
}

void client_view::leave_if_idle(lane& l) noexcept {
    if (l.line == nullptr || !l.is_idle() || closed_) return;
    try {
        leaving_.emplace_back();
    } catch (const std::bad_alloc&) {
        return;  // the timer asks again
    }
    leaving_.back() = std::move(l.line);
    leaving_.back()->drain();
    l.leaves = {};
}

void client_view::let_go() noexcept {
    const time_point now = reactor_.now();
    time_point next = time_point::max();
    for (lane& l : links_) {
        if (l.leaves == time_point{}) continue;
        if (l.leaves <= now && l.line != nullptr) {
            // Those in line first, or they would take the places of those that end.
            refuse_line(l.limits, errc::connect_failed);
            l.line->retire(errc::connection_lost);
            leave_if_idle(l);
            next = std::min(next, now + timer_wheel::tick);
        } else {
            next = std::min(next, l.leaves);
        }
    }
    std::erase_if(leaving_, [](const auto& line) { return line->is_settled(); });
    if (!leaving_.empty()) next = std::min(next, now + timer_wheel::tick);
    if (next != time_point::max()) {
        reactor_.timers().add(leave_timer_, std::max(next, now + timer_wheel::tick));
    }
}

void client_view::on_failure(const peer& where, const link_failure& what) noexcept {
    host& at = *hosts_[where.number];
    const auto probe_at = shared_->on_failure(at.what, what, reactor_.now(), reactor_.random());
    if (probe_at && !closed_) at.nurse.schedule(*probe_at);
}

void client_view::on_answer(const peer& where) noexcept {
    shared_->on_answer(hosts_[where.number]->what, reactor_.now());
}

void client_view::on_change(const peer& where, event_kind what, errc why) noexcept {
    shared_->on_change(hosts_[where.number]->what, what, why, reactor_.now());
}

bool client_view::reroute(op_node& node) noexcept {
    if (closed_ || options_.health.on_dead == on_dead::fail_fast) return false;
    refresh();
    return node.hooks->on_reroute != nullptr && node.hooks->on_reroute(node);
}

// ---- where a request goes ---------------------------------------------------------------------

std::optional<errc> client_view::route(op_node& node, request& r, char*& wire_key,
                                       std::string_view group, bool is_large) noexcept {
    const std::string_view prefix = routing_.prefix();
    if (r.key_size == 0 || group.size() > key_bytes_max) return errc::bad_key;
    if (r.key_size + prefix.size() > key_bytes_max) return errc::bad_key;
    if (!prefix.empty()) {
        const std::size_t size = prefix.size() + r.key_size;
        wire_key = static_cast<char*>(try_take_block(size));
        if (wire_key == nullptr) return errc::overloaded;
        copy_bytes(wire_key, prefix.data(), prefix.size());
        copy_bytes(wire_key + prefix.size(), r.key, r.key_size);
        r.key = wire_key;
        r.key_size = static_cast<std::uint16_t>(size);
    }
    if (const auto objection = objection_to(r)) return objection;
    if (r.is_shared && r.value_size < options_.borrow_bytes) {
        r.value = r.block->bytes().data();
        r.is_shared = false;
    }
    return choose(node, r, group, is_large);
}

std::optional<errc> client_view::choose(op_node& node, request& r, std::string_view group,
                                        bool is_large) noexcept {
    destination to;
    // With a single connection there is nothing to choose, and nothing to hash.
    if (links_.size() > 1 || route_->has_dead()) {
        try {
            std::string room;
            to = route_->of(group.empty() ? routing_.hashed_part(r.key_view())
                                          : routing_.hashed_group(group, room));
        } catch (const std::bad_alloc&) {
            return errc::overloaded;
        }
    }
    node.server = to.server;
    if (to.how == fate::dead) return errc::server_dead;
    if (to.how == fate::stand_in) {
        if (const auto objection = fit_for_stand_in(r, to.server)) return objection;
        node.has_stand_ins = true;
    }
    node.link = link_to(to.server, to.hash, is_bulk(r, is_large));
    node.bytes = std::uint64_t{r.key_size} + r.value_size;
    return std::nullopt;
}

std::optional<errc> client_view::aim(op_node& node, const request& r) noexcept {
    if (r.key_size > key_bytes_max) return errc::bad_key;
    if (node.server >= hosts_.size() || !hosts_[node.server]->what.is_member.load()) {
        node.server = error::no_server;
        return errc::bad_config;
    }
    if (hosts_[node.server]->where.state.is_dead.load()) return errc::server_dead;
    node.link = link_to(node.server, 0, false);
    node.bytes = r.key_size;
    return std::nullopt;
}

std::optional<errc> client_view::fit_for_stand_in(request& r, server_number stand_in) noexcept {
    hosts_[stand_in]->where.traffic.stand_ins.add(1);
    return detail::fit_for_stand_in(r, stand_in_life_);
}

duration client_view::time_for(duration given, duration fallback) noexcept {
    return std::min(given == duration::zero() ? fallback : given, deadline_max);
}

// ---- nodes come and go ------------------------------------------------------------------------

void client_view::submit(op_node& node) noexcept {
    node.counted = nowhere;
    if (closed_) return refuse(node, errc::client_closed);
    if (must_wait(all_, node)) return;
    enter_link(node);
}

// True when the node is taken care of: it waits in the line, or was refused.
bool client_view::must_wait(quota& q, op_node& node) noexcept {
    if (q.line().empty() && q.admits(node)) return false;
    if (options_.when_full == when_full::fail) {
        refuse(node, errc::overloaded);
    } else {
        q.line().push_back(node);
    }
    return true;
}

void client_view::enter_link(op_node& node) noexcept {
    all_.take(node);
    node.counted = at_client;
    if (must_wait(links_[node.link].limits, node)) return;
    dispatch(node);
}

void client_view::dispatch(op_node& node) noexcept {
    lane& to = links_[node.link];
    to.limits.take(node);
    node.counted = at_link;
    const peer& where = hosts_[node.server]->where;
    // It died while the node waited in a line.
    if (where.state.is_dead.load(std::memory_order_relaxed)) {
        if (!reroute(node)) refuse(node, errc::server_dead);
        return;
    }
    if (to.line != nullptr && to.line->phase() == link_phase::retired) {
        return refuse(node, errc::connect_failed);  // its time ran out, and it is on its way out
    }
    if (to.line == nullptr) {
        try {
            to.line = std::make_unique<connection>(reactor_, where, options_);
        } catch (const std::bad_alloc&) {
            return refuse(node, errc::overloaded);
        }
    }
    to.line->enqueue(node);
    // Somebody who had asked before the server was removed.
    if (!hosts_[node.server]->what.is_member.load(std::memory_order_relaxed)) {
        part_from(node.server);
    }
}

void client_view::withdraw(op_node& node) noexcept {
    if (node.where != nullptr) node.where->abandon(node);
    node.unlink();
    const std::uint8_t counted = std::exchange(node.counted, nowhere);
    lane& from = links_[node.link];
    if (counted == at_link) from.limits.give_back(node);
    if (counted != nowhere) all_.give_back(node);
    // Also when it only stood in a line: it may have been what the others waited behind.
    look_at(from.limits);
    look_at(all_);
    look_at_lines();
    if (from.leaves != time_point{}) leave_if_idle(from);
}

void client_view::look_at(quota& q) noexcept {
    if (!q.line().empty() && !q.is_linked()) to_look_at_.push_back(q);
}

// Lets those go whose turn has come. A node that goes may end at once and make room for others:
// hence a list instead of a recursion.
void client_view::look_at_lines() noexcept {
    if (looking_ || closed_) return;
    looking_ = true;
    while (!to_look_at_.empty()) {
        quota& q = to_look_at_.pop_front();
        while (!q.line().empty() && q.admits(q.line().front())) {
            op_node& node = q.line().pop_front();
            if (&q == &all_) {
                enter_link(node);
            } else {
                dispatch(node);
            }
        }
    }
    looking_ = false;
}

void client_view::refuse(op_node& node, errc why) noexcept {
    for (std::uint32_t i = 0; i < node.count; ++i) {
        node.fail(i, {.code = why, .at = node.stage_of(i), .server = node.server});
    }
    node.open = 0;
    node.hooks->on_complete(node);
}

void client_view::refuse_line(quota& q, errc why) noexcept {
    while (!q.line().empty()) refuse(q.line().pop_front(), why);
}

std::vector<const connection*> client_view::connections() const {
    std::vector<const connection*> all;
    for (const lane& l : links_) all.push_back(l.line.get());
    for (const auto& line : leaving_) all.push_back(line.get());
    return all;
}

// ---- the end ----------------------------------------------------------------------------------

// The lines first: what retires makes room, and nobody may use it any more.
void client_view::close() noexcept {
    closed_ = true;
    refuse_line(all_, errc::client_closed);
    for (lane& l : links_) refuse_line(l.limits, errc::client_closed);
    for (lane& l : links_) {
        if (l.line != nullptr) l.line->retire();
    }
    leave_timer_.unlink();
    for (const auto& line : leaving_) line->retire();
    for (const auto& h : hosts_) h->nurse.stop();
    shared_->unsubscribe(subscriber_);
}

bool client_view::is_settled() const noexcept {
    if (subscriber_.is_expecting()) return false;
    const auto settled = [](const auto& line) { return line == nullptr || line->is_settled(); };
    return std::all_of(leaving_.begin(), leaving_.end(), settled) &&
           std::all_of(links_.begin(), links_.end(),
                       [&](const lane& l) { return settled(l.line); }) &&
           std::all_of(hosts_.begin(), hosts_.end(),
                       [](const auto& h) { return h->nurse.is_settled(); });
}

}  // namespace kmc::detail
