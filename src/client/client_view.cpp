#include "client/client_view.hpp"

#include <algorithm>
#include <new>
#include <string>

#include <kmc/detail/block_pool.hpp>

#include "base/bytes.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail {
namespace {

// What memcached adds to key and value of every item, at the very least. A value that would not fit
// in any build of the server is refused here; the last few bytes are the server's to judge.
constexpr std::uint64_t item_overhead_min = 48;

// Longer deadlines are cut to this, so that duration::max() may stand for "no deadline" and adding
// it to the time does not overflow.
constexpr duration deadline_max = std::chrono::hours(24 * 365);

// Where an admitted node is counted.
enum counted : std::uint8_t { nowhere, at_client, at_link };

}  // namespace

client_view::client_view(reactor& r, std::shared_ptr<const topology> ring,
                         const key_routing& routing, const client_options& options)
    : reactor_(r),
      topology_(std::move(ring)),
      routing_(routing),
      options_(options),
      links_per_server_(options.lanes + (options.bulk_bytes != 0 ? 1 : 0)),
      connections_(topology_->servers().size() * links_per_server_),
      link_quotas_(std::make_unique<quota[]>(connections_.size())) {
    all_.limit(options.max_requests, options.max_bytes);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        link_quotas_[i].limit(options.max_requests_per_connection,
                              options.max_bytes_per_connection);
    }
    farewell_.view = this;
    farewell_.open = [](letter& l) noexcept {
        client_view& self = *static_cast<farewell_letter&>(l).view;
        self.reactor_.evict(self);
    };
}

// ---- where a request goes ---------------------------------------------------------------------

std::uint32_t client_view::link_to(server_index server, std::uint32_t hash,
                                   bool is_bulk) const noexcept {
    const std::uint32_t first = server * links_per_server_;
    if (is_bulk) return first + options_.lanes;
    if (options_.lanes == 1) return first;
    // Other bits than the ring uses, or all keys of a server would share a lane.
    const auto spread = static_cast<std::uint32_t>(hash * 0x9e3779b97f4a7c15U >> 32);
    return first + spread % options_.lanes;
}

std::optional<errc> client_view::route(op_node& node, request& r, char*& wire_key,
                                       std::string_view group, bool is_large) noexcept {
    const std::string_view prefix = routing_.prefix();
    if (r.key_size == 0 || group.size() > key_bytes_max) return errc::bad_key;
    if (r.key_size + prefix.size() > key_bytes_max) return errc::bad_key;
    if (!prefix.empty()) {
        const std::size_t size = prefix.size() + r.key_size;
        wire_key = static_cast<char*>(try_take_block(size));
        if (wire_key == nullptr) return errc::overloaded;
        copy_bytes(wire_key, prefix.data(), prefix.size());
        copy_bytes(wire_key + prefix.size(), r.key, r.key_size);
        r.key = wire_key;
        r.key_size = static_cast<std::uint16_t>(size);
    }
    if (const auto objection = objection_to(r)) return objection;
    if (r.is_shared && r.value_size < options_.borrow_bytes) {
        r.value = r.block->bytes().data();
        r.is_shared = false;
    }
    topology::place place;
    // With a single connection there is nothing to choose, and nothing to hash.
    if (link_count() > 1) {
        try {
            std::string room;
            place = topology_->place_of(group.empty() ? routing_.hashed_part(r.key_view())
                                                      : routing_.hashed_group(group, room));
        } catch (const std::bad_alloc&) {
            return errc::overloaded;
        }
    }
    node.server = place.server;
    node.link = link_to(place.server, place.hash, is_bulk(r, is_large));
    node.bytes = std::uint64_t{r.key_size} + r.value_size;
    return std::nullopt;
}

std::optional<errc> client_view::aim(op_node& node, const request& r) noexcept {
    if (r.key_size > key_bytes_max) return errc::bad_key;
    if (node.server >= topology_->servers().size()) {
        node.server = error::no_server;
        return errc::bad_config;
    }
    node.link = link_to(node.server, 0, false);
    node.bytes = r.key_size;
    return std::nullopt;
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

// ---- nodes come and go ------------------------------------------------------------------------

void client_view::submit(op_node& node) noexcept {
    node.counted = nowhere;
    if (closed_) return refuse(node, errc::client_closed);
    if (must_wait(all_, node)) return;
    enter_link(node);
}

// True when the node is taken care of: it waits in the line, or was refused.
bool client_view::must_wait(quota& q, op_node& node) noexcept {
    if (q.line().empty() && q.admits(node)) return false;
    if (options_.when_full == when_full::fail) {
        refuse(node, errc::overloaded);
    } else {
        q.line().push_back(node);
    }
    return true;
}

void client_view::enter_link(op_node& node) noexcept {
    all_.take(node);
    node.counted = at_client;
    if (must_wait(link_quotas_[node.link], node)) return;
    dispatch(node);
}

void client_view::dispatch(op_node& node) noexcept {
    link_quotas_[node.link].take(node);
    node.counted = at_link;
    std::unique_ptr<connection>& line = connections_[node.link];
    if (line == nullptr) {
        try {
            line =
                std::make_unique<connection>(reactor_, topology_->servers()[node.server], options_);
        } catch (const std::bad_alloc&) {
            return refuse(node, errc::overloaded);
        }
    }
    line->enqueue(node);
}

void client_view::withdraw(op_node& node) noexcept {
    if (node.where != nullptr) node.where->abandon(node);
    node.unlink();
    const std::uint8_t counted = std::exchange(node.counted, nowhere);
    if (counted == at_link) link_quotas_[node.link].give_back(node);
    if (counted != nowhere) all_.give_back(node);
    // Also when it only stood in a line: it may have been what the others waited behind.
    look_at(link_quotas_[node.link]);
    look_at(all_);
    look_at_lines();
}

void client_view::look_at(quota& q) noexcept {
    if (!q.line().empty() && !q.is_linked()) to_look_at_.push_back(q);
}

// Lets those go whose turn has come. A node that goes may end at once and make room for others:
// hence a list instead of a recursion.
void client_view::look_at_lines() noexcept {
    if (looking_ || closed_) return;
    looking_ = true;
    while (!to_look_at_.empty()) {
        quota& q = to_look_at_.pop_front();
        while (!q.line().empty() && q.admits(q.line().front())) {
            op_node& node = q.line().pop_front();
            if (&q == &all_) {
                enter_link(node);
            } else {
                dispatch(node);
            }
        }
    }
    looking_ = false;
}

void client_view::refuse(op_node& node, errc why) noexcept {
    for (std::uint32_t i = 0; i < node.count; ++i) {
        node.fail(i, {.code = why, .at = stage::not_sent, .server = node.server});
    }
    node.open = 0;
    node.hooks->on_complete(node);
}

// ---- the end ----------------------------------------------------------------------------------

// The lines first: what retires makes room, and nobody may use it any more.
void client_view::close() noexcept {
    closed_ = true;
    while (!all_.line().empty()) refuse(all_.line().pop_front(), errc::client_closed);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        while (!link_quotas_[i].line().empty()) {
            refuse(link_quotas_[i].line().pop_front(), errc::client_closed);
        }
    }
    for (const auto& line : connections_) {
        if (line != nullptr) line->retire();
    }
}

bool client_view::is_settled() const noexcept {
    for (const auto& line : connections_) {
        if (line != nullptr && !line->is_settled()) return false;
    }
    return true;
}

}  // namespace kmc::detail
