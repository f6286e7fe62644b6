#include "mix_world.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "support/self_describing.hpp"

using namespace std::chrono_literals;

namespace kmc::testing {
namespace {

using kmc::detail::rng;
using kmc::sim::sim_job;
using kmc::sim::sim_server;

constexpr int callers = 5;
constexpr int most_steps = 3000;

// Every world has its own idea of when a server has failed.
void draw_policy(client_options& o, rng& random) {
    static constexpr std::array<std::uint32_t, 3> removals{0, 1, 3};
    static constexpr std::array<double, 3> shares{0.3, 0.5, 1};
    const auto ms = [&](std::uint64_t least, std::uint64_t most) {
        return std::chrono::milliseconds(least + random.below(most - least + 1));
    };
    health_options& h = o.health;
    h.remove_failed = removals[random.below(removals.size())];
    h.retry_timeout = ms(20, 1000);
    h.dead_timeout = ms(100, random.below(2) == 0 ? 500 : 5000);
    h.dead_timeout_max = 2 * h.dead_timeout;
    h.on_dead = static_cast<on_dead>(random.below(3));
    h.max_ejected = shares[random.below(shares.size())];
    if (random.below(3) == 0) h.stand_in_ttl = ms(1, 3000);
    if (random.below(4) == 0) o.lanes = 2 + static_cast<std::uint32_t>(random.below(2));
    o.resolve_period = random.below(2) == 0 ? duration{} : duration(ms(50, 2000));
    if (random.below(4) == 0) o.max_dials_per_server = 1;
}

}  // namespace

client_options mix_world::options_of(const fault_mix& mix, std::uint64_t seed, mix_world* self) {
    client_options o;
    o.connect_timeout = 300ms;
    o.stall_timeout = 400ms;
    if (seed % 3 == 0) o.max_inflight = 4;  // a tiny window cuts every run
    rng random(seed ^ 0x0b7105);
    draw_policy(o, random);
    o.on_event = {.tell = &mix_world::on_event, .context = self};
    if (mix.shape != nullptr) mix.shape(o, random);
    return o;
}

mix_world::mix_world(const fault_mix& mix, std::uint64_t seed)
    : mix_(mix),
      random_(seed ^ 0x5eed),
      options_(options_of(mix, seed, this)),
      cluster_(seed, mix.least_servers + seed % 4, options_),
      log_(cluster_.net()) {
    log_.expect_witnesses(options_.health.on_dead);
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
        cluster_.server(i).store().watch = [this, i](const auto&... told) { witness(i, told...); };
    }
    is_listening_ = true;
}

mix_world::~mix_world() {
    is_listening_ = false;
}

world_report mix_world::run() {
    const time_point began = cluster_.net().now();
    plant();
    if (mix_.prepare != nullptr) mix_.prepare(*this);
    live();
    make_peace();
    report_.verdict =
        kmc::sim::judge(log_, {.lateness = kmc::detail::timer_wheel::tick + late_wake});
    report_.calls = log_.calls().size();
    report_.virtual_time = cluster_.net().now() - began;
    report_.trace_hash = cluster_.net().trace_hash();
    report_.history_hash = log_.hash();
    return std::move(report_);
}

// --- the beginning and the end ------------------------------------------------------------------

void mix_world::plant() {
    for (std::uint64_t i = 0; i < pinned_keys; ++i) {
        const std::string key = "pinned:" + std::to_string(i);
        const std::size_t size = i == 0 ? std::min<std::size_t>(20'000, mix_.largest_value) : 50;
        cluster_.plant(key, make_value(key, 1, size));
        log_.planted(key, server_of(key), 1);
    }
    for (std::uint64_t i = 0; i < counters; ++i) {
        const std::string key = "count:" + std::to_string(i);
        cluster_.plant(key, "0");
        counter_homes_.push_back(server_of(key));
    }
}

void mix_world::live() {
    for (int i = 0; i < callers; ++i) jobs_.push_back(cluster_.start(caller()));
    cluster_.step();
    for (int steps = 0; steps < most_steps && !jobs_.empty(); ++steps) {
        const time_point now = cluster_.net().now();
        if (mix_.accident != nullptr && now >= next_accident_) {
            mix_.accident(*this);
            next_accident_ = now + up_to_ms(mix_.accident_gap_ms);
        }
        if (mix_.is_harmful && one_in(120)) {  // somebody leaves, wherever they are
            jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(random_.below(jobs_.size())));
        }
        cluster_.step(up_to_ms(20));
        std::erase_if(jobs_, [](const sim_job& j) { return j.done(); });
    }
}

