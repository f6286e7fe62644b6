// What the cases of the engine contract are written with: starts operations, remembers which are
// open, and watches that each ends once, in a turn, and never inside the call that started it.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/engine_contract.hpp"

namespace kmc::testing {

using detail::op_kind;
using detail::op_token;

/// Bytes whose value depends on where they stand, so that a lost or swapped piece shows.
[[nodiscard]] std::string patterned(std::size_t size, std::uint64_t seed = 1);

class bench final : private detail::completion_sink {
public:
    /// Both ends of one connection.
    struct link {
        int fd = -1;
        std::unique_ptr<peer_stream> peer;
    };

    explicit bench(engine_fixture& world) : world_(world) {}
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;
    ~bench();

    [[nodiscard]] engine_fixture& world() noexcept { return world_; }
    [[nodiscard]] detail::io_engine& engine() noexcept { return world_.engine(); }

    // Starting. The bytes of a send are copied and live as long as the bench.
    op_token resolve(const place& where);
    op_token connect(int fd, const detail::address& where);
    op_token send(int fd, std::string_view bytes) {
        return send(fd, bytes, detail::send_end::awaited);
    }
    op_token send(int fd, std::string_view bytes, detail::send_end end);
    op_token recv(int fd, std::size_t room = 64 * 1024);

    /// What to do when an operation ends, from inside the delivery.
    void then(op_token token, std::function<void(std::int32_t)> action);

    [[nodiscard]] bool ended(op_token token) const { return results_.contains(token.bits()); }
    /// Of an operation that has ended.
    [[nodiscard]] std::int32_t result(op_token token) const { return results_.at(token.bits()); }
    [[nodiscard]] std::vector<detail::address> addresses(op_token token) const;
    [[nodiscard]] std::string received(op_token token) const;
    [[nodiscard]] std::size_t open_operations() const noexcept { return open_.size(); }
    [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

    /// One turn that waits at most this long.
    void turn_for(duration patience);
    void turn_until(time_point until);
    void turn_with(const detail::patience& given);

    /// Turns until `done`, or fails the case when that takes too long.
    void run_until(const std::function<bool()>& done, const char* what);
    void run_until_ended(op_token token);

    // Whole steps, each run to its end.
    [[nodiscard]] detail::address find(const place& where);
    [[nodiscard]] int open(const detail::address& where);
    [[nodiscard]] std::int32_t dial(int fd, const detail::address& where);
    [[nodiscard]] link connected(peer_listener& listener);
    [[nodiscard]] std::string peer_reads(peer_stream& peer, std::size_t size);
    void peer_writes(peer_stream& peer, std::string_view bytes);
    void send_all(int fd, std::string_view bytes);
    [[nodiscard]] std::string receive_all(int fd, std::size_t size);
    void close(int fd);

    /// Kicks and closes every socket, waits for every operation, and checks the rules of the seam.
    void wind_up();
    /// The engine is gone: forgets what was open, closes what it left.
    void abandon_all();

private:
    struct operation {
        op_kind kind;
        int fd = -1;
        std::span<std::byte> room;
    };

    void on_completion(op_token token, std::int32_t result) noexcept override;
    void on_resolved(op_token token, std::int32_t error,
                     std::span<const detail::address> addresses) noexcept override;

    op_token note(op_kind kind, int fd, std::span<std::byte> room = {});
    void end(op_token token, std::int32_t result);

    engine_fixture& world_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, operation> open_;
    std::map<std::uint64_t, std::int32_t> results_;
    std::map<std::uint64_t, std::vector<detail::address>> found_;
    std::map<std::uint64_t, std::string> received_;
    std::map<std::uint64_t, std::function<void(std::int32_t)>> actions_;
    std::set<int> sockets_;
    std::size_t sends_ = 0;
    std::vector<std::unique_ptr<std::byte[]>> memory_;  // of operations, kept to the end
    std::vector<std::string> broken_rules_;
    std::uint64_t delivered_ = 0;
    bool abandoned_ = false;
    bool in_turn_ = false;
    bool starting_ = false;
};

}  // namespace kmc::testing
