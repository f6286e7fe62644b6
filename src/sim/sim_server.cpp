#include "sim/sim_server.hpp"

#include <utility>

namespace kmc::sim {
namespace {

constexpr duration between_bursts = std::chrono::microseconds(2);
constexpr std::string_view too_many = "ERROR Too many open connections\r\n";

}  // namespace

sim_server::sim_server(sim_net& net, std::string_view host, std::uint16_t port,
                       model_options options)
    : net_(&net), store_(std::move(options)), listener_(&net.listen(host, port, *this)) {}

sim_server::~sim_server() {
    *here_ = false;
    net_->abandon(*listener_);
}

std::uint64_t sim_server::wall_seconds() const noexcept {
    const auto shown = net_->now().time_since_epoch() + unix_start;
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(shown).count());
}

void sim_server::kill(death how) {
    alive_ = false;
    net_->close(*listener_);
    drop_connections(how);
}

void sim_server::restart() {
    if (alive_) kill();
    store_.clear();
    alive_ = true;
    paused_ = muted_ = false;
    net_->listen(listener_->host(), listener_->port(), *this);
}

void sim_server::pause() {
    paused_ = true;
    ++pauses_;
}

void sim_server::resume() {
    paused_ = false;
    for (sim_link* link : listener_->links()) link->again({});
}

void sim_server::stall(duration time) {
    pause();
    net_->after(time, [this, here = here_, mine = pauses_] {
        if (*here && pauses_ == mine) resume();
    });
}

void sim_server::mute() {
    muted_ = true;
}

void sim_server::unmute() {
    muted_ = false;
    for (sim_link* link : listener_->links()) link->again({});
}

void sim_server::drop_connections(death how) {
    for (sim_link* link : listener_->links()) end(*link, how);
}

void sim_server::end(sim_link& link, death how) {
    sessions_.erase(link.id());
    if (how == death::either) how = net_->random().below(2) == 0 ? death::reset : death::finish;
    if (how == death::reset) {
        link.reset();
    } else {
        link.abort_writes();
        link.finish();
    }
}

void sim_server::on_open(sim_link& link) {
    if (!alive_) {
        link.reset();
        return;
    }
    if (sessions_.size() >= max_connections) {
        link.write(too_many);
        link.finish();
        return;
    }
    sessions_.try_emplace(link.id(), store_);
}

// As the real one does: a burst, then what it answers is sent, then the next; and while the client
// does not take its replies, nothing is read.
void sim_server::on_readable(sim_link& link) {
    const auto found = sessions_.find(link.id());
    if (paused_ || found == sessions_.end()) return;
    session& s = found->second;
    if (muted_ && s.over) return;
    if (!muted_ && !s.held.empty()) link.write(std::exchange(s.held, {}));
    if (s.over) {
        link.finish();
        return;
    }
    if (link.unsent() != 0) return;  // on_drained comes back

    s.parser.feed(link.read(read_size));
    std::string out;
    const auto state = s.parser.step(wall_seconds(), out);
    if (tamper && !out.empty()) tamper(link, out);
    if (muted_) {
        s.held += out;
    } else {
        link.write(out);
    }
    if (state == model_session::state::broken) {
        end(link, death::either);
    } else if (state == model_session::state::finished ||
               (state == model_session::state::idle && link.at_end())) {
        s.over = true;
        if (!muted_) link.finish();
    } else if (state == model_session::state::more || link.readable() != 0) {
        link.again(between_bursts);
    }
}

void sim_server::on_drained(sim_link& link) {
    on_readable(link);
}

void sim_server::on_gone(sim_link& link) {
    sessions_.erase(link.id());
}

}  // namespace kmc::sim
