// A client as one reactor sees it: the ring, and a connection for each server that was needed.

#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <kmc/detail/op_node.hpp>
#include <kmc/options.hpp>

#include "loop/mailbox.hpp"
#include "loop/reactor.hpp"
#include "net/connection.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

class client_view final : public resident {
public:
    client_view(reactor& r, std::shared_ptr<const topology> ring, const client_options& options);

    [[nodiscard]] reactor& loop() noexcept { return reactor_; }
    [[nodiscard]] const topology& ring() const noexcept { return *topology_; }
    [[nodiscard]] const client_options& options() const noexcept { return options_; }

    // Sends a node of one request to the server of its key, or, when node.server is set, to that
    // one. Whatever is wrong with it ends it through its hooks, never inline in the caller.
    void submit(op_node& node) noexcept;

    // Sends a node of checked requests to node.server.
    void submit_run(op_node& node) noexcept;

    // When a call that begins now and was given this deadline has to end; zero stands for the
    // client's default. Not for negative ones: those have passed already.
    [[nodiscard]] time_point deadline_of(duration given, duration fallback) const noexcept;

    // What is wrong with a request, before anything is sent.
    [[nodiscard]] std::optional<errc> objection_to(const request& r) const noexcept;

    // Posted by the client's last handle.
    [[nodiscard]] letter& farewell() noexcept { return farewell_; }

    [[nodiscard]] std::span<const std::unique_ptr<connection>> connections() const noexcept {
        return connections_;
    }

    void close() noexcept override;
    [[nodiscard]] bool is_settled() const noexcept override;

private:
    struct farewell_letter : letter {
        client_view* view = nullptr;
    };

    static void refuse(op_node& node, errc why) noexcept;

    reactor& reactor_;
    std::shared_ptr<const topology> topology_;
    client_options options_;
    std::vector<std::unique_ptr<connection>> connections_;  // by server; null until needed
    farewell_letter farewell_;
    bool closed_ = false;
};

}  // namespace kmc::detail
