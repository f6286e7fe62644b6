#include "sim/sim_cluster.hpp"

#include <numeric>
#include <stdexcept>
#include <vector>

#include "client/client_state.hpp"

namespace kmc::sim {
namespace {

using kmc::detail::client_state;
using kmc::detail::letter;
using kmc::detail::reactor;

std::vector<std::uint32_t> one_to(std::size_t last) {
    std::vector<std::uint32_t> numbers(last);
    std::iota(numbers.begin(), numbers.end(), 1U);
    return numbers;
}

}  // namespace

sim_cluster::sim_cluster(std::uint64_t seed, std::size_t servers, const client_options& options,
                         const model_options& model)
    : sim_cluster(seed, one_to(servers), options, model) {}

sim_cluster::sim_cluster(std::uint64_t seed, std::span<const std::uint32_t> weights,
                         const client_options& options, const model_options& model)
    : net_(seed), options_(options) {
    server_list list = list_of(weights);
    for (const kmc::server& s : list.servers()) servers_.emplace_back(net_, s.host, s.port, model);
    auto engine = std::make_unique<sim_engine>(net_);
    engine_ = engine.get();
    loop_ = std::make_unique<reactor>(std::move(engine), 0, net_.random().next());
    client_ = client_state::open({loop_.get()}, std::move(list), options).value();
}

server_list sim_cluster::list_of(std::span<const std::uint32_t> weights) {
    std::vector<kmc::server> servers;
    for (const std::uint32_t weight : weights) {
        kmc::server s;
        s.host = "s" + std::to_string(servers.size());
        s.port = 11211;
        s.text = s.host + ":11211";
        s.weight = weight;
        servers.push_back(std::move(s));
    }
    return server_list::of(std::move(servers)).value();
}

void sim_cluster::drop_client() noexcept {
    client_.reset();
    view_ = nullptr;
}

sim_cluster::~sim_cluster() {
    drop_client();
    loop_->shut_down(std::chrono::minutes(10));
    KMC_ASSERT(net_.open_sockets() == 0);
    KMC_ASSERT(!loop_->waiting().anybody());
    loop_.reset();
}

sim_job sim_cluster::start(task<void> work) {
    sim_job job = sim_job::run(std::move(work));
    auto& promise = job.self_.promise();
    promise.open = [](letter& l) noexcept {
        auto& self = static_cast<sim_job::promise_type&>(l);
        self.started = true;
        std::coroutine_handle<sim_job::promise_type>::from_promise(self).resume();
    };
    loop_->post(promise);
    return job;
}

void sim_cluster::step(duration limit) {
    loop_->turn(net_.now() + limit);
    check_invariants();
}

bool sim_cluster::finish(sim_job& job, duration limit) {
    const time_point give_up = net_.now() + limit;
    while (!job.done()) {
        if (net_.now() > give_up) return false;
        step();
    }
    return true;
}

void sim_cluster::run_for(duration time) {
    const time_point end = net_.now() + time;
    while (net_.now() < end) step(end - net_.now());
}

void sim_cluster::plant(const std::string& key, const std::string& value) {
    model_store& store = servers_[client_->locate(key)].store();
    store.put(key, {.value = value, .flags = 0, .expires = 0, .cas = store.next_cas()});
}

const model_store::item* sim_cluster::stored(const std::string& key) {
    return servers_[client_->locate(key)].store().find(key, 0);
}

void sim_cluster::heal() {
    net_.pause_chance = 0;
    for (sim_server& s : servers_) {
        s.conditions() = {};
        if (!s.alive()) s.restart();
        s.resume();
        s.unmute();
    }
}

kmc::detail::client_view& sim_cluster::view() {
    if (view_ == nullptr) {
        struct asking : letter {
            sim_cluster* world = nullptr;
        } ask;
        ask.world = this;
        ask.open = [](letter& l) noexcept {
            sim_cluster& world = *static_cast<asking&>(l).world;
            world.view_ = client_state::of(world.mc()).view();
        };
        loop_->post(ask);
        loop_->turn(net_.now());
    }
    return *view_;
}

bool sim_cluster::at_rest() {
    std::size_t receives = 0;
    for (const auto& lane : view().connections()) {
        if (lane == nullptr) continue;
        if (lane->in_flight() != 0) return false;
        if (lane->phase() == kmc::detail::link_phase::ready) ++receives;
    }
    return engine_->outstanding() == receives && net_.open_sockets() == receives &&
           !loop_->waiting().anybody();
}

// What must hold after every step, whatever happened in it.
void sim_cluster::check_invariants() {
    using kmc::detail::link_phase;
    if (!client_) return;
    std::size_t held = 0;
    for (const auto& lane : view().connections()) {
        if (lane == nullptr) continue;
        const unsigned outstanding = lane->outstanding();
        held += outstanding;
        const bool up = lane->phase() == link_phase::ready || lane->phase() == link_phase::greeting;
        // A connection that is up listens; it sends at most one buffer at a time.
        if (up && outstanding != 1 && outstanding != 2) throw std::logic_error("not listening");
        if (lane->phase() == link_phase::connecting && outstanding != 1) {
            throw std::logic_error("connecting without a connect");
        }
        if (lane->phase() == link_phase::closing && outstanding == 0) {
            throw std::logic_error("closing, and waiting for nothing");
        }
        if (!up && lane->in_flight() != 0) throw std::logic_error("callers left behind by a loss");
        if (lane->in_flight() > options_.max_inflight) throw std::logic_error("window overrun");
    }
    // What the connections count is what the kernel holds, but for name look-ups.
    if (engine_->outstanding() < held) throw std::logic_error("counted more than the kernel holds");
}

}  // namespace kmc::sim
