// A client as one reactor sees it: the ring, a connection for each server that was needed, and the
// limits on what is under way.
//
// What connections tell of their servers goes to the cluster, which all reactors share; what the
// cluster makes of it comes back as a new router, looked for before each call and batch, and
// brought by letter to those that are idle.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/detail/op_node.hpp>
#include <kmc/options.hpp>

#include "client/cluster.hpp"
#include "client/probe.hpp"
#include "client/quota.hpp"
#include "loop/mailbox.hpp"
#include "loop/reactor.hpp"
#include "net/connection.hpp"
#include "net/peer.hpp"
#include "protocol/key_rules.hpp"
#include "routing/key_routing.hpp"
#include "routing/router.hpp"

namespace kmc::detail {

class client_view final : public resident, private link_watcher {
public:
    client_view(reactor& r, std::shared_ptr<cluster> shared, const key_routing& routing,
                const client_options& options);
    ~client_view() override;

    [[nodiscard]] reactor& loop() noexcept { return reactor_; }
    [[nodiscard]] const key_routing& routing() const noexcept { return routing_; }
    [[nodiscard]] const client_options& options() const noexcept { return options_; }

    // Takes in what the cluster has decided since. Calls and batches do it once, before they ask
    // for places. When there is no memory for it, the old state stays.
    void refresh() noexcept {
        if (shared_->version() != version_) take_news();
    }
    [[nodiscard]] const router& route() const noexcept { return *route_; }
    // Makes a request fit for the server that stands in for its own, and counts it there.
    [[nodiscard]] std::optional<errc> fit_for_stand_in(request& r, server_number stand_in) noexcept;

    // Which connection carries a request of this hash to this server. Those of values of at least
    // bulk_bytes, and those that ask for it, go over the bulk connection, if there is one.
    [[nodiscard]] std::uint32_t link_to(server_number server, std::uint32_t hash,
                                        bool is_bulk) const noexcept {
        const std::uint32_t first = server * links_per_server_;
        if (is_bulk) return first + options_.lanes;
        if (options_.lanes == 1) return first;
        // Other bits than the ring uses, or all keys of a server would share a lane.
        const auto spread = static_cast<std::uint32_t>(hash * 0x9e3779b97f4a7c15U >> 32);
        return first + spread % options_.lanes;
    }
    [[nodiscard]] bool is_bulk(const request& r, bool is_large) const noexcept {
        return options_.bulk_bytes != 0 && (is_large || r.value_size >= options_.bulk_bytes);
    }
    // Numbers below this are known here; all there are, unless memory was short.
    [[nodiscard]] std::size_t server_count() const noexcept { return hosts_.size(); }
    [[nodiscard]] std::uint32_t link_count() const noexcept {
        return static_cast<std::uint32_t>(links_.size());
    }
    [[nodiscard]] bool is_bulk_link(std::uint32_t link) const noexcept {
        return link % links_per_server_ == options_.lanes;
    }
    [[nodiscard]] server_number server_of_link(std::uint32_t link) const noexcept {
        return static_cast<server_number>(link / links_per_server_);
    }

    // Readies a node of one request for the server of its key: checks it, puts the prefix before
    // the key (in a block of `wire_key`, of request.key_size bytes, which the caller returns), and
    // sets the node's server, link and bytes. Or says what is wrong.
    [[nodiscard]] std::optional<errc> route(op_node& node, request& r, char*& wire_key,
                                            std::string_view group, bool is_large) noexcept;
    // The second half of route(): where a request whose key is as on the wire goes now.
    [[nodiscard]] std::optional<errc> choose(op_node& node, request& r, std::string_view group,
                                             bool is_large) noexcept;
    // The same for a node whose server is given.
    [[nodiscard]] std::optional<errc> aim(op_node& node, const request& r) noexcept;

    // What is wrong with a request whose key is on the wire like this, before anything is sent.
    [[nodiscard]] std::optional<errc> objection_to(const request& r) const noexcept {
        if (const auto objection = objection_to_key(r.key_view())) return objection;
        const std::uint64_t item = std::uint64_t{r.value_size} + r.key_size + item_overhead_min;
        if (r.value_size != 0 && item > options_.item_size_max) return errc::too_large;
        return std::nullopt;
    }

