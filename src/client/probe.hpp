// Asks a dead server whether it answers again: at the times the cluster says, over a connection of
// its own, which is dialled anew each time. One NOOP; what comes of it is the owner's business.

#pragma once

#include <optional>

#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>

#include "client/cluster.hpp"
#include "loop/reactor.hpp"
#include "net/connection.hpp"
#include "net/peer.hpp"

namespace kmc::detail {

class probe final : private timer, private op_node, private link_watcher {
public:
    // `of`, `shared` and `options` outlive it.
    probe(reactor& loop, cluster& shared, cluster::record& of, const client_options& options);
    ~probe();

    void schedule(time_point when) noexcept;
    // For good; is_settled() follows.
    void stop() noexcept;
    [[nodiscard]] bool is_settled() const noexcept { return !line_ || line_->is_settled(); }

private:
    static void on_time(timer& t) noexcept;
    static const op_hooks hooks;

    void begin() noexcept;
    void end(std::optional<errc> failed) noexcept;
    void take_back() noexcept;

    void on_failure(const peer&, const link_failure&) noexcept override {}
    void on_answer(const peer&) noexcept override {}
    void on_change(const peer&, event_kind, errc) noexcept override {}
    [[nodiscard]] bool reroute(op_node&) noexcept override { return false; }

    reactor& loop_;
    cluster& shared_;
    cluster::record& of_;
    const client_options& options_;
    link_traffic traffic_;
    peer_state state_;
    peer peer_;
    request noop_;
    std::optional<connection> line_;
    std::optional<errc> failed_;
    bool is_asking_ = false;
    bool is_stopped_ = false;
};

}  // namespace kmc::detail
