#include "client/client_state.hpp"

#include <string>

#include "client/client_view.hpp"

namespace kmc::detail {
namespace {

// What is added to the time must not overflow it.
constexpr duration time_max = std::chrono::hours(24 * 365);

// What is longer is a moment to a server.
constexpr duration stand_in_ttl_max = std::chrono::hours(24 * 30);

// The first option that makes no sense, in words; empty when all do.
std::string objection_to(const client_options& o) {
    const struct {
        const char* name;
        duration value;
    } times[] = {{"call_timeout", o.call_timeout},
                 {"batch_timeout", o.batch_timeout},
                 {"connect_timeout", o.connect_timeout},
                 {"stall_timeout", o.stall_timeout},
                 {"reconnect_min", o.reconnect_min},
                 {"health.retry_timeout", o.health.retry_timeout},
                 {"health.dead_timeout", o.health.dead_timeout},
                 {"health.dead_timeout_max", o.health.dead_timeout_max}};
    for (const auto& t : times) {
        if (t.value <= duration::zero()) return std::string(t.name) + " must be above zero";
        if (t.value > time_max) return std::string(t.name) + " must be at most a year";
    }
    if (o.resolve_period < duration::zero()) return "resolve_period must not be below zero";
    if (o.resolve_period > time_max) return "resolve_period must be at most a year";
    if (o.health.stand_in_ttl < duration::zero()) {
        return "health.stand_in_ttl must not be below zero";
    }
    if (o.health.stand_in_ttl > stand_in_ttl_max) {
        return "health.stand_in_ttl must be at most 30 days";
    }
    if (!(o.health.max_ejected >= 0 && o.health.max_ejected <= 1)) {
        return "health.max_ejected must be 0 to 1";
    }
    if (o.max_dials_per_server == 0 || o.max_dials_per_server > dial_permit::per_process) {
        return "max_dials_per_server must be 1 to 256";
    }
    if (o.item_size_max < 1024) return "item_size_max must be at least 1024 bytes";
    if (o.item_size_max > 1024 * 1024 * 1024) return "item_size_max must be at most 1 GiB";
    if (o.values.compress_from != 0 && !has_zlib()) {
        return "values.compress_from needs a kmc that was built with zlib";
    }
    if (o.values.inflated_size_max == 0 || o.values.inflated_size_max > 1024 * 1024 * 1024) {
        return "values.inflated_size_max must be 1 to 1 GiB";
    }
    if (o.max_requests == 0 || o.max_requests_per_connection == 0) {
        return "max_requests and max_requests_per_connection must be above zero";
    }
    if (o.max_bytes == 0 || o.max_bytes_per_connection == 0) {
        return "max_bytes and max_bytes_per_connection must be above zero";
    }
    if (o.lanes == 0 || o.lanes > 16) return "lanes must be 1 to 16";
    if (o.max_inflight == 0 || o.max_inflight > 32768) return "max_inflight must be 1 to 32768";
    return {};
}

}  // namespace

config_result<client> client_state::open(std::vector<reactor*> reactors, server_list servers,
                                         const client_options& options) {
    if (std::string objection = objection_to(options); !objection.empty()) {
        return config_error("client_options: " + objection);
    }
    auto routing = key_routing::of(options);
    if (!routing) return routing.error();
    client_options own = options;
    // Their texts are the caller's; the routing has its own.
    own.prefix = {};
    own.hash_tag = {};
    auto shared = cluster::make(std::move(servers), own, reactors.size());
    if (!shared) return shared.error();
    return client(std::make_shared<client_state>(std::move(reactors), std::move(shared.value()),
                                                 std::move(routing.value()), own));
}

client_state::client_state(std::vector<reactor*> reactors, std::shared_ptr<cluster> servers,
                           key_routing routing, const client_options& options)
    : reactors_(std::move(reactors)),
      cluster_(std::move(servers)),
      routing_(std::move(routing)),
      options_(options),
      views_(std::make_unique<std::atomic<client_view*>[]>(reactors_.size())) {}

client_state::~client_state() {
    for (std::size_t i = 0; i < reactors_.size(); ++i) {
        client_view* view = views_[i].load(std::memory_order_acquire);
        if (view != nullptr) reactors_[i]->post(view->farewell());
    }
}

client_view* client_state::view() {
    reactor* const here = reactor::current();
    if (here == nullptr) return nullptr;
    const unsigned index = here->index();
    if (index >= reactors_.size() || reactors_[index] != here) return nullptr;
    client_view* view = views_[index].load(std::memory_order_relaxed);
    if (view != nullptr) return view;
    auto made = std::make_unique<client_view>(*here, cluster_, routing_, options_);
    view = made.get();
    here->adopt(std::move(made));
    views_[index].store(view, std::memory_order_release);
    return view;
}

server_snapshot client_state::snapshot() const {
    std::shared_ptr<const topology> home = route()->home_ptr();
    const auto servers = home->servers();
    const auto numbers = home->numbers();
    return {std::move(home), servers, numbers};
}

config_result<void> client_state::set_servers(server_list servers) {
    return cluster_->change(std::move(servers), home_reactor().engine().read_clock());
}

void client_state::tell_refused(std::string_view why) noexcept {
    cluster_->tell_refused(why, home_reactor().engine().read_clock());
}

reactor& client_state::home_reactor() noexcept {
    static std::atomic<std::size_t> next_thread{0};
    thread_local const std::size_t this_thread = next_thread.fetch_add(1);
    return *reactors_[this_thread % reactors_.size()];
}

}  // namespace kmc::detail
