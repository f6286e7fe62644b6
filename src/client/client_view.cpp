#include "client/client_view.hpp"

#include <algorithm>
#include <new>

#include "protocol/key_rules.hpp"

namespace kmc::detail {
namespace {

// What memcached adds to key and value of every item, at the very least. A value that would not fit
// in any build of the server is refused here; the last few bytes are the server's to judge.
constexpr std::uint64_t item_overhead_min = 48;

// Longer deadlines are cut to this, so that duration::max() may stand for "no deadline" and adding
// it to the time does not overflow.
constexpr duration deadline_max = std::chrono::hours(24 * 365);

}  // namespace

client_view::client_view(reactor& r, std::shared_ptr<const topology> ring,
                         const client_options& options)
    : reactor_(r),
      topology_(std::move(ring)),
      options_(options),
      connections_(topology_->servers().size()) {
    farewell_.view = this;
    farewell_.open = [](letter& l) noexcept {
        client_view& self = *static_cast<farewell_letter&>(l).view;
        self.reactor_.evict(self);
    };
}

void client_view::submit(op_node& node) noexcept {
    const request& r = node.requests[0];
    if (node.server == error::no_server) {
        if (const auto objection = objection_to(r)) return refuse(node, *objection);
        node.server = topology_->locate(r.key_view());
    } else if (node.server >= connections_.size()) {
        node.server = error::no_server;
        return refuse(node, errc::bad_config);
    }
    submit_run(node);
}

void client_view::submit_run(op_node& node) noexcept {
    if (closed_) return refuse(node, errc::client_closed);
    std::unique_ptr<connection>& lane = connections_[node.server];
    if (lane == nullptr) {
        try {
            lane =
                std::make_unique<connection>(reactor_, topology_->servers()[node.server], options_);
        } catch (const std::bad_alloc&) {
            return refuse(node, errc::overloaded);
        }
    }
    lane->enqueue(node);
}

void client_view::refuse(op_node& node, errc why) noexcept {
    for (std::uint32_t i = 0; i < node.count; ++i) {
        node.fail(i, {.code = why, .at = stage::not_sent, .server = node.server});
    }
    node.open = 0;
    node.hooks->on_complete(node);
}

std::optional<errc> client_view::objection_to(const request& r) const noexcept {
    if (const auto objection = objection_to_key(r.key_view())) return objection;
    const std::uint64_t item = std::uint64_t{r.value_size} + r.key_size + item_overhead_min;
    if (r.value_size != 0 && item > options_.item_size_max) return errc::too_large;
    return std::nullopt;
}

time_point client_view::deadline_of(duration given, duration fallback) const noexcept {
    const duration limit = given == duration::zero() ? fallback : given;
    return reactor_.engine().read_clock() + std::min(limit, deadline_max);
}

void client_view::close() noexcept {
    closed_ = true;
    for (const auto& lane : connections_) {
        if (lane != nullptr) lane->retire();
    }
}

bool client_view::is_settled() const noexcept {
    for (const auto& lane : connections_) {
        if (lane != nullptr && !lane->is_settled()) return false;
    }
    return true;
}

}  // namespace kmc::detail
