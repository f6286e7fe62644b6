// What every engine promises, as one suite: io_uring, epoll and the simulator run the same cases.
//
// An engine_fixture brings an engine and the world it talks to: listeners, the far ends of streams,
// places that refuse or stay silent. Nothing here blocks: a case turns the engine and asks
// the peers again, until what it waits for has happened. So a fixture may have a clock of its own.
//
// To put an engine under the suite, in the test file of that engine:
//
//     TEST_CASE("the simulator keeps the engine contract") {
//         kmc::testing::check_engine_contract([] { return std::make_unique<my_fixture>(); });
//     }

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/io_engine.hpp"

namespace kmc::testing {

/// What is given to io_engine::resolve.
struct place {
    std::string host;  ///< Numeric, a name, or the path of a Unix socket.
    std::uint16_t port = 0;
};

/// The far end of one connection. Nothing blocks. The destructor closes.
class peer_stream {
public:
    virtual ~peer_stream() = default;

    /// What has arrived, at most `max` bytes. Empty when nothing has, or at the end.
    [[nodiscard]] virtual std::string read(std::size_t max) = 0;
    /// The engine's end was closed or shut down, or the stream broke, and all before was read.
    [[nodiscard]] virtual bool at_end() = 0;
    /// How much was taken, from the front: 0 when the engine's side has stopped reading.
    virtual std::size_t write(std::string_view bytes) = 0;
    /// Orderly: the engine's recv gets what was written, then 0.
    virtual void close() = 0;
    /// Abrupt: the engine's operations fail.
    virtual void reset() = 0;
};

class peer_listener {
public:
    virtual ~peer_listener() = default;

    [[nodiscard]] virtual place where() const = 0;
    /// Null while nobody has connected.
    [[nodiscard]] virtual std::unique_ptr<peer_stream> accept() = 0;
};

enum class stream_kind : std::uint8_t { tcp, unix_path };

class engine_fixture {
public:
    virtual ~engine_fixture() = default;

    [[nodiscard]] virtual detail::io_engine& engine() = 0;
    /// Destroys the engine now, with whatever is under way.
    virtual void end_engine() = 0;
    /// After end_engine(): closes a socket that the engine had opened.
    virtual void close_leftover([[maybe_unused]] int fd) {}

    [[nodiscard]] virtual std::unique_ptr<peer_listener> listen(stream_kind) = 0;
    /// Where a connect is refused at once.
    [[nodiscard]] virtual place refusing() = 0;
    /// Where a connect is neither taken nor refused while the fixture lives.
    [[nodiscard]] virtual place silent() = 0;
    /// The path of a Unix socket that is not there.
    [[nodiscard]] virtual place missing() = 0;
    /// A name with at least one address.
    [[nodiscard]] virtual place known_name() = 0;
    /// A name without.
    [[nodiscard]] virtual place unknown_name() = 0;

    /// The engine sleeps in real time and may be woken by a thread. When false, the cases with
    /// threads are left out, and say so.
    [[nodiscard]] virtual bool has_real_threads() const { return true; }
};

using fixture_maker = std::function<std::unique_ptr<engine_fixture>()>;

/// Runs every case with a fixture of its own, each as a section of the calling TEST_CASE. A maker
/// returns null when the engine cannot be used on this machine; the suite then says SKIPPED.
void check_engine_contract(const fixture_maker& make);

}  // namespace kmc::testing
