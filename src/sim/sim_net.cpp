#include "sim/sim_net.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sim/sim_engine.hpp"
#include "sim/sim_link.hpp"

namespace kmc::sim {
namespace {

using kmc::detail::address;

constexpr std::uint32_t script_target = 0;
// First bytes of an address of this world, before the number of its endpoint.
constexpr std::uint32_t address_mark = 0x6d6973U;
constexpr std::uint64_t most_events_of_a_moment = 10'000'000;

[[nodiscard]] bool is_numeric(std::string_view host) noexcept {
    return host.find(':') != std::string_view::npos ||
           host.find_first_not_of("0123456789.") == std::string_view::npos;
}

[[nodiscard]] bool is_later(time_point a, std::uint64_t a_order, time_point b,
                            std::uint64_t b_order) noexcept {
    return a != b ? a > b : a_order > b_order;
}

}  // namespace

sim_conditions rough_conditions(kmc::detail::rng& random) {
    using std::chrono::microseconds;
    const auto up_to = [&](std::uint64_t bound) { return random.below(bound + 1); };
    const auto permille = [&](std::uint64_t bound) {
        return static_cast<std::uint32_t>(random.below(2) == 0 ? 0 : up_to(bound));
    };
    sim_conditions c;
    c.connect_time.max = microseconds(20 + up_to(3000));
    c.latency.max = microseconds(10 + (random.below(2) == 0 ? up_to(40) : up_to(2000)));
    c.send_end.max = microseconds(up_to(3000));
    c.service_time.max = microseconds(up_to(300));
    c.window = std::size_t{1} << (10 + up_to(6));
    c.segment = std::size_t{1} << (4 + up_to(12));
    c.short_send = permille(600);
    c.dribble = permille(500);
    c.reset = permille(500);
    c.finish = permille(500);
    c.fate_within = std::uint64_t{64} << up_to(9);
    c.stall = permille(20);
    c.stall_time.max = microseconds(1000 + up_to(40'000));
    return c;
}

sim_net::sim_net(std::uint64_t seed)
    : verbose(std::getenv("KMC_SIM_TRACE") != nullptr),
      seed_(seed),
      random_(seed),
      now_(std::chrono::hours(1)),
      trace_(0x6b6d63),
      targets_{nullptr} {}

sim_net::~sim_net() = default;

sim_listener& sim_net::listen(std::string_view host, std::uint16_t port, sim_service& service) {
    sim_listener& there = *endpoints_[endpoint(host, port)];
    there.service_ = &service;
    there.listening_ = true;
    there.ever_ = true;
    return there;
}

void sim_net::close(sim_listener& there) noexcept {
    there.listening_ = false;
}

void sim_net::abandon(sim_listener& there) {
    there.listening_ = false;
    there.service_ = nullptr;
    for (sim_link* link : there.links()) link->reset();
}

void sim_net::set_name(std::string host, std::vector<std::string> addresses, sim_range takes) {
    clear_name(host);
    names_.push_back({std::move(host), std::move(addresses), 0, takes});
}

void sim_net::fail_name(std::string host, int error, sim_range takes) {
    clear_name(host);
    names_.push_back({std::move(host), {}, error, takes});
}

void sim_net::clear_name(const std::string& host) {
    std::erase_if(names_, [&](const name_entry& e) { return e.host == host; });
}

address sim_net::address_of(std::string_view host, std::uint16_t port) {
    return to_address(endpoint(host, port));
}

address sim_net::to_address(std::size_t endpoint) const noexcept {
    address result;
    const auto number = static_cast<std::uint32_t>(endpoint);
    std::memcpy(result.bytes.data(), &address_mark, sizeof address_mark);
    std::memcpy(result.bytes.data() + sizeof address_mark, &number, sizeof number);
    result.size = sizeof address_mark + sizeof number;
    return result;
}

sim_listener* sim_net::listener_at(const address& where) const noexcept {
    std::uint32_t mark = 0;
    std::uint32_t number = 0;
    std::memcpy(&mark, where.bytes.data(), sizeof mark);
    std::memcpy(&number, where.bytes.data() + sizeof mark, sizeof number);
    if (mark != address_mark || number >= endpoints_.size()) return nullptr;
    return endpoints_[number].get();
}

std::size_t sim_net::endpoint(std::string_view host, std::uint16_t port) {
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (endpoints_[i]->host_ == host && endpoints_[i]->port_ == port) return i;
    }
    endpoints_.push_back(std::make_unique<sim_listener>());
    endpoints_.back()->host_ = host;
    endpoints_.back()->port_ = port;
    return endpoints_.size() - 1;
}

sim_net::lookup sim_net::look_up(std::string_view host, std::uint16_t port) {
    lookup found;
    for (const name_entry& entry : names_) {
        if (entry.host != host) continue;
        found.error = entry.error;
        found.takes = draw(entry.takes);
        for (const std::string& each : entry.addresses) {
            found.addresses.push_back(address_of(each, port));
        }
        return found;
    }
    const bool known = host.starts_with('/') || is_numeric(host) ||
                       std::any_of(endpoints_.begin(), endpoints_.end(),
                                   [&](const auto& e) { return e->ever_ && e->host_ == host; });
    if (known) {
        found.addresses.push_back(address_of(host, port));
    } else {
        found.error = ENOENT;
    }
    return found;
}

sim_link& sim_net::open_link(sim_listener& there, sim_engine& engine, int fd) {
    links_.push_back(std::make_unique<sim_link>(*this, there, engine, fd, links_.size()));
    ++there.accepted_;
    there.links_.push_back(links_.back().get());
    return *links_.back();
}

int sim_net::take_fd() {
    if (open_sockets_ >= max_sockets) return -EMFILE;
    ++open_sockets_;
    const auto free = std::find(fds_.begin(), fds_.end(), false);
    const auto fd = static_cast<int>(free - fds_.begin());
    if (free == fds_.end()) {
        fds_.push_back(true);
    } else {
        *free = true;
    }
    return fd;
}

void sim_net::return_fd(int fd) noexcept {
    --open_sockets_;
    fds_[static_cast<std::size_t>(fd)] = false;
}

// --- time ---------------------------------------------------------------------------------------

void sim_net::at(time_point when, std::function<void()> what) {
    scripts_.push_back(std::move(what));
    schedule(when, script_target, 0, scripts_.size() - 1);
}

void sim_net::after(duration delay, std::function<void()> what) {
    at(now_ + delay, std::move(what));
}

std::uint32_t sim_net::add_target(target& t) {
    targets_.push_back(&t);
    return static_cast<std::uint32_t>(targets_.size() - 1);
}

void sim_net::remove_target(std::uint32_t which) noexcept {
    targets_[which] = nullptr;
}

void sim_net::schedule(time_point when, std::uint32_t to, std::uint32_t kind, std::uint64_t a,
                       std::uint64_t b) {
    queue_.push_back({std::max(when, now_), random_.next(), to, kind, a, b});
    std::push_heap(queue_.begin(), queue_.end(), [](const event& x, const event& y) {
        return is_later(x.when, x.order, y.when, y.order);
    });
}

void sim_net::run_due() {
    std::uint64_t ran = 0;
    while (!queue_.empty() && queue_.front().when <= now_) {
        std::pop_heap(queue_.begin(), queue_.end(), [](const event& x, const event& y) {
            return is_later(x.when, x.order, y.when, y.order);
        });
        const event due = queue_.back();
        queue_.pop_back();
        ++events_;
        if (++ran > most_events_of_a_moment) stuck("events beget events and no time passes");
        if (due.target == script_target) {
            const auto script = std::move(scripts_[due.a]);
            script();
        } else if (target* t = targets_[due.target]) {
            t->on_event(due.kind, due.a, due.b);
        }
    }
}

time_point sim_net::next_event() const noexcept {
    return queue_.empty() ? time_point::max() : queue_.front().when;
}

void sim_net::advance_to(time_point when) noexcept {
    now_ = std::max(now_, when);
}

void sim_net::pass(duration time) {
    const time_point end = now_ + time;
    run_due();
    while (next_event() <= end) {
        advance_to(next_event());
        run_due();
    }
    advance_to(end);
}

time_point sim_net::limit_for(const sim_engine& asking) const noexcept {
    time_point limit = time_point::max();
    for (const sim_engine* other : engines_) {
        if (other == &asking || !other->driven_) continue;
        if (!other->ready_.empty() || other->woken_.load(std::memory_order_acquire)) return now_;
        limit = std::min(limit, other->wanted_);
    }
    return limit;
}

// --- chance and reports -------------------------------------------------------------------------

duration sim_net::draw(sim_range range) {
    if (range.max <= range.min) return range.min;
    const auto width = static_cast<std::uint64_t>((range.max - range.min).count());
    return range.min + duration(static_cast<std::int64_t>(random_.below(width + 1)));
}

bool sim_net::chance(std::uint32_t per_thousand) {
    return per_thousand != 0 && random_.below(1000) < per_thousand;
}

std::size_t sim_net::piece(std::size_t available, const sim_conditions& c) {
    if (available <= 1) return available;
    if (chance(c.dribble)) return 1 + random_.below(std::min<std::size_t>(available, 8));
    return c.cuts && random_.below(4) == 0 ? 1 + random_.below(available) : available;
}

void sim_net::trace(std::uint64_t value) noexcept {
    trace_ = kmc::detail::rng(trace_ ^ value).next();
}

void sim_net::stuck(const char* how) const {
    throw simulation_stuck("the simulation is stuck: " + std::string(how) + " (seed " +
                           std::to_string(seed_) + ", after " + std::to_string(events_) +
                           " events)");
}

void sim_net::misuse(const std::string& what) const {
    if (on_misuse) {
        on_misuse(what);
        return;
    }
    const auto ns = (now_ - time_point(std::chrono::hours(1))).count();
    std::fprintf(stderr, "simulator: %s (seed %llu, at %lld ns)\n", what.c_str(),
                 static_cast<unsigned long long>(seed_), static_cast<long long>(ns));
    std::abort();
}

}  // namespace kmc::sim
