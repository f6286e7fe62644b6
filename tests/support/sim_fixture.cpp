#include "support/sim_fixture.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "sim/sim_engine.hpp"
#include "sim/sim_link.hpp"
#include "sim/sim_net.hpp"

namespace kmc::testing {
namespace {

using kmc::sim::reachability;
using kmc::sim::sim_engine;
using kmc::sim::sim_link;
using kmc::sim::sim_listener;
using kmc::sim::sim_net;
using kmc::sim::sim_service;

// Lets the case itself be the server: connections wait to be accepted, bytes to be read.
class waiting_room final : public sim_service {
public:
    void on_open(sim_link& link) override { waiting.push_back(&link); }
    void on_readable(sim_link&) override {}

    std::deque<sim_link*> waiting;
};

class sim_peer final : public peer_stream {
public:
    explicit sim_peer(sim_link& link) : link_(&link) {}
    ~sim_peer() override { link_->finish(); }

    [[nodiscard]] std::string read(std::size_t max) override { return link_->read(max); }
    [[nodiscard]] bool at_end() override { return link_->gone() || link_->at_end(); }
    std::size_t write(std::string_view bytes) override {
        if (link_->unsent() != 0) return 0;
        const std::size_t n = std::min(bytes.size(), link_->listener().conditions.window);
        link_->write(bytes.substr(0, n));
        return n;
    }
    void close() override { link_->finish(); }
    void reset() override { link_->reset(); }

private:
    sim_link* link_;
};

class sim_peer_listener final : public peer_listener {
public:
    sim_peer_listener(sim_net& net, sim_listener& there, waiting_room& room)
        : net_(&net), there_(&there), room_(&room) {}
    ~sim_peer_listener() override { net_->close(*there_); }

    [[nodiscard]] place where() const override { return {there_->host(), there_->port()}; }
    [[nodiscard]] std::unique_ptr<peer_stream> accept() override {
        if (room_->waiting.empty()) return nullptr;
        sim_link& next = *room_->waiting.front();
        room_->waiting.pop_front();
        return std::make_unique<sim_peer>(next);
    }

private:
    sim_net* net_;
    sim_listener* there_;
    waiting_room* room_;
};

class sim_fixture final : public engine_fixture {
public:
    explicit sim_fixture(std::uint64_t seed)
        : net_(seed), engine_(std::make_unique<sim_engine>(net_)) {
        engine_->may_end_busy = true;
        net_.set_name("known", {"127.0.0.1"});
        net_.listen("127.0.0.1", silent_port, room()).conditions.connects = reachability::silent;
    }

    [[nodiscard]] kmc::detail::io_engine& engine() override { return *engine_; }
    void end_engine() override { engine_.reset(); }

    [[nodiscard]] std::unique_ptr<peer_listener> listen(stream_kind kind) override {
        ++listeners_;
        const std::string path = "/sim/" + std::to_string(listeners_);
        waiting_room& fresh = room();
        sim_listener& there = kind == stream_kind::unix_path
                                  ? net_.listen(path, 0, fresh)
                                  : net_.listen("127.0.0.1", listeners_, fresh);
        return std::make_unique<sim_peer_listener>(net_, there, fresh);
    }
    [[nodiscard]] place refusing() override { return {"127.0.0.1", refusing_port}; }
    [[nodiscard]] place silent() override { return {"127.0.0.1", silent_port}; }
    [[nodiscard]] place missing() override { return {"/sim/missing", 0}; }
    [[nodiscard]] place known_name() override { return {"known", 11211}; }
    [[nodiscard]] place unknown_name() override { return {"unknown", 11211}; }
    [[nodiscard]] bool has_real_threads() const override { return false; }

private:
    static constexpr std::uint16_t refusing_port = 60'001;
    static constexpr std::uint16_t silent_port = 60'002;

    waiting_room& room() {
        rooms_.push_back(std::make_unique<waiting_room>());
        return *rooms_.back();
    }

    std::vector<std::unique_ptr<waiting_room>> rooms_;
    sim_net net_;
    std::unique_ptr<sim_engine> engine_;
    std::uint16_t listeners_ = 0;
};

}  // namespace

std::unique_ptr<engine_fixture> make_sim_fixture(std::uint64_t seed) {
    return std::make_unique<sim_fixture>(seed);
}

}  // namespace kmc::testing