// Everything heals: those who stayed get their answers, what is on its way arrives, and then what
// is there is compared with what was said, and what is held with nothing.
void mix_world::make_peace() {
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
        sim_server& server = cluster_.server(i);
        server.tamper = nullptr;
        server.max_connections = std::numeric_limits<std::size_t>::max();
        if (!server.alive()) {
            server.restart();
            log_.lost_memory(i);
        }
    }
    cluster_.net().late_wake = {};
    cluster_.heal();
    for (sim_job& job : jobs_) {
        if (!cluster_.finish(job)) return note_unrest("a caller waits for ever");
    }
    jobs_.clear();
    if (list_changed_) use_list(full_list());
    wait_until_all_serve();
    cluster_.run_for(10s);
    log_.settled();
    look_at_memory();

    read_the_rest();
    // A connection from before may still have met its fate, and its server be taken for dead.
    wait_until_all_serve();
    cluster_.run_for(5s);
    const bool asks_names = options_.resolve_period != duration::zero();
    // A look-up may be under way at any time.
    for (int i = 0; asks_names && i < 20 && !cluster_.at_rest(); ++i) cluster_.run_for(1ms);
    if (!cluster_.at_rest()) note_unrest("slots, sockets or operations are left");
    look_at_counters();
    const auto no_timer = [this] {
        return cluster_.loop().timers().next_due() == time_point::max();
    };
    if (!asks_names && !no_timer()) note_unrest("a timer is left");
    cluster_.drop_client();
    cluster_.run_for(1s);
    if (!no_timer()) note_unrest("a timer is left of a client that is gone");
    if (cluster_.net().open_sockets() != 0) note_unrest("a socket is left");
    if (cluster_.engine().outstanding() != 0) note_unrest("the kernel holds something");
}

// Connections that were doomed in bad times may still die of it, but no new one is.
void mix_world::read_the_rest() {
    std::optional<error> why_not;
    for (int tries = 0; tries < 10; ++tries) {
        why_not.reset();
        sim_job last = cluster_.start(read_all(why_not));
        cluster_.step();
        if (!cluster_.finish(last)) return note_unrest("the last reader waits for ever");
        if (!why_not) return;
        cluster_.run_for(2s);
    }
    note_unrest("although everything healed: " + cluster_.mc().describe(*why_not));
}

// Nobody is dead for good: the longest wait of a probe, and some more of them if one met a
// connection limit or a doomed connection.
void mix_world::wait_until_all_serve() {
    const auto serves = [this](std::size_t i) {
        const server_health h = cluster_.mc().counters(i).health;
        return h == server_health::alive || h == server_health::resting;
    };
    const time_point give_up = cluster_.net().now() + 60s;
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
        while (!serves(i) && cluster_.net().now() < give_up) cluster_.run_for(100ms);
        if (!serves(i)) return note_unrest("server " + std::to_string(i) + " stays dead");
    }
}

void mix_world::look_at_counters() {
    std::uint64_t connections = 0;
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
        const server_counters c = cluster_.mc().counters(i);
        connections += c.connections;
        report_.ejections += c.ejections;
        report_.stand_ins += c.stand_ins;
        if (c.in_flight != 0 || c.orphans != 0) note_unrest("something is counted as in flight");
    }
    if (connections != cluster_.net().open_sockets()) note_unrest("connections are miscounted");
}

void mix_world::note_unrest(std::string what) {
    if (report_.unrest.empty()) report_.unrest = std::move(what);
}

void mix_world::look_at_memory() {
    const auto look = [this](const std::string& key) {
        const auto* item = cluster_.stored(key);
        if (item == nullptr) return log_.found_nothing(key, server_of(key));
        const std::int64_t version = version_of(key, item->value);
        log_.found(key, server_of(key),
                   version < 0 ? kmc::sim::history::nobodys : static_cast<std::uint64_t>(version));
    };
    for (const std::string& key : own_keys_) look(key);
    for (std::uint64_t i = 0; i < pinned_keys; ++i) look("pinned:" + std::to_string(i));
    for (std::uint64_t i = 0; i < counters; ++i) {
        const std::string key = "count:" + std::to_string(i);
        const auto* item = cluster_.server(counter_homes_[i]).store().find(key, 0);
        if (item != nullptr) log_.counted(key, counter_homes_[i], std::stoull(item->value));
    }
}

// --- accidents ----------------------------------------------------------------------------------

sim_server& mix_world::any_server() {
    return cluster_.server(random_.below(cluster_.size()));
}

duration mix_world::up_to_ms(std::uint64_t most) {
    return 1ms + static_cast<std::int64_t>(random_.below(most)) * 1ms;
}

void mix_world::kill_or_restart() {
    const std::size_t which = random_.below(cluster_.size());
    sim_server& server = cluster_.server(which);
    if (server.alive()) {
        server.kill();
    } else {
        server.restart();
        log_.lost_memory(which);
    }
}

void mix_world::empty_one() {
    const std::size_t which = random_.below(cluster_.size());
    cluster_.server(which).store().clear();
    log_.lost_memory(which);
}

void mix_world::freeze(duration time) {
    cluster_.net().pass(time);
    log_.froze(time);
}

void mix_world::cancel_one() {
    if (scopes_.empty()) return;
    scopes_[random_.below(scopes_.size())]->cancel();
}

world_report run_world(const fault_mix& mix, std::uint64_t seed) {
    mix_world world(mix, seed);
    return world.run();
}

}  // namespace kmc::testing
