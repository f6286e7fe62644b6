#include "rehearsal/rehearse.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "rehearsal/audience.hpp"
#include "sim/sim_cluster.hpp"

namespace kmc::rehearsal {
namespace {

using namespace std::chrono_literals;

// A local network without accidents: what goes wrong is the plan's to say.
void make_calm(sim::sim_conditions& c) {
    c = {};
    c.latency = {50us, 150us};
    c.short_send = c.dribble = 0;
}

class performance final : private critic {
public:
    explicit performance(const plan& p)
        : plan_(p),
          is_dead_(p.weights.size(), false),
          has_outage_(p.weights.size(), false),
          dials_(p.outages.size()),
          world_(p.seed, p.weights, options()),
          begins_(world_.net().now()),
          audience_(p, world_, out_, *this) {
        out_.outages.resize(p.outages.size());
        out_.timeline.resize(seconds_in(p.length));
        for (const outage& o : p.outages) has_outage_[o.server] = true;
        for (std::size_t i = 0; i < world_.size(); ++i) make_calm(world_.server(i).conditions());
    }
    // The client tells of some things while the world ends.
    ~performance() { is_over_ = true; }
    performance(const performance&) = delete;
    performance& operator=(const performance&) = delete;

    outcome play() {
        audience_.warm_up();
        for (std::size_t i = 0; i < plan_.outages.size(); ++i) prepare(i);
        std::vector<sim::sim_job> jobs;
        for (std::size_t i = 0; i < plan_.clients; ++i) {
            jobs.push_back(world_.start(audience_.user(i)));
        }
        while (audience_.leaving() != jobs.size()) world_.step();
        is_over_ = true;
        sum_up();
        return std::move(out_);
    }

private:
    static std::size_t seconds_in(duration length) {
        return static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(length).count());
    }

    client_options options() {
        client_options o;
        o.ring = plan_.ring;
        o.call_timeout = plan_.deadline;
        o.health = plan_.health;
        o.on_event = {.tell = &performance::on_event, .context = this};
        return o;
    }

    // --- outages --------------------------------------------------------------------------------

    void prepare(std::size_t which) {
        const outage& o = plan_.outages[which];
        at(o.begin, [this, which] { begin(plan_.outages[which]); });
        at(o.end, [this, which] { end(plan_.outages[which]); });
        if (o.kind == outage_kind::flap) {
            for (duration t = o.begin; t < o.end; t += o.down + o.up) {
                at(t, [this, which] { server_of(which).kill(); });
                if (t + o.down < o.end)
                    at(t + o.down, [this, which] { server_of(which).restart(); });
            }
        }
        // How often the server was dialled, second by second.
        for (duration t = o.begin; t < o.end; t += 1s) {
            at(t, [this, which] { dials_[which].push_back(dials_of(which)); });
        }
        at(o.end, [this, which] { dials_[which].push_back(dials_of(which)); });
    }

    void at(duration when, std::function<void()> what) {
        world_.net().at(begins_ + when, std::move(what));
    }

    void begin(const outage& o) {
        sim::sim_server& server = world_.server(o.server);
        switch (o.kind) {
            case outage_kind::kill:
                return server.kill();
            case outage_kind::hang:
                return server.pause();
            case outage_kind::slow:
                server.conditions().service_time = {o.latency, o.latency};
                return;
            case outage_kind::partition:
                server.conditions().connects = sim::reachability::silent;
                return server.pause();
            case outage_kind::flap:
                return;  // prepare() has it
        }
    }

    void end(const outage& o) {
        sim::sim_server& server = world_.server(o.server);
        make_calm(server.conditions());
        if (o.kind == outage_kind::kill || o.kind == outage_kind::flap) server.restart();
        if (o.kind == outage_kind::hang || o.kind == outage_kind::partition) server.resume();
    }

    sim::sim_server& server_of(std::size_t outage) {
        return world_.server(plan_.outages[outage].server);
    }
    std::uint64_t dials_of(std::size_t outage) {
        const server_counters c = world_.mc().counters(plan_.outages[outage].server);
        return c.dials + c.probes;
    }

    // --- what is seen ---------------------------------------------------------------------------

    [[nodiscard]] bool is_dead(std::size_t server) const override { return is_dead_[server]; }

