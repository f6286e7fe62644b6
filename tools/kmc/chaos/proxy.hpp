// The proxy: listens, and makes a session of each connection. One thread; whoever calls is on it.

#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <kmc/result.hpp>

#include "chaos/gate.hpp"
#include "chaos/rule_book.hpp"
#include "chaos/session.hpp"

namespace kmc::chaos {

class proxy {
public:
    struct options {
        std::uint64_t seed = 0;
        int backlog = 128;
    };

    // @param book  outlives the proxy.
    proxy(boost::asio::io_context& io, rule_book& book, const options& chosen)
        : io_(io), book_(book), options_(chosen), acceptor_(io), breath_(io) {}
    proxy(const proxy&) = delete;
    proxy& operator=(const proxy&) = delete;
    ~proxy();

    // @return  where it really listens.
    [[nodiscard]] config_result<std::string> open(const stream_endpoint& listen,
                                                  const stream_endpoint& target);

    // To be called after every change of the book.
    void rules_added();
    void rules_cleared();

    // @return  how many connections there were.
    std::size_t cut_all();
    std::size_t reset_all();

    [[nodiscard]] const totals& counted() const noexcept { return totals_; }
    [[nodiscard]] std::size_t open_connections() const noexcept { return sessions_.size(); }

private:
    void accept();
    void accepted(const boost::system::error_code& failed);
    // A copy: sessions go away while they are walked through.
    [[nodiscard]] std::set<std::shared_ptr<session>> sessions() const { return sessions_; }

    boost::asio::io_context& io_;
    rule_book& book_;
    options options_;
    boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
    boost::asio::steady_timer breath_;  // when there are no descriptors left
    std::optional<stream_socket> next_;
    std::optional<gate_verdict> verdict_;  // on the connection that comes next
    stream_endpoint target_;
    std::string path_;  // of our own socket, to be removed
    bool is_accepting_ = false;
    std::uint64_t held_by_ = 0;  // the rule that was last counted for holding
    totals totals_;
    std::set<std::shared_ptr<session>> sessions_;
};

}  // namespace kmc::chaos
