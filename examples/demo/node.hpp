// A memcached process of our own on a free loopback port. Ends with this object, with the thread
// that started it, and therefore also when the demo is interrupted or dies.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace demo {

class node {
public:
    /// Starts a node and waits until it listens. Throws std::runtime_error when it does not.
    node();
    node(const node&) = delete;
    node& operator=(const node&) = delete;
    ~node() { kill_now(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    /// SIGKILL, and waits until the process is gone.
    void kill_now() noexcept;

    /// Starts a new, empty process on the port of the old one. Only after kill_now().
    void start_again();

private:
    void start(const std::string& port);

    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace demo
