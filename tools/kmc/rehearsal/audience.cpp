#include "rehearsal/audience.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace kmc::rehearsal {
namespace {

// 0 to 1, without 1.
double fraction(detail::rng& random) {
    return static_cast<double>(random.next() >> 11) * 0x1p-53;
}

std::vector<double> zipf(std::size_t keys, double skew) {
    std::vector<double> sums;
    double sum = 0;
    for (std::size_t i = 0; i < keys; ++i) {
        sum += std::pow(static_cast<double>(i + 1), -skew);
        sums.push_back(sum);
    }
    for (double& each : sums) each /= sum;
    return sums;
}

}  // namespace

audience::audience(const plan& p, sim::sim_cluster& world, outcome& into, critic& told)
    : plan_(p),
      world_(world),
      outcome_(into),
      told_(told),
      begins_(world.net().now()),
      share_up_to_(zipf(p.keys, p.skew)) {
    for (std::size_t i = 0; i < p.keys; ++i) {
        truth t;
        t.name = "key-" + std::to_string(i);
        t.home = world.mc().locate(t.name);
        keys_.push_back(std::move(t));
    }
}

void audience::warm_up() {
    detail::rng random(plan_.seed ^ 0x3a95);
    const auto life = std::chrono::ceil<std::chrono::seconds>(plan_.ttl).count();
    for (const truth& each : keys_) {
        sim::sim_server& server = world_.server(each.home);
        sim::model_store::item item{.value = value_of(each), .cas = server.store().next_cas()};
        if (life != 0) {
            item.expires = static_cast<std::uint32_t>(
                server.wall_seconds() + 1 + random.below(static_cast<std::uint64_t>(life)));
        }
        server.store().put(each.name, std::move(item));
    }
}

task<void> audience::user(std::size_t number) {
    detail::rng random(plan_.seed * 0x9e3779b97f4a7c15U + number);
    const duration first(
        static_cast<duration::rep>(fraction(random) * static_cast<double>(plan_.think.count())));
    co_await sim::sim_nap(world_.loop(), first);
    while (now() < begins_ + plan_.length) {
        const bool writes = fraction(random) < plan_.writes;
        const std::size_t key = draw_key(random);
        const duration pause = draw_pause(random);
        if (writes) {
            co_await update(key);
        } else {
            co_await read(key);
        }
        co_await sim::sim_nap(world_.loop(), pause);
    }
    ++gone_;
}

task<void> audience::read(std::size_t key) {
    truth& asked = keys_[key];
    const time_point began = now();
    const std::uint64_t source = asked.version;
    const bool was_dead = told_.is_dead(asked.home);
    const auto r = co_await world_.mc().get(asked.name);
    told_.on_read(began, asked.home, was_dead, r);
    if (r && r.value()) co_return judge(asked, began, source, r.value()->bytes());

    count_load();
    co_await sim::sim_nap(world_.loop(), plan_.fetch_time);
    // Who got an error does not know what the cache has, and leaves it alone.
    if (!r) co_return;
    store_options options;
    if (plan_.ttl != duration::zero()) options.ttl = plan_.ttl;
    const std::string fresh = value_of(asked);
    const auto stored = co_await world_.mc().set(asked.name, fresh, options);
    if (!stored) ++outcome_.fills_failed;
}

task<void> audience::update(std::size_t key) {
    truth& changed = keys_[key];
    const std::uint64_t version = ++changed.version;
    ++outcome_.updates;
    bool is_known = false;
    if (plan_.update == update_kind::del) {
        const auto r = co_await world_.mc().del(changed.name);
        is_known = r.has_value();
    } else {
        store_options options;
        if (plan_.ttl != duration::zero()) options.ttl = plan_.ttl;
        const std::string fresh = value_of(changed);
        const auto r = co_await world_.mc().set(changed.name, fresh, options);
        is_known = r.has_value();
    }
    if (!is_known) {
        ++outcome_.updates_failed;
    } else if (changed.known.empty() || changed.known.back().version < version) {
        changed.known.push_back({version, now()});
    }
}

void audience::judge(const truth& of, time_point began, std::uint64_t source,
                     std::string_view bytes) {
    std::uint64_t version = 0;
    const std::string_view head = bytes.substr(0, bytes.find(' '));
    const auto read = std::from_chars(head.data(), head.data() + head.size(), version);
    if (read.ec != std::errc() || bytes.find(" " + of.name + " ") != head.size()) {
        throw std::logic_error("another key's value");
    }
    if (version < source) ++outcome_.outdated;
    const auto newer = std::find_if(of.known.begin(), of.known.end(),
                                    [&](const acknowledged& a) { return a.version > version; });
    if (newer == of.known.end() || newer->when >= began) return;
    ++outcome_.stale;
    outcome_.stale_longest = std::max<duration>(outcome_.stale_longest, now() - newer->when);
}

void audience::count_load() {
    ++outcome_.loads;
    const auto at = std::chrono::duration_cast<std::chrono::seconds>(now() - begins_).count();
    if (static_cast<std::size_t>(at) >= outcome_.timeline.size()) return;
    second& mine = outcome_.timeline[static_cast<std::size_t>(at)];
    outcome_.loads_peak = std::max(outcome_.loads_peak, ++mine.loads);
}

// --- chance -------------------------------------------------------------------------------------

std::size_t audience::draw_key(detail::rng& random) const {
    const auto at = std::upper_bound(share_up_to_.begin(), share_up_to_.end(), fraction(random));
    return std::min(static_cast<std::size_t>(at - share_up_to_.begin()), keys_.size() - 1);
}

duration audience::draw_pause(detail::rng& random) const {
    const double pause = -std::log(1 - fraction(random)) * static_cast<double>(plan_.think.count());
    return duration(static_cast<duration::rep>(pause));
}

std::string audience::value_of(const truth& of) const {
    std::string value = std::to_string(of.version) + " " + of.name + " ";
    if (value.size() < plan_.value_size) value.resize(plan_.value_size, '.');
    return value;
}

}  // namespace kmc::rehearsal
