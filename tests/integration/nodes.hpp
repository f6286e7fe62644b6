// Real memcached processes for tests, and servers that misbehave on purpose.
//
// Every process listens on a port that the kernel chose or on a Unix socket in a private folder,
// is ended by its pid when its object goes, and does not outlive the thread that started it.
// Nothing waits for a fixed time: everything polls, up to a limit after which it throws.
//
// KMC_TEST_SERVERS=host:port,... names nodes that somebody else runs. Tests that need no control of
// the servers use those (any_cluster); the others say that they are left out (control_is_missing).

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/scratch_folder.hpp"

namespace kmc::testing {

/// A file descriptor that closes itself.
class descriptor {
public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept;
    descriptor& operator=(descriptor&& other) noexcept;
    ~descriptor();

    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

enum class listens_on : std::uint8_t { tcp, unix_socket };

/// One memcached. Throws std::runtime_error, with its own words, when it does not start.
class memcached_node {
public:
    /// @param extra  further arguments, e.g. {"-I", "128k"}. With "-S" it wants a login that nobody
    ///               has.
    explicit memcached_node(std::vector<std::string> extra = {},
                            listens_on where = listens_on::tcp);
    ~memcached_node();
    memcached_node(const memcached_node&) = delete;
    memcached_node& operator=(const memcached_node&) = delete;

    /// How a server list names it: "127.0.0.1:40123", or the path of its socket.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    void stop();     ///< Asks it to end, and insists when it does not.
    void kill();     ///< SIGKILL: gone at once, nothing said. Also ends a paused one.
    void pause();    ///< SIGSTOP, and waits until it stands still.
    void resume();   ///< SIGCONT.
    void restart();  ///< Ends it if it runs, and starts an empty one at the same place.

private:
    void start();
    void wait_until_it_listens();
    [[nodiscard]] bool is_ready();

    std::vector<std::string> extra_;
    listens_on where_;
    scratch_folder folder_;
    std::string text_;
    pid_t pid_ = -1;
};

/// Some nodes and their weights, in the order of a server list.
class cluster {
public:
    explicit cluster(std::vector<unsigned> weights, const std::vector<std::string>& extra = {});

    [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
    [[nodiscard]] const std::string& text(std::size_t i) const { return texts_.at(i); }
    /// "host:port:weight,..."
    [[nodiscard]] std::string servers() const;
    /// One of our own; never call it on any_cluster().
    [[nodiscard]] memcached_node& operator[](std::size_t i) { return *nodes_.at(i); }

private:
    friend cluster any_cluster(std::vector<unsigned> weights);
    cluster() = default;

    std::vector<std::unique_ptr<memcached_node>> nodes_;
    std::vector<std::string> texts_;
    std::vector<unsigned> weights_;
};

/// As many nodes as there are weights, or as many of those as KMC_TEST_SERVERS has.
[[nodiscard]] cluster any_cluster(std::vector<unsigned> weights);

/// True when the servers are somebody else's; says so, loudly. The test then returns.
[[nodiscard]] bool control_is_missing();

/// A bare connection to a node of our own; an empty descriptor when it cannot be reached.
[[nodiscard]] descriptor connect_to(const std::string& node);

/// A connection of the text protocol: how a test looks behind the client's back.
class text_connection {
public:
    explicit text_connection(const std::string& node);

    /// Sends a line and reads until the answer ends with `end`, or the peer closes.
    [[nodiscard]] std::string ask(std::string_view line, std::string_view end);

private:
    descriptor socket_;
};

/// One number of the node's own `stats`, such as "cmd_get".
[[nodiscard]] std::uint64_t stat(const std::string& node, std::string_view name);

/// A port that is taken and on which nobody listens: connections are refused.
class refusing_port {
public:
    refusing_port();
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    descriptor socket_;
    std::string text_;
};

/// Connections come about, in the kernel, and nobody ever says a word.
class silent_port {
public:
    silent_port();
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    descriptor socket_;
    std::string text_;
};

/// A listener whose queue is full: the kernel drops whoever asks, without a word.
class black_hole {
public:
    black_hole();
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    descriptor socket_;
    std::vector<descriptor> queue_;
    std::string text_;
};

}  // namespace kmc::testing
