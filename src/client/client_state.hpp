// What the handles of one client share: the cluster, and a view per reactor.

#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/client.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/server_list.hpp>

#include "client/cluster.hpp"
#include "loop/reactor.hpp"
#include "routing/key_routing.hpp"

namespace kmc::detail {

class client_view;

class client_state : public std::enable_shared_from_this<client_state> {
public:
    // The reactors must outlive the client; client::open passes those of a runtime, tests their
    // own.
    [[nodiscard]] static config_result<client> open(std::vector<reactor*> reactors,
                                                    server_list servers,
                                                    const client_options& options);

    [[nodiscard]] static client_state& of(const client& handle) noexcept { return *handle.state_; }

    client_state(std::vector<reactor*> reactors, std::shared_ptr<cluster> servers,
                 key_routing routing, const client_options& options);
    client_state(const client_state&) = delete;
    client_state& operator=(const client_state&) = delete;
    // Any thread: asks each reactor to close its view.
    ~client_state();

    // The view of this thread's reactor, made on first use; null on any other thread. Throws
    // std::bad_alloc.
    [[nodiscard]] client_view* view();

    // Where calls of this thread run, if it has no reactor of its own: always the same one.
    [[nodiscard]] reactor& home_reactor() noexcept;

    [[nodiscard]] const key_routing& routing() const noexcept { return routing_; }
    [[nodiscard]] cluster& servers() const noexcept { return *cluster_; }
    [[nodiscard]] std::shared_ptr<const router> route() const { return cluster_->route(); }
    [[nodiscard]] server_snapshot snapshot() const;
    [[nodiscard]] config_result<void> set_servers(server_list servers);
    void tell_refused(std::string_view why) noexcept;
    [[nodiscard]] const client_options& options() const noexcept { return options_; }

private:
    std::vector<reactor*> reactors_;
    std::shared_ptr<cluster> cluster_;
    key_routing routing_;
    client_options options_;
    // Each entry is written by its reactor alone; the destructor reads all.
    std::unique_ptr<std::atomic<client_view*>[]> views_;
};

}  // namespace kmc::detail