    [[nodiscard]] bool is_in_outage(duration when) const {
        return std::any_of(plan_.outages.begin(), plan_.outages.end(),
                           [&](const outage& o) { return when >= o.begin && when < o.end; });
    }

    static void note(reads& sort, duration took, const result<std::optional<value>>& r) {
        ++sort.count;
        sort.hits += r && r.value();
        sort.errors += !r;
        sort.times.push_back(took);
    }

    void on_read(time_point began, std::size_t home, bool was_home_dead,
                 const result<std::optional<value>>& r) override {
        const duration when = began - begins_;
        const duration took = world_.net().now() - began;
        const bool in_outage = is_in_outage(when);
        note(out_.all, took, r);
        if (in_outage) note(out_.in_outage, took, r);
        if (has_outage_[home]) note(out_.affected, took, r);
        if (has_outage_[home] && in_outage) note(out_.affected_in_outage, took, r);
        if (!r) ++out_.errors[static_cast<std::size_t>(r.error().code)];
        if (const auto at = static_cast<std::size_t>(when / 1s); at < out_.timeline.size()) {
            ++out_.timeline[at].reads;
            out_.timeline[at].hits += r && r.value();
            out_.timeline[at].errors += !r;
        }
        if (r && !was_home_dead) note_success(home, when, when + took);
    }

    void note_success(std::size_t server, duration began, duration ended) {
        for (std::size_t i = 0; i < plan_.outages.size(); ++i) {
            const outage& o = plan_.outages[i];
            if (o.server != server || began < o.end || out_.outages[i].to_first_success) continue;
            out_.outages[i].to_first_success = ended - o.end;
        }
    }

    static void on_event(void* self, const event& news) noexcept {
        static_cast<performance*>(self)->note_event(news);
    }

    void note_event(const event& news) {
        if (is_over_) return;
        const std::size_t server = news.server_number;
        switch (news.kind) {
            case event_kind::server_dead:
                is_dead_[server] = true;
                note_ejection(server, news.when - begins_);
                break;
            case event_kind::server_back:
                is_dead_[server] = false;
                ++out_.readmissions;
                break;
            case event_kind::ejection_refused:
                ++out_.ejections_refused;
                break;
            case event_kind::probe_failed:
                break;
            default:
                return;
        }
        out_.incidents.push_back(
            {news.when - begins_, news.kind, server, news.reason, news.failures});
    }

    void note_ejection(std::size_t server, duration when) {
        for (std::size_t i = 0; i < plan_.outages.size(); ++i) {
            const outage& o = plan_.outages[i];
            outage_news& mine = out_.outages[i];
            if (o.server != server || when < o.begin || when >= o.end || mine.to_ejection) continue;
            mine.to_ejection = when - o.begin;
        }
    }

    void sum_up() {
        for (std::size_t i = 0; i < world_.size(); ++i) {
            const server_counters c = world_.mc().counters(i);
            out_.ejections += c.ejections;
            out_.probes += c.probes;
            out_.stand_ins += c.stand_ins;
        }
        for (std::size_t i = 0; i < plan_.outages.size(); ++i) {
            const std::vector<std::uint64_t>& seen = dials_[i];
            const double length =
                std::chrono::duration<double>(plan_.outages[i].end - plan_.outages[i].begin)
                    .count();
            outage_news& mine = out_.outages[i];
            mine.dials_mean = static_cast<double>(seen.back() - seen.front()) / length;
            for (std::size_t s = 1; s < seen.size(); ++s) {
                mine.dials_peak = std::max(mine.dials_peak, seen[s] - seen[s - 1]);
            }
        }
        for (reads* sort : {&out_.all, &out_.in_outage, &out_.affected, &out_.affected_in_outage}) {
            std::sort(sort->times.begin(), sort->times.end());
        }
        out_.trace_hash = world_.net().trace_hash();
    }

    const plan& plan_;
    bool is_over_ = false;  // the first: the client's last events ask for it
    std::vector<bool> is_dead_;
    std::vector<bool> has_outage_;
    std::vector<std::vector<std::uint64_t>> dials_;  // by outage
    outcome out_;
    sim::sim_cluster world_;
    time_point begins_;
    audience audience_;
};

}  // namespace

outcome rehearse(const plan& p) {
    performance tonight(p);
    return tonight.play();
}

}  // namespace kmc::rehearsal
