// A client as one reactor sees it: the ring, a connection for each server that was needed, and the
// limits on what is under way.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/detail/op_node.hpp>
#include <kmc/options.hpp>

#include "client/quota.hpp"
#include "loop/mailbox.hpp"
#include "loop/reactor.hpp"
#include "net/connection.hpp"
#include "routing/key_routing.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

class client_view final : public resident {
public:
    client_view(reactor& r, std::shared_ptr<const topology> ring, const key_routing& routing,
                const client_options& options);

    [[nodiscard]] reactor& loop() noexcept { return reactor_; }
    [[nodiscard]] const topology& ring() const noexcept { return *topology_; }
    [[nodiscard]] const key_routing& routing() const noexcept { return routing_; }
    [[nodiscard]] const client_options& options() const noexcept { return options_; }

    // Which connection carries a request of this hash to this server. Those of values of at least
    // bulk_bytes, and those that ask for it, go over the bulk connection, if there is one.
    [[nodiscard]] std::uint32_t link_to(server_index server, std::uint32_t hash,
                                        bool is_bulk) const noexcept;
    [[nodiscard]] bool is_bulk(const request& r, bool is_large) const noexcept {
        return options_.bulk_bytes != 0 && (is_large || r.value_size >= options_.bulk_bytes);
    }
    [[nodiscard]] std::uint32_t link_count() const noexcept {
        return static_cast<std::uint32_t>(connections_.size());
    }
    [[nodiscard]] std::uint16_t server_of_link(std::uint32_t link) const noexcept {
        return static_cast<std::uint16_t>(link / links_per_server_);
    }

    // Readies a node of one request for the server of its key: checks it, puts the prefix before
    // the key (in a block of `wire_key`, of request.key_size bytes, which the caller returns), and
    // sets the node's server, link and bytes. Or says what is wrong.
    [[nodiscard]] std::optional<errc> route(op_node& node, request& r, char*& wire_key,
                                            std::string_view group, bool is_large) noexcept;
    // The same for a node whose server is given.
    [[nodiscard]] std::optional<errc> aim(op_node& node, const request& r) noexcept;

    // What is wrong with a request whose key is on the wire like this, before anything is sent.
    [[nodiscard]] std::optional<errc> objection_to(const request& r) const noexcept;

    // Sends a node of checked requests over node.link, or lets it wait for its turn, or refuses it
    // through its hooks. Whoever submits calls withdraw() once: when the node ended or is given up.
    void submit(op_node& node) noexcept;
    void withdraw(op_node& node) noexcept;

    // When a call that begins now and was given this deadline has to end; zero stands for the
    // client's default. Not for negative ones: those have passed already.
    [[nodiscard]] time_point deadline_of(duration given, duration fallback) const noexcept;

    // Posted by the client's last handle.
    [[nodiscard]] letter& farewell() noexcept { return farewell_; }

    [[nodiscard]] std::span<const std::unique_ptr<connection>> connections() const noexcept {
        return connections_;
    }
    // Requests under way on this reactor, those that wait for a limit excluded.
    [[nodiscard]] std::uint64_t under_way() const noexcept { return all_.requests(); }

    void close() noexcept override;
    [[nodiscard]] bool is_settled() const noexcept override;

private:
    struct farewell_letter : letter {
        client_view* view = nullptr;
    };

    static void refuse(op_node& node, errc why) noexcept;
    void enter_link(op_node& node) noexcept;
    void dispatch(op_node& node) noexcept;
    [[nodiscard]] bool must_wait(quota& q, op_node& node) noexcept;
    void look_at(quota& q) noexcept;
    void look_at_lines() noexcept;

    reactor& reactor_;
    std::shared_ptr<const topology> topology_;
    key_routing routing_;
    client_options options_;
    std::uint32_t links_per_server_;
    std::vector<std::unique_ptr<connection>> connections_;  // by link; null until needed
    quota all_;
    std::unique_ptr<quota[]> link_quotas_;
    intrusive_list<quota> to_look_at_;  // those whose line may move
    bool looking_ = false;
    farewell_letter farewell_;
    bool closed_ = false;
};

}  // namespace kmc::detail
