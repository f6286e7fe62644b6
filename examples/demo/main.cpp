// The main job of kmc, seen: five memcached nodes, ten thousand keys, multi-gets from 64
// coroutines; then a node is killed, and comes back.
//
// Exit status: 0 if every value read was the value written and each phase showed what it should,
// 1 if not, 2 if it could not begin.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <kmc/kmc.hpp>

#include "node.hpp"
#include "report.hpp"
#include "workload.hpp"

namespace demo {
namespace {

constexpr std::array<unsigned, 5> weights = {1, 2, 2, 3, 4};
constexpr std::size_t ring_samples = 100'000;
constexpr std::size_t shown_batch = 0;
constexpr auto return_patience = std::chrono::seconds(15);

using cluster = std::array<node, weights.size()>;

std::string server_list_of(const cluster& nodes) {
    std::string list;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (i != 0) list += ',';
        list += "127.0.0.1:" + std::to_string(nodes[i].port()) + ":" + std::to_string(weights[i]);
    }
    return list;
}

// A key drawn at random falls on a server with the probability of its share of the ring.
std::vector<double> sample_ring(const kmc::client& mc) {
    std::vector<double> shares(mc.servers().size());
    for (std::size_t i = 0; i < ring_samples; ++i) {
        shares[mc.locate("sample:" + std::to_string(i))] += 1.0 / ring_samples;
    }
    return shares;
}

// The numbers of the items that live on `server`; on any, if it is beyond the last.
std::vector<std::size_t> items_on(const kmc::client& mc, const item_set& items,
                                  std::size_t server) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < key_count; ++i) {
        if (server >= mc.servers().size() || mc.locate(items.key(i)) == server)
            numbers.push_back(i);
    }
    return numbers;
}

void show_cluster(report& out, const kmc::client& mc, const item_set& items) {
    std::vector<std::size_t> keys_per_server(mc.servers().size());
    for (std::size_t i = 0; i < key_count; ++i) ++keys_per_server[mc.locate(items.key(i))];
    out.spread(mc, keys_per_server, sample_ring(mc));
    out.line("(ring share: of " + grouped(ring_samples) + " other keys)");
}

void load(report& out, kmc::runtime& rt, const kmc::client& mc, const item_set& items) {
    out.heading("Load " + grouped(key_count) + " keys");
    const counts done = store(rt, mc, items, items_on(mc, items, mc.servers().size()));
    show_cluster(out, mc, items);
    out.line("stored in " + fixed(done.time.count(), 2) + " s");
    out.expect(done.hits == key_count, "all keys were stored: " + done.first_error);
}

void read(report& out, kmc::runtime& rt, const kmc::client& mc, const item_set& items) {
    constexpr std::size_t batches = coroutine_count * batches_per_coroutine;
    out.heading("Read them: " + grouped(coroutine_count) + " coroutines, " + grouped(batches) +
                " multi-gets of " + grouped(batch_size));
    const counts done = read_all(rt, mc, items);
    const double rate = batches / done.time.count();
    out.line(grouped(done.hits) + " hits, " + grouped(done.misses) + " misses, " +
             grouped(done.errors) + " errors in " + fixed(done.time.count(), 2) + " s");
    out.line(grouped(static_cast<std::size_t>(rate)) + " batches per second, " +
             grouped(static_cast<std::size_t>(rate * batch_size)) + " keys per second");
    out.expect(done.wrong == 0, "no value was another's");
    out.expect(done.misses == 0, "nothing was missing");
    out.expect(done.errors == 0, "nothing failed: " + done.first_error);
    out.expect(done.hits == batches * batch_size, "every key was answered");
}

// The server with the most keys of the batch that is shown.
std::size_t choose_victim(const batch_outcome& healthy) {
    const auto most = std::max_element(
        healthy.servers.begin(), healthy.servers.end(),
        [](const server_share& a, const server_share& b) { return a.asked < b.asked; });
    return static_cast<std::size_t>(most - healthy.servers.begin());
}

void expect_others_whole(report& out, const batch_outcome& outcome, std::size_t victim) {
    for (std::size_t s = 0; s < outcome.servers.size(); ++s) {
        if (s == victim) continue;
        out.expect(outcome.servers[s].hits == outcome.servers[s].asked,
                   "each living server answered all of its keys");
    }
}

void wound(report& out, kmc::runtime& rt, const kmc::client& mc, const item_set& items, node& dying,
           std::size_t victim) {
    out.heading("Kill " + mc.server_at(victim).text + " (SIGKILL to process " +
                std::to_string(dying.pid()) + "), read the same batch");
    dying.kill_now();
    const batch_outcome outcome = read_batch(rt, mc, items, shown_batch);
    out.batch(mc, outcome);
    expect_others_whole(out, outcome, victim);
    const server_share& lost = outcome.servers[victim];
    out.expect(
        lost.errors == lost.asked && lost.is_same_why &&
            (lost.why == kmc::errc::connect_failed || lost.why == kmc::errc::connection_lost),
        "each key of the dead server has its typed reason");
}

