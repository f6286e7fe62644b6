// The least that can drive an engine: a sink that keeps what it was told, and a service that
// answers each byte with itself.

#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_link.hpp"
#include "sim/sim_net.hpp"

namespace kmc::testing {

using kmc::sim::sim_engine;
using kmc::sim::sim_link;
using kmc::sim::sim_listener;
using kmc::sim::sim_net;
using kmc::sim::sim_service;

struct delivery {
    kmc::detail::op_token token{0};
    std::int32_t result = 0;
    std::vector<kmc::detail::address> addresses;
};

class recording_sink final : public kmc::detail::completion_sink {
public:
    void on_completion(kmc::detail::op_token token, std::int32_t result) noexcept override {
        all.push_back({token, result, {}});
    }
    void on_resolved(kmc::detail::op_token token, std::int32_t error,
                     std::span<const kmc::detail::address> found) noexcept override {
        all.push_back({token, error, {found.begin(), found.end()}});
    }

    // Takes the delivery for that token out; null results are told by `has`.
    [[nodiscard]] bool has(kmc::detail::op_token token) const {
        for (const delivery& d : all) {
            if (d.token == token) return true;
        }
        return false;
    }
    [[nodiscard]] std::int32_t take(kmc::detail::op_token token) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!(all[i].token == token)) continue;
            const std::int32_t result = all[i].result;
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
            return result;
        }
        return INT32_MIN;
    }

    std::vector<delivery> all;
};

class echo_service final : public sim_service {
public:
    void on_readable(sim_link& link) override {
        if (deaf) return;
        const std::string got = link.read();
        heard += got;
        link.write(got);
        if (link.at_end()) link.finish();
    }
    void on_gone(sim_link&) override { ++gone; }

    bool deaf = false;
    std::string heard;
    int gone = 0;
};

// One engine, one listener, one connection at a time.
struct sim_probe {
    explicit sim_probe(std::uint64_t seed) : net(seed), there(net.listen("host", 1, service)) {
        there.conditions.short_send = 0;
        there.conditions.dribble = 0;
    }

    [[nodiscard]] kmc::detail::op_token token(kmc::detail::op_kind kind) {
        return {kind, 0, ++last};
    }

    // Turns until the operation ended, and says how.
    std::int32_t wait(kmc::detail::op_token t, duration limit = std::chrono::minutes(5)) {
        const time_point end = net.now() + limit;
        while (!sink.has(t) && net.now() < end) engine.turn(end, sink);
        return sink.take(t);
    }

    int connected() {
        const kmc::detail::address where = net.address_of("host", 1);
        const int fd = engine.open_socket(where);
        const auto t = token(kmc::detail::op_kind::connect);
        engine.connect(t, fd, where);
        return wait(t) == 0 ? fd : -1;
    }

    std::int32_t send(int fd, std::string_view text) {
        const auto t = token(kmc::detail::op_kind::send);
        engine.send(t, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
        return wait(t);
    }

    // What arrives until `size` bytes are there, or the end, or an error (in last_error).
    std::string read(int fd, std::size_t size) {
        std::string got;
        std::vector<char> room(4096);
        while (got.size() < size) {
            const auto t = token(kmc::detail::op_kind::recv);
            engine.recv(t, fd, std::as_writable_bytes(std::span(room)));
            last_result = wait(t);
            if (last_result <= 0) break;
            got.append(room.data(), static_cast<std::size_t>(last_result));
        }
        return got;
    }

    sim_net net;
    echo_service service;
    sim_listener& there;
    sim_engine engine{net};
    recording_sink sink;
    std::uint64_t last = 0;
    std::int32_t last_result = 0;
};

}  // namespace kmc::testing
