#include "chaos/proxy.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <chrono>
#include <utility>

#include "chaos/place.hpp"

namespace kmc::chaos {

proxy::~proxy() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

config_result<std::string> proxy::open(const stream_endpoint& listen,
                                       const stream_endpoint& target) {
    target_ = target;
    boost::system::error_code failed;
    acceptor_.open(listen.protocol(), failed);
    if (!failed) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(listen, failed);
    if (failed)
        return config_error("cannot listen on " + text_of(listen) + ": " + failed.message());
    if (listen.protocol().family() == AF_UNIX) path_ = text_of(listen);
    acceptor_.listen(options_.backlog, failed);
    if (failed)
        return config_error("cannot listen on " + text_of(listen) + ": " + failed.message());
    accept();
    return text_of(acceptor_.local_endpoint());
}

void proxy::accept() {
    if (is_accepting_) return;
    verdict_ = judge(book_, totals_.connections + 1, options_.seed);
    if (verdict_ && verdict_->what == deed::hold) {
        if (std::exchange(held_by_, verdict_->rule_id) != verdict_->rule_id) {
            book_.hit(verdict_->rule_id);
        }
        return;
    }
    is_accepting_ = true;
    next_.emplace(io_);
    acceptor_.async_accept(*next_, [this](const boost::system::error_code& failed) {
        is_accepting_ = false;
        accepted(failed);
    });
}

void proxy::accepted(const boost::system::error_code& failed) {
    if (failed == boost::asio::error::operation_aborted) return accept();
    if (failed) {
        breath_.expires_after(std::chrono::milliseconds(20));
        breath_.async_wait([this](const boost::system::error_code& ended) {
            if (!ended) accept();
        });
        return;
    }
    const std::uint64_t number = ++totals_.connections;
    if (verdict_) book_.hit(verdict_->rule_id);
    if (verdict_ && verdict_->what == deed::reset) {
        reset_now(*next_);
        return accept();
    }
    // The session lives as long as it is in the set or has something under way.
    auto held = std::make_shared<std::weak_ptr<session>>();
    auto made = std::make_shared<session>(io_, std::move(*next_), number, options_.seed, book_,
                                          totals_, [this, held] {
                                              if (auto s = held->lock()) sessions_.erase(s);
                                          });
    *held = made;
    sessions_.insert(made);
    if (verdict_) {
        made->refuse();
    } else {
        made->start(target_);
    }
    accept();
}

// The connection that is waited for may be one that the new rules are about.
void proxy::rules_added() {
    if (is_accepting_) acceptor_.cancel();
}

void proxy::rules_cleared() {
    for (const auto& s : sessions()) s->resume();
    if (is_accepting_) {
        acceptor_.cancel();
    } else {
        accept();
    }
}

std::size_t proxy::cut_all() {
    const auto all = sessions();
    for (const auto& s : all) s->cut();
    return all.size();
}

std::size_t proxy::reset_all() {
    const auto all = sessions();
    for (const auto& s : all) s->reset();
    return all.size();
}

}  // namespace kmc::chaos