// The client dials again by itself, after the pause it keeps after a failure.
batch_outcome read_until_back(report& out, kmc::runtime& rt, const kmc::client& mc,
                              const item_set& items, std::size_t victim) {
    const auto begin = std::chrono::steady_clock::now();
    while (true) {
        const batch_outcome outcome = read_batch(rt, mc, items, shown_batch);
        const auto waited = std::chrono::steady_clock::now() - begin;
        if (outcome.servers[victim].errors == 0 || waited > return_patience) {
            const std::chrono::duration<double> seconds = waited;
            out.line("served again after " + fixed(seconds.count(), 2) + " s");
            return outcome;
        }
        expect_others_whole(out, outcome, victim);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void heal(report& out, kmc::runtime& rt, const kmc::client& mc, const item_set& items, node& reborn,
          std::size_t victim) {
    out.heading("Start it again on the same port, empty");
    reborn.start_again();
    const batch_outcome first = read_until_back(out, rt, mc, items, victim);
    out.batch(mc, first);
    expect_others_whole(out, first, victim);
    out.expect(first.servers[victim].misses == first.servers[victim].asked,
               "the server that came back misses all of its keys");

    const auto lost = items_on(mc, items, victim);
    out.heading("Store its " + grouped(lost.size()) + " keys again, read the same batch");
    const counts stored = store(rt, mc, items, lost);
    out.expect(stored.hits == lost.size(), "its keys were stored again: " + stored.first_error);
    const batch_outcome second = read_batch(rt, mc, items, shown_batch);
    out.batch(mc, second);
    expect_others_whole(out, second, second.servers.size());
}

int show(kmc::backend engine) {
    cluster nodes;
    auto rt = kmc::runtime::open({.backend = engine});
    if (!rt) {
        std::fprintf(stderr, "%s\n", rt.error().message().c_str());
        return 2;
    }
    kmc::client_options options;
    options.call_timeout = std::chrono::seconds(10);  // a busy machine is no failure of the demo
    options.batch_timeout = std::chrono::seconds(10);
    options.stall_timeout = std::chrono::seconds(10);
    const auto opened = kmc::client::open(rt.value(), server_list_of(nodes), options);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message().c_str());
        return 2;
    }
    const kmc::client& mc = opened.value();
    const item_set items;

    report out;
    out.line("kmc " KMC_VERSION ": a cluster of " + std::to_string(nodes.size()) +
             " memcached nodes on loopback");
    const kmc::runtime_info& engine_in_use = rt.value().info();
    const bool has_reason = engine_in_use.reason != engine_in_use.backend;
    out.line("backend: " + engine_in_use.backend +
             (has_reason ? " (" + engine_in_use.reason + ")" : std::string()));
    load(out, rt.value(), mc, items);
    read(out, rt.value(), mc, items);

    out.heading("One multi-get of " + grouped(batch_size) + ", all nodes alive");
    const batch_outcome healthy = read_batch(rt.value(), mc, items, shown_batch);
    out.batch(mc, healthy);
    expect_others_whole(out, healthy, healthy.servers.size());

    const std::size_t victim = choose_victim(healthy);
    wound(out, rt.value(), mc, items, nodes[victim], victim);
    heal(out, rt.value(), mc, items, nodes[victim], victim);
    read(out, rt.value(), mc, items);
    out.verdict();
    return out.is_good() ? 0 : 1;
}

constexpr const char* usage = "usage: demo [--backend automatic|io_uring|epoll]\n";

std::optional<kmc::backend> backend_named(std::string_view name) {
    if (name == "automatic") return kmc::backend::automatic;
    if (name == "io_uring") return kmc::backend::io_uring;
    if (name == "epoll") return kmc::backend::epoll;
    return std::nullopt;
}

// The flag is for people; KMC_BACKEND does the same.
int run(int argc, char** argv) {
    const std::string_view flag = argc > 1 ? argv[1] : "";
    if (flag == "--help") {
        std::fputs(usage, stdout);
        return 0;
    }
    if (argc == 1) return show(kmc::backend::automatic);
    const auto engine = backend_named(argc == 3 && flag == "--backend" ? argv[2] : "");
    if (!engine) {
        std::fputs(usage, stderr);
        return 2;
    }
    return show(*engine);
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
    try {
        return demo::run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "demo: %s\n", e.what());
        return 2;
    }
}