    // Sends a node of checked requests over node.link, or lets it wait for its turn, or refuses it
    // through its hooks. Whoever submits calls withdraw() once: when the node ended or is given up.
    void submit(op_node& node) noexcept;
    void withdraw(op_node& node) noexcept;
    // The node is about to be withdrawn because its deadline passed; `given` is the time it had.
    static void note_timeout(op_node& node, duration given) noexcept {
        if (node.where != nullptr) node.where->on_timeout(node, given);
    }

    // How long a call may take that was given this deadline; zero stands for the client's default.
    // Not for negative ones: those have passed already.
    [[nodiscard]] static duration time_for(duration given, duration fallback) noexcept;
    // When it has to end if it begins now.
    [[nodiscard]] time_point deadline_of(duration given, duration fallback) const noexcept {
        return reactor_.engine().read_clock() + time_for(given, fallback);
    }

    // Posted by the client's last handle.
    [[nodiscard]] letter& farewell() noexcept { return farewell_; }

    // By link, null until needed; then those that are leaving. For tests.
    [[nodiscard]] std::vector<const connection*> connections() const;
    // Requests under way on this reactor, those that wait for a limit excluded.
    [[nodiscard]] std::uint64_t under_way() const noexcept { return all_.requests(); }

    void close() noexcept override;
    [[nodiscard]] bool is_settled() const noexcept override;

private:
    // What memcached adds to key and value of every item, at the very least. A value that would not
    // fit in any build of the server is refused here; the last few bytes are the server's to judge.
    static constexpr std::uint64_t item_overhead_min = 48;

    struct farewell_letter : letter {
        client_view* view = nullptr;
    };
    // A server, and who asks after it when it is dead.
    struct host {
        host(client_view& view, cluster::record& of);
        cluster::record& what;
        peer where;
        probe nurse;
    };
    struct lane {
        std::unique_ptr<connection> line;
        quota limits;
        time_point leaves{};  // if not zero, its server was removed: over then at the latest

        [[nodiscard]] bool is_idle() noexcept {
            return limits.requests() == 0 && limits.line().empty();
        }
    };
    struct leave_timer : timer {
        client_view* view = nullptr;
    };
    void take_news() noexcept;
    void grow(std::size_t servers);
    void part_from(server_number server) noexcept;
    void return_to(server_number server) noexcept;
    void leave_if_idle(lane& l) noexcept;
    void let_go() noexcept;

    void on_failure(const peer& where, const link_failure& what) noexcept override;
    void on_answer(const peer& where) noexcept override;
    void on_change(const peer& where, event_kind what, errc why) noexcept override;
    [[nodiscard]] bool reroute(op_node& node) noexcept override;

    static void refuse(op_node& node, errc why) noexcept;
    static void refuse_line(quota& q, errc why) noexcept;
    void enter_link(op_node& node) noexcept;
    void dispatch(op_node& node) noexcept;
    [[nodiscard]] bool must_wait(quota& q, op_node& node) noexcept;
    void look_at(quota& q) noexcept;
    void look_at_lines() noexcept;

    reactor& reactor_;
    std::shared_ptr<cluster> shared_;
    std::shared_ptr<const router> route_;
    std::uint32_t version_ = 0;
    key_routing routing_;
    client_options options_;
    std::uint32_t links_per_server_;
    std::uint32_t stand_in_life_;
    std::vector<std::unique_ptr<host>> hosts_;  // by number
    std::deque<lane> links_;
    std::vector<std::unique_ptr<connection>> leaving_;  // of removed servers, nothing under way
    leave_timer leave_timer_;
    quota all_;
    intrusive_list<quota> to_look_at_;  // those whose line may move
    bool looking_ = false;
    farewell_letter farewell_;
    cluster::subscriber subscriber_;
    bool closed_ = false;
};

}  // namespace kmc::detail
