// What the reactors of a client share: which servers there are, what is believed of each, and the
// router that follows from both. Any thread; changes are made under one lock, and the router they
// lead to is handed out as a whole.
//
// A server that was ever on the list keeps its number and what was counted for it.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/counters.hpp>
#include <kmc/detail/intrusive_list.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/server_list.hpp>

#include "base/rng.hpp"
#include "loop/mailbox.hpp"
#include "net/peer.hpp"
#include "routing/health.hpp"
#include "routing/router.hpp"

namespace kmc::detail {

class reactor;

class cluster {
public:
    // A server for as long as the client lives. Its address does not change.
    struct record {
        record(server_number n, const server& s, std::size_t reactors)
            : number(n), what(s), traffic(std::make_unique<link_traffic[]>(reactors)) {}

        const server_number number;
        const server what;  // as it was first on a list
        peer_state state;
        const std::unique_ptr<link_traffic[]> traffic;  // by reactor
        std::atomic<bool> is_member{true};              // of the present list

    private:
        friend class cluster;
        // Under the lock.
        health condition;
        bool is_held = false;  // it would be dead, were not too many
        std::uint64_t hard_failures = 0;
        std::uint64_t soft_failures = 0;
        std::uint64_t ejections = 0;
        std::uint64_t probes = 0;
    };

    // Somebody who is told, by a letter to his reactor, that there is a new router.
    class subscriber : private letter, public list_hook {
    public:
        subscriber(reactor& at, void* self, void (*on_news)(void*) noexcept) noexcept;
        // A letter is on its way: the subscriber has to stay.
        [[nodiscard]] bool is_expecting() const noexcept {
            return is_posted_.load(std::memory_order_acquire);
        }

    private:
        friend class cluster;
        reactor& at_;
        void* self_;
        void (*on_news_)(void*) noexcept;
        std::atomic<bool> is_posted_{false};
    };

    static config_result<std::shared_ptr<cluster>> make(server_list servers,
                                                        const client_options& options,
                                                        std::size_t reactors);

    [[nodiscard]] std::size_t reactors() const noexcept { return reactors_; }

    // ---- who is there

    // Grows with each new router.
    [[nodiscard]] std::uint32_t version() const noexcept {
        return version_.load(std::memory_order_acquire);
    }
    struct bulletin {
        std::shared_ptr<const router> route;
        std::uint32_t version = 0;
        std::size_t records = 0;
    };
    [[nodiscard]] bulletin latest() const;
    [[nodiscard]] std::shared_ptr<const router> route() const { return latest().route; }

    // A list that cannot be used changes nothing.
    [[nodiscard]] config_result<void> change(server_list servers, time_point now);

    // A list that could not even be read.
    void tell_refused(std::string_view why, time_point now) const noexcept {
        tell({.kind = event_kind::servers_refused, .text = why, .when = now});
    }

    // Numbers below `records` of the latest news.
    [[nodiscard]] record& at(std::size_t number);
    [[nodiscard]] std::size_t known() const;
    [[nodiscard]] server_counters counters(std::size_t number) const;

    void subscribe(subscriber& who);
    void unsubscribe(subscriber& who) noexcept;

    // ---- what is believed of them: on the reactor that saw it

    // When to probe first, if this made the server dead: the caller is then the one who probes.
    [[nodiscard]] std::optional<time_point> on_failure(record& of, const link_failure& seen,
                                                       time_point now, rng& chance) noexcept;
    void on_answer(record& of, time_point now) noexcept;
    void on_change(const record& of, event_kind what, errc why, time_point now) const noexcept;

    // False when there is nothing to probe any more.
    [[nodiscard]] bool try_begin_probe(record& of, time_point now) noexcept;
    void on_probe_answered(record& of, time_point now) noexcept;
    // When to probe next.
    [[nodiscard]] std::optional<time_point> on_probe_failed(record& of, errc why, time_point now,
                                                            rng& chance) noexcept;

    cluster(const client_options& options, std::size_t reactors);

private:
    [[nodiscard]] time_point last_heard(const record& of) const noexcept;
    [[nodiscard]] config_result<std::vector<server_number>> numbers_for(
        std::span<const server> servers) const;
    void add_records(const topology& list);
    void readmit_surplus(const topology& list) noexcept;
    [[nodiscard]] bool may_be_out(std::uint64_t weight, std::uint64_t of_all) const noexcept;
    [[nodiscard]] bool may_eject(const record& of) const noexcept;
    void set_rest(record& of) noexcept;
    void publish(std::shared_ptr<const topology> home) noexcept;
    [[nodiscard]] std::shared_ptr<const router> make_router(
        std::shared_ptr<const topology> home) const;
    void tell(const event& news) const noexcept;

    const client_options options_;
    const std::size_t reactors_;

    std::mutex change_mutex_;  // before mutex_
    mutable std::mutex mutex_;
    std::deque<record> records_;  // by number
    std::shared_ptr<const router> route_;
    std::atomic<std::uint32_t> version_{0};
    intrusive_list<subscriber> subscribers_;
};

}  // namespace kmc::detail
