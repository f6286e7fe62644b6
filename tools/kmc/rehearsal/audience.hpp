// The users of a rehearsal: each reads keys as programs with a cache do (get; on a miss ask the
// source and store what it says), and now and then changes one.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/task.hpp>

#include "base/rng.hpp"
#include "rehearsal/outcome.hpp"
#include "rehearsal/plan.hpp"
#include "sim/sim_cluster.hpp"

namespace kmc::rehearsal {

// Told of every read that ended.
class critic {
public:
    // @param home  the server that the ring gives the key to.
    virtual void on_read(time_point began, std::size_t home, bool was_home_dead,
                         const result<std::optional<value>>& r) = 0;
    [[nodiscard]] virtual bool is_dead(std::size_t server) const = 0;

protected:
    ~critic() = default;
};

class audience {
public:
    audience(const plan& p, sim::sim_cluster& world, outcome& into, critic& told);

    // Every key where it belongs, with what is left of its life spread evenly.
    void warm_up();
    // One user, until the end of the plan.
    [[nodiscard]] task<void> user(std::size_t number);
    [[nodiscard]] std::size_t leaving() const noexcept { return gone_; }

private:
    struct acknowledged {
        std::uint64_t version;
        time_point when;
    };
    struct truth {
        std::string name;
        std::size_t home = 0;
        std::uint64_t version = 0;        // of the source
        std::vector<acknowledged> known;  // to the cache, growing
    };

    [[nodiscard]] task<void> read(std::size_t key);
    [[nodiscard]] task<void> update(std::size_t key);
    [[nodiscard]] std::size_t draw_key(detail::rng& random) const;
    [[nodiscard]] duration draw_pause(detail::rng& random) const;
    [[nodiscard]] std::string value_of(const truth& of) const;
    void judge(const truth& of, time_point began, std::uint64_t source, std::string_view bytes);
    void count_load();
    [[nodiscard]] time_point now() const { return world_.net().now(); }

    const plan& plan_;
    sim::sim_cluster& world_;
    outcome& outcome_;
    critic& told_;
    time_point begins_;
    std::vector<truth> keys_;
    std::vector<double> share_up_to_;  // by key; the last is 1
    std::size_t gone_ = 0;
};

}  // namespace kmc::rehearsal
