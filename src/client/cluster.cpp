#include "client/cluster.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include "loop/reactor.hpp"

namespace kmc::detail {
namespace {

std::uint64_t weight_of(const server& s) noexcept {
    return std::max(s.weight, 1U);
}

bool is_same_server(const server& a, const server& b) noexcept {
    return a.kind == b.kind && a.port == b.port && a.host == b.host && a.text == b.text &&
           a.name == b.name;
}

}  // namespace

cluster::subscriber::subscriber(reactor& at, void* self, void (*on_news)(void*) noexcept) noexcept
    : at_(at), self_(self), on_news_(on_news) {
    open = [](letter& l) noexcept {
        auto& me = static_cast<subscriber&>(l);
        me.is_posted_.store(false, std::memory_order_release);
        me.on_news_(me.self_);
    };
}

cluster::cluster(const client_options& options, std::size_t reactors)
    : options_(options), reactors_(reactors) {}

config_result<std::shared_ptr<cluster>> cluster::make(server_list servers,
                                                      const client_options& options,
                                                      std::size_t reactors) {
    auto self = std::make_shared<cluster>(options, reactors);
    auto home = topology::build(std::move(servers), options.ring);
    if (!home) return home.error();
    for (const server& s : home.value()->servers()) {
        self->records_.emplace_back(static_cast<server_number>(self->records_.size()), s, reactors);
    }
    self->route_ = self->make_router(std::move(home.value()));
    return self;
}

// ---- who is there -----------------------------------------------------------------------------

cluster::bulletin cluster::latest() const {
    const std::lock_guard lock(mutex_);
    return {.route = route_,
            .version = version_.load(std::memory_order_relaxed),
            .records = records_.size()};
}

cluster::record& cluster::at(std::size_t number) {
    const std::lock_guard lock(mutex_);
    return records_[number];
}

std::size_t cluster::known() const {
    const std::lock_guard lock(mutex_);
    return records_.size();
}

config_result<void> cluster::change(server_list servers, time_point now) {
    const std::lock_guard one_at_a_time(change_mutex_);
    const std::shared_ptr<const topology> old = route()->home_ptr();
    if (std::equal(servers.servers().begin(), servers.servers().end(), old->servers().begin(),
                   old->servers().end())) {
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }
    auto numbers = numbers_for(servers.servers());
    if (!numbers) return numbers.error();
    // What is not a ring is found out before anything changes.
    auto made = topology::build(std::move(servers), options_.ring, {}, std::move(numbers.value()));
    if (!made) return made.error();
    const std::shared_ptr<const topology> fresh = std::move(made.value());

    std::vector<const record*> added;
    std::vector<const record*> removed;
    {
        const std::lock_guard lock(mutex_);
        add_records(*fresh);
        std::vector<bool> is_member(records_.size(), false);
        for (const server_number n : fresh->numbers()) is_member[n] = true;
        for (record& r : records_) {
            const bool was_member = r.is_member.exchange(is_member[r.number]);
            if (was_member == is_member[r.number]) continue;
            (was_member ? removed : added).push_back(&r);
            // Whoever comes, or comes back, starts with a clean slate.
            r.condition = health{};
            r.is_held = false;
            set_rest(r);
        }
        readmit_surplus(*fresh);
        publish(fresh);
    }
    for (const record* r : removed) on_change(*r, event_kind::server_removed, errc{}, now);
    for (const record* r : added) on_change(*r, event_kind::server_added, errc{}, now);
    tell({.kind = event_kind::servers_changed, .when = now});
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

// Under the lock: of the dead, only so many stay out as may be in this list.
void cluster::readmit_surplus(const topology& list) noexcept {
    std::uint64_t all = 0;
    for (const server& s : list.servers()) all += weight_of(s);
    std::uint64_t dead = 0;
    for (std::size_t i = 0; i < list.servers().size(); ++i) {
        record& r = records_[list.number_of(static_cast<server_index>(i))];
        if (!r.condition.is_dead()) continue;
        dead += weight_of(list.servers()[i]);
        if (may_be_out(dead, all)) continue;
        r.condition = health{};
        set_rest(r);
    }
}

// Those that were on a list before keep their numbers, the first of equal ones the first number;
// the others get the next ones, in order.
config_result<std::vector<server_number>> cluster::numbers_for(
    std::span<const server> servers) const {
    const std::lock_guard lock(mutex_);
    std::unordered_map<std::string_view, std::vector<const record*>> by_text;
    for (auto r = records_.rbegin(); r != records_.rend(); ++r)
        by_text[r->what.text].push_back(&*r);
    std::vector<server_number> numbers;
    std::size_t next = records_.size();
    for (const server& s : servers) {
        std::vector<const record*>& same_text = by_text[s.text];
        const auto known = std::find_if(same_text.rbegin(), same_text.rend(), [&](const record* r) {
            return is_same_server(r->what, s);
        });
        if (known != same_text.rend()) {
            numbers.push_back((*known)->number);
            same_text.erase(std::next(known).base());
        } else {
            numbers.push_back(static_cast<server_number>(next++));
        }
    }
    if (next > error::no_server) {
        return config_error("a client can know 65535 servers in its life");
    }
    return numbers;
}

// Under the lock: of the servers that are new, not yet members.
void cluster::add_records(const topology& list) {
    for (std::size_t i = 0; i < list.servers().size(); ++i) {
        const server_number n = list.number_of(static_cast<server_index>(i));
        if (n < records_.size()) continue;
        records_.emplace_back(n, list.servers()[i], reactors_).is_member.store(false);
    }
}

void cluster::subscribe(subscriber& who) {
    const std::lock_guard lock(mutex_);
    subscribers_.push_back(who);
}

void cluster::unsubscribe(subscriber& who) noexcept {
    const std::lock_guard lock(mutex_);
    who.list_hook::unlink();
}

// Under the lock. When there is no memory for it, the old one stays until the next change.
void cluster::publish(std::shared_ptr<const topology> home) noexcept {
    try {
        route_ = make_router(std::move(home));
    } catch (const std::bad_alloc&) {
        return;
    }
    version_.fetch_add(1, std::memory_order_release);
    for (subscriber* s = subscribers_.empty() ? nullptr : &subscribers_.front(); s != nullptr;
         s = subscribers_.next_of(*s)) {
        if (!s->is_posted_.exchange(true, std::memory_order_acq_rel)) s->at_.post(*s);
    }
}

std::shared_ptr<const router> cluster::make_router(std::shared_ptr<const topology> home) const {
    std::vector<std::uint8_t> is_out(home->servers().size(), 0);
    std::vector<server_index> ejected;
    for (std::size_t i = 0; i < is_out.size(); ++i) {
        const auto place = static_cast<server_index>(i);
        if (!records_[home->number_of(place)].condition.is_dead()) continue;
        is_out[i] = 1;
        ejected.push_back(place);
    }
    if (ejected.empty()) is_out.clear();
    std::shared_ptr<const topology> present;
    if (!ejected.empty() && options_.health.on_dead == on_dead::rebuild) {
        auto made = topology::build(home->list(), home->spec(), ejected);
        if (made) present = std::move(made.value());
    }
    return std::make_shared<const router>(std::move(home), std::move(is_out),
                                          options_.health.on_dead, std::move(present));
}

// ---- what is believed of them -----------------------------------------------------------------

// Under the lock.
void cluster::set_rest(record& of) noexcept {
    const bool rests = of.condition.state() == server_health::resting;
    const time_point until = rests ? of.condition.retry_at() : time_point{};
    of.state.rests_until.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    of.state.is_dead.store(of.condition.is_dead(), std::memory_order_relaxed);
    of.state.is_suspect.store(of.condition.is_suspect(), std::memory_order_relaxed);
}

time_point cluster::last_heard(const record& of) const noexcept {
    duration::rep last = 0;
    for (std::size_t i = 0; i < reactors_; ++i) {
        last = std::max(last, of.traffic[i].heard.load(std::memory_order_relaxed));
    }
    return time_point(duration(last));
}

// Under the lock: whether not too large a share would be dead with it.
bool cluster::may_eject(const record& of) const noexcept {
    const topology& home = route_->home();
    std::uint64_t all = 0;
    std::uint64_t dead = 0;
    for (std::size_t i = 0; i < home.servers().size(); ++i) {
        const server_number n = home.number_of(static_cast<server_index>(i));
        const std::uint64_t weight = weight_of(home.servers()[i]);
        all += weight;
        if (n == of.number || records_[n].condition.is_dead()) dead += weight;
    }
    return may_be_out(dead, all);
}

bool cluster::may_be_out(std::uint64_t weight, std::uint64_t of_all) const noexcept {
    return static_cast<double>(weight) <= options_.health.max_ejected * static_cast<double>(of_all);
}

std::optional<time_point> cluster::on_failure(record& of, const link_failure& seen, time_point now,
                                              rng& chance) noexcept {
    event news{.server_number = of.number, .server = &of.what, .reason = seen.why, .when = now};
    {
        const std::lock_guard lock(mutex_);
        ++(seen.kind == failure::hard ? of.hard_failures : of.soft_failures);
        if (!of.is_member.load(std::memory_order_relaxed)) return {};
        if (seen.is_silence && seen.began < last_heard(of)) return {};
        const health_options& rules = options_.health;
        news.failures = of.condition.failures() + 1;
        verdict what = of.condition.on_failure(seen.kind, seen.began, now, rules, chance);
        if (what == verdict::eject && !may_eject(of)) {
            what = of.condition.hold(seen.kind, now, rules, chance);
            if (!std::exchange(of.is_held, true)) news.kind = event_kind::ejection_refused;
        }
        set_rest(of);
        if (what == verdict::rest && news.kind == event_kind::none) {
            news.kind = event_kind::server_resting;
        } else if (what == verdict::eject) {
            news.kind = event_kind::server_dead;
            ++of.ejections;
            publish(route_->home_ptr());
        }
        if (of.condition.state() != server_health::alive) {
            news.wait = of.condition.retry_at() - now;
        }
    }
    if (news.kind == event_kind::none) return {};
    tell(news);
    if (news.kind != event_kind::server_dead) return {};
    return now + news.wait;
}

void cluster::on_answer(record& of, time_point now) noexcept {
    {
        const std::lock_guard lock(mutex_);
        of.is_held = of.is_held && of.condition.is_dead();
        const verdict what = of.condition.on_answer();
        set_rest(of);
        if (what != verdict::recover) return;
        of.state.returns.fetch_add(1, std::memory_order_relaxed);
    }
    on_change(of, event_kind::server_recovered, errc{}, now);
}

bool cluster::try_begin_probe(record& of, time_point now) noexcept {
    const std::lock_guard lock(mutex_);
    if (!of.condition.try_begin_probe(now)) return false;
    ++of.probes;
    return true;
}

void cluster::on_probe_answered(record& of, time_point now) noexcept {
    {
        const std::lock_guard lock(mutex_);
        // Taken off the list, and put on it again, while the probe was under way.
        if (of.condition.state() != server_health::probing) return;
        (void)of.condition.on_probe_answered();
        of.is_held = false;
        set_rest(of);
        of.state.returns.fetch_add(1, std::memory_order_relaxed);
        publish(route_->home_ptr());
    }
    on_change(of, event_kind::server_back, errc{}, now);
}

std::optional<time_point> cluster::on_probe_failed(record& of, errc why, time_point now,
                                                   rng& chance) noexcept {
    event news{.kind = event_kind::probe_failed,
               .server_number = of.number,
               .server = &of.what,
               .reason = why,
               .when = now};
    {
        const std::lock_guard lock(mutex_);
        if (of.condition.state() != server_health::probing) return {};
        of.condition.on_probe_failed(now, options_.health, chance);
        news.wait = of.condition.retry_at() - now;
    }
    tell(news);
    return now + news.wait;
}

void cluster::on_change(const record& of, event_kind what, errc why,
                        time_point now) const noexcept {
    tell(
        {.kind = what, .server_number = of.number, .server = &of.what, .reason = why, .when = now});
}

// Never under the lock: the hook may ask for counters.
void cluster::tell(const event& news) const noexcept {
    if (options_.on_event.tell != nullptr) options_.on_event.tell(options_.on_event.context, news);
}

server_counters cluster::counters(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    const record& of = records_[number];
    server_counters sum{.health = of.condition.state(),
                        .hard_failures = of.hard_failures,
                        .soft_failures = of.soft_failures,
                        .ejections = of.ejections,
                        .probes = of.probes};
    for (std::size_t i = 0; i < reactors_; ++i) {
        const link_traffic& t = of.traffic[i];
        sum.connections += t.connections.read();
        sum.in_flight += t.in_flight.read();
        sum.orphans += t.orphans.read();
        sum.requests += t.requests.read();
        sum.replies += t.replies.read();
        sum.retries += t.retries.read();
        sum.timed_out += t.timed_out.read();
        sum.bytes_out += t.bytes_out.read();
        sum.bytes_in += t.bytes_in.read();
        sum.dials += t.dials.read();
        sum.connect_failures += t.connect_failures.read();
        sum.connections_lost += t.connections_lost.read();
        sum.closed_idle += t.closed_idle.read();
        sum.protocol_errors += t.protocol_errors.read();
        sum.stand_ins += t.stand_ins.read();
    }
    return sum;
}

}  // namespace kmc::detail
