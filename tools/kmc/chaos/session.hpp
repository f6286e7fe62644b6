// One connection of a client and its connection to the target: two relays, and the ways it can
// end.

#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "chaos/relay.hpp"
#include "chaos/rule_book.hpp"

namespace kmc::chaos {

using stream_endpoint = boost::asio::generic::stream_protocol::endpoint;

struct totals {
    std::uint64_t connections = 0;  // accepted, those that were cut or reset at once included
    std::uint64_t unreachable = 0;  // those whose target could not be reached; they were reset
    traffic requests;
    traffic replies;
};

// An orderly end that does not wait for anything the peer still says, and a reset. On a Unix socket
// a reset looks like an end to a peer that has read everything.
void reset_now(stream_socket& s);
void send_at_once(stream_socket& s);

class session final : public relay_owner, public std::enable_shared_from_this<session> {
public:
    session(boost::asio::io_context& io, stream_socket client, std::uint64_t number,
            std::uint64_t seed, rule_book& book, totals& counted, std::function<void()> on_closed);

    void start(const stream_endpoint& target);
    // The client hears an orderly end at once; the target is not asked.
    void refuse();
    void resume();

    void cut() override;
    void reset() override;
    void side_ended() override;
    void side_drained() override;
    [[nodiscard]] std::shared_ptr<relay_owner> alive() override { return shared_from_this(); }

private:
    void close();

    stream_socket client_;
    stream_socket target_;
    totals& counted_;
    std::function<void()> on_closed_;
    relay requests_;
    relay replies_;
    bool is_cut_ = false;
    bool is_closed_ = false;
};

}  // namespace kmc::chaos
