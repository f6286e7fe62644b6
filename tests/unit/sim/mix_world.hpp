// One small world of the proof: a handful of callers on a simulated cluster, accidents of one mix,
// and the history of it all. What the mixes are stands in fault_mixes.cpp.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/cancel.hpp>

#include "sim/history.hpp"
#include "sim/history_check.hpp"
#include "sim/sim_cluster.hpp"

namespace kmc::testing {

class mix_world;

// A kind of trouble. Functions without state; what they need is in the world.
struct fault_mix {
    std::string_view name;
    // Changes the client's options, before there is a world.
    void (*shape)(client_options&, kmc::detail::rng&) = nullptr;
    // Once, before anybody calls.
    void (*prepare)(mix_world&) = nullptr;
    // Again and again while callers are busy, with up to so many milliseconds between.
    void (*accident)(mix_world&) = nullptr;
    std::uint64_t accident_gap_ms = 60;
    // Large values in pieces of a few bytes take long and show nothing new.
    std::size_t largest_value = 60'000;
    // Some calls get deadlines that they cannot meet.
    bool is_hasty = true;
    // More servers than one, so that lists can differ.
    std::size_t least_servers = 1;
    // Callers come to harm: their coroutines are destroyed, their calls cancelled.
    bool is_harmful = false;
};

[[nodiscard]] const std::vector<fault_mix>& fault_mixes();

// What a world came to.
struct world_report {
    kmc::sim::judgement verdict;
    std::string unrest;  // what did not come back, if anything
    std::uint64_t calls = 0;
    std::uint64_t ejections = 0;
    std::uint64_t stand_ins = 0;
    duration virtual_time{};
    std::uint64_t trace_hash = 0;    // of what the kernel delivered
    std::uint64_t history_hash = 0;  // of what callers were told
};

[[nodiscard]] world_report run_world(const fault_mix& mix, std::uint64_t seed);

class mix_world {
public:
    mix_world(const fault_mix& mix, std::uint64_t seed);
    mix_world(const mix_world&) = delete;
    mix_world& operator=(const mix_world&) = delete;
    ~mix_world();

    [[nodiscard]] world_report run();

    // --- for mixes ------------------------------------------------------------------------------

    [[nodiscard]] kmc::detail::rng& random() noexcept { return random_; }
    [[nodiscard]] kmc::sim::sim_cluster& cluster() noexcept { return cluster_; }
    [[nodiscard]] kmc::sim::history& log() noexcept { return log_; }
    [[nodiscard]] kmc::sim::sim_server& any_server();
    [[nodiscard]] bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
    // 1..most ms.
    [[nodiscard]] duration up_to_ms(std::uint64_t most);

    // A new list of some of the servers, in any order and with other weights.
    void change_list();
    // Ends a server's process, or starts the next one, which knows nothing.
    void kill_or_restart();
    // An operator empties a server.
    void empty_one();
    // The client's process stands still.
    void freeze(duration);
    // One of the calls that can be cancelled is.
    void cancel_one();
    // Timers may come later than a tick.
    duration late_wake{};

private:
    friend class scope_seat;
    using id = kmc::sim::history::id;

    // "shared" keys are stored, removed and expire; "pinned" ones are there from the beginning and
    // never removed; numbers are only counted up.
    static constexpr std::uint64_t shared_keys = 24;
    static constexpr std::uint64_t pinned_keys = 24;
    static constexpr std::uint64_t counters = 4;

    [[nodiscard]] static client_options options_of(const fault_mix& mix, std::uint64_t seed,
                                                   mix_world* self);

    // What servers and the client tell.
    void witness(std::size_t server, kmc::sim::model_store::done what, const std::string& key,
                 const kmc::sim::model_store::answer& a, std::uint64_t now);
    static void on_event(void* self, const event& news) noexcept;
    void check_life(const std::string& key, std::size_t server,
                    const kmc::sim::model_store::item& item, std::uint64_t now);

    // What callers do; mix_calls.cpp, mix_batches.cpp.
    task<void> caller();
    task<void> one_get();
    task<void> one_set();
    task<void> one_del();
    task<void> one_count();
    task<void> one_get_many(many_reply& reuse);
    task<void> one_touch_many();
    task<void> one_del_many();
    task<void> one_write(write_batch& batch);
    task<void> one_stream();
    task<void> one_refill(write_batch& batch);

    [[nodiscard]] std::string shared_key();
    [[nodiscard]] std::string pinned_key();
    [[nodiscard]] std::string counter_key();
    [[nodiscard]] std::vector<std::string> some_keys(std::uint64_t most);
    [[nodiscard]] std::string next_value(std::string_view key, std::uint64_t version);
    [[nodiscard]] duration some_deadline();
    [[nodiscard]] std::size_t server_of(std::string_view key) { return cluster_.mc().locate(key); }

    [[nodiscard]] id begin(kmc::sim::deed what, std::string_view key, duration deadline,
                           std::uint64_t version = 0, duration ttl = {});
    [[nodiscard]] std::vector<id> begin_all(kmc::sim::deed what,
                                            const std::vector<std::string>& keys,
                                            duration deadline);
    // The same for an entry of a batch, which keeps the order of its key's.
    void begin_entry(std::vector<id>& batch, kmc::sim::deed what, std::string_view key,
                     duration deadline, std::uint64_t version = 0);
    void end_read(id which, std::string_view key, std::optional<std::string_view> value);
    void end_failed(id which, const error& why);

    // The beginning and the end.
    void plant();
    void live();
    void make_peace();
    [[nodiscard]] std::vector<server> full_list() const;
    void use_list(std::vector<server> list);
    void wait_until_all_serve();
    void look_at_memory();
    void look_at_counters();
    task<void> read_all(std::optional<error>& why_not);
    void read_the_rest();
    void note_unrest(std::string what);

    const fault_mix& mix_;
    bool is_listening_ = false;  // to events: the client tells some when everything below is gone
    kmc::detail::rng random_;
    client_options options_;
    kmc::sim::sim_cluster cluster_;
    kmc::sim::history log_;
    std::vector<cancel_scope*> scopes_;
    std::vector<std::string> own_keys_;
    std::vector<std::size_t> counter_homes_;
    bool list_changed_ = false;
    std::uint64_t version_ = 1;
    std::uint64_t errors_ = 0;
    time_point next_accident_{};
    world_report report_;
    std::vector<kmc::sim::sim_job> jobs_;  // the last: they use all the others
};

// A scope in the list of those that an accident may cancel, for as long as its call waits.
class scope_seat {
public:
    explicit scope_seat(mix_world& w) : world_(w) { world_.scopes_.push_back(&scope_); }
    scope_seat(const scope_seat&) = delete;
    scope_seat& operator=(const scope_seat&) = delete;
    ~scope_seat() { std::erase(world_.scopes_, &scope_); }

    [[nodiscard]] cancel_scope* scope() noexcept { return &scope_; }

private:
    mix_world& world_;
    cancel_scope scope_;
};

}  // namespace kmc::testing
