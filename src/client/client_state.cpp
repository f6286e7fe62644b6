#include "client/client_state.hpp"

#include <string>

#include "client/client_view.hpp"

namespace kmc::detail {
namespace {

// What is added to the time must not overflow it.
constexpr duration time_max = std::chrono::hours(24 * 365);

// The first option that makes no sense, in words; empty when all do.
std::string objection_to(const client_options& o) {
    const struct {
        const char* name;
        duration value;
    } times[] = {{"call_timeout", o.call_timeout},       {"batch_timeout", o.batch_timeout},
                 {"connect_timeout", o.connect_timeout}, {"stall_timeout", o.stall_timeout},
                 {"reconnect_min", o.reconnect_min},     {"reconnect_max", o.reconnect_max}};
    for (const auto& t : times) {
        if (t.value <= duration::zero()) return std::string(t.name) + " must be above zero";
        if (t.value > time_max) return std::string(t.name) + " must be at most a year";
    }
    if (o.reconnect_max < o.reconnect_min) return "reconnect_max is below reconnect_min";
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
    auto ring = topology::build(std::move(servers), options.ring);
    if (!ring) return ring.error();
    auto routing = key_routing::of(options);
    if (!routing) return routing.error();
    return client(std::make_shared<client_state>(std::move(reactors), std::move(ring.value()),
                                                 std::move(routing.value()), options));
}

client_state::client_state(std::vector<reactor*> reactors, std::shared_ptr<const topology> ring,
                           key_routing routing, const client_options& options)
    : reactors_(std::move(reactors)),
      topology_(std::move(ring)),
      routing_(std::move(routing)),
      options_(options),
      views_(std::make_unique<std::atomic<client_view*>[]>(reactors_.size())) {
    // Their texts are the caller's; routing_ has its own.
    options_.prefix = {};
    options_.hash_tag = {};
}

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
    auto made = std::make_unique<client_view>(*here, topology_, routing_, options_);
    view = made.get();
    here->adopt(std::move(made));
    views_[index].store(view, std::memory_order_release);
    return view;
}

reactor& client_state::home_reactor() noexcept {
    static std::atomic<std::size_t> next_thread{0};
    thread_local const std::size_t this_thread = next_thread.fetch_add(1);
    return *reactors_[this_thread % reactors_.size()];
}

}  // namespace kmc::detail
