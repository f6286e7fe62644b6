#include "client/probe.hpp"

#include <exception>
#include <utility>

#include "base/assert.hpp"
#include "protocol/command.hpp"

namespace kmc::detail {
namespace {

// When the last connection is not settled yet, or there was no memory for one.
constexpr duration moment = std::chrono::milliseconds(10);

}  // namespace

const op_hooks probe::hooks = {
    .on_reply = [](op_node& node, std::uint32_t,
                   reply&) noexcept { static_cast<probe&>(node).failed_.reset(); },
    .on_error = [](op_node& node, std::uint32_t,
                   error e) noexcept { static_cast<probe&>(node).failed_ = e.code; },
    // Later: the connection is in the middle of it.
    .on_complete =
        [](op_node& node) noexcept {
            auto& self = static_cast<probe&>(node);
            self.loop_.make_ready(self);
        },
};

probe::probe(reactor& loop, cluster& shared, cluster::record& of, const client_options& options)
    : loop_(loop),
      shared_(shared),
      of_(of),
      options_(options),
      peer_{.what = of.what,
            .number = of.number,
            .watcher = *this,
            .traffic = traffic_,
            .state = state_} {
    timer::on_fire = &probe::on_time;
    op_node::hooks = &probe::hooks;
    op_node::run = [](ready_node& node) noexcept {
        auto& self = static_cast<probe&>(static_cast<op_node&>(node));
        self.end(self.failed_);
    };
    op_node::requests = &noop_;
    noop_.what = command::noop;
}

probe::~probe() {
    KMC_ASSERT(is_settled());
}

void probe::schedule(time_point when) noexcept {
    if (is_stopped_) return;
    // It came back by another way and died anew while we asked.
    if (is_asking_) {
        take_back();
        if (line_) line_->retire();
    }
    loop_.timers().add(*this, when);
}

void probe::stop() noexcept {
    is_stopped_ = true;
    take_back();
    if (line_) line_->retire();
}

void probe::take_back() noexcept {
    if (std::exchange(is_asking_, false)) loop_.waiting().pause(1);
    timer::unlink();
    if (op_node::where != nullptr) op_node::where->abandon(*this);
    op_node::unlink();
}

void probe::on_time(timer& t) noexcept {
    auto& self = static_cast<probe&>(t);
    // Asked, and no answer within the time a connection may take to come up.
    if (self.is_asking_) return self.end(errc::timed_out);
    self.begin();
}

void probe::begin() noexcept {
    if (!is_settled()) return schedule(loop_.now() + moment);
    line_.reset();
    if (!shared_.try_begin_probe(of_, loop_.now())) return;
    is_asking_ = true;
    loop_.waiting().begin(1);
    try {
        line_.emplace(loop_, peer_, options_);
    } catch (const std::exception&) {
        return end(errc::overloaded);
    }
    op_node::count = op_node::open = 1;
    op_node::encoded = 0;
    op_node::is_resent = false;
    loop_.timers().add(*this, loop_.now() + options_.connect_timeout);
    line_->enqueue(*this);
}

void probe::end(std::optional<errc> failed) noexcept {
    take_back();
    if (line_) line_->retire();
    if (!failed) return shared_.on_probe_answered(of_, loop_.now());
    if (const auto next = shared_.on_probe_failed(of_, *failed, loop_.now(), loop_.random())) {
        schedule(*next);
    }
}

}  // namespace kmc::detail
