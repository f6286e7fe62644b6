// A memcached in the simulated world: a model_store behind a listener, and the knobs that operators
// and accidents turn.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sim/model_memcached.hpp"
#include "sim/sim_link.hpp"
#include "sim/sim_net.hpp"

namespace kmc::sim {

enum class death : std::uint8_t { reset, finish, either };  // either: drawn per connection

class sim_server final : public sim_service {
public:
    // Listens at once. A path is a host that starts with '/', with port 0.
    sim_server(sim_net&, std::string_view host, std::uint16_t port, model_options options = {});
    ~sim_server();
    sim_server(const sim_server&) = delete;
    sim_server& operator=(const sim_server&) = delete;

    [[nodiscard]] model_store& store() noexcept { return store_; }
    [[nodiscard]] sim_listener& listener() noexcept { return *listener_; }
    [[nodiscard]] sim_conditions& conditions() noexcept { return listener_->conditions; }
    [[nodiscard]] std::size_t connections() const noexcept { return sessions_.size(); }
    [[nodiscard]] bool alive() const noexcept { return alive_; }
    // What its wall clock shows, in seconds.
    [[nodiscard]] std::uint64_t wall_seconds() const noexcept;

    // The process ends: connections die, connects are refused.
    void kill(death how = death::either);
    // A new process on the same port: nothing stored, CAS from 1.
    void restart();
    // SIGSTOP: connects and requests are taken by the kernel until windows are full; SIGCONT.
    void pause();
    void resume();
    void stall(duration);  // pause, and resume after so long
    // Executes, but its replies are held back until it is unmuted.
    void mute();
    void unmute();
    // Ends all connections, keeps the process.
    void drop_connections(death how = death::either);

    // Above so many connections the greeting is text and the end: memcached -c.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    // Sees every burst of replies before it is sent and may change it: for hostile servers.
    std::function<void(sim_link&, std::string&)> tamper;

private:
    struct session {
        explicit session(model_store& store) : parser(store) {}
        model_session parser;
        std::string held;
        bool over = false;
    };

    void on_open(sim_link&) override;
    void on_readable(sim_link&) override;
    void on_drained(sim_link&) override;
    void on_gone(sim_link&) override;
    void end(sim_link&, death);

    // One read of the real one's buffer; and what the wall clock shows when the world begins.
    static constexpr std::size_t read_size = 16 * 1024;
    static constexpr std::chrono::seconds unix_start{1'700'000'000};

    sim_net* net_;
    model_store store_;
    sim_listener* listener_;
    std::map<std::uint64_t, session> sessions_;  // by link
    bool alive_ = true;
    bool paused_ = false;
    bool muted_ = false;
    std::uint64_t pauses_ = 0;  // so that an old stall does not end a newer pause
    std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace kmc::sim
