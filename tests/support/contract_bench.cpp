#include "support/contract_bench.hpp"

#include <chrono>
#include <cstring>
#include <utility>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"

namespace kmc::testing {
namespace {

using namespace std::chrono_literals;

// On the engine's clock. Far more than anything here takes, even under a sanitizer.
constexpr duration too_long = 60s;
// A turn of the loop that also asks the peers.
constexpr duration look_around = 1ms;

class flag_guard {
public:
    explicit flag_guard(bool& flag) noexcept : flag_(flag), before_(std::exchange(flag, true)) {}
    flag_guard(const flag_guard&) = delete;
    flag_guard& operator=(const flag_guard&) = delete;
    ~flag_guard() { flag_ = before_; }

private:
    bool& flag_;
    bool before_;
};

}  // namespace

std::string patterned(std::size_t size, std::uint64_t seed) {
    std::string text(size, '\0');
    std::uint64_t state = seed * 0x9e3779b97f4a7c15U;
    for (char& c : text) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        c = static_cast<char>(state >> 56);
    }
    return text;
}

// A case that failed half-way must not free what the engine may still write to.
bench::~bench() {
    if (open_.empty()) return;
    world_.end_engine();
    abandon_all();
}

// ---- starting -------------------------------------------------------------------------------

op_token bench::note(op_kind kind, int fd, std::span<std::byte> room) {
    ++next_;
    const op_token token(kind, static_cast<std::uint32_t>(next_ % 1024), next_);
    open_[token.bits()] = {kind, fd, room};
    return token;
}

op_token bench::resolve(const place& where) {
    const op_token token = note(op_kind::resolve, -1);
    const flag_guard guard(starting_);
    engine().resolve(token, where.host, where.port);
    return token;
}

op_token bench::connect(int fd, const detail::address& where) {
    const op_token token = note(op_kind::connect, fd);
    const flag_guard guard(starting_);
    const detail::address gone_after_the_call = where;
    engine().connect(token, fd, gone_after_the_call);
    return token;
}

op_token bench::send(int fd, std::string_view bytes, detail::send_end end) {
    // From one place, from two, and so on.
    const std::size_t places = 1 + sends_++ % detail::gathered::places_max;
    detail::gathered all;
    for (std::size_t left = places; left > 0; --left) {
        const std::string_view piece = bytes.substr(0, (bytes.size() + left - 1) / left);
        bytes.remove_prefix(piece.size());
        if (piece.empty()) break;
        memory_.push_back(std::make_unique<std::byte[]>(piece.size()));
        const std::span<std::byte> copy(memory_.back().get(), piece.size());
        detail::copy_bytes(copy.data(), piece.data(), piece.size());
        all.add(copy);
    }
    const op_token token = note(op_kind::send, fd);
    const flag_guard guard(starting_);
    engine().send(token, fd, all, end);
    return token;
}

op_token bench::recv(int fd, std::size_t room) {
    memory_.push_back(std::make_unique<std::byte[]>(room));
    const std::span<std::byte> space(memory_.back().get(), room);
    const op_token token = note(op_kind::recv, fd, space);
    const flag_guard guard(starting_);
    engine().recv(token, fd, space);
    return token;
}

void bench::then(op_token token, std::function<void(std::int32_t)> action) {
    actions_[token.bits()] = std::move(action);
}

// ---- hearing --------------------------------------------------------------------------------

void bench::end(op_token token, std::int32_t result) {
    ++delivered_;
    if (!in_turn_) broken_rules_.emplace_back("an operation ended outside of a turn");
    if (starting_) broken_rules_.emplace_back("an operation ended inside of a starting call");
    const auto it = open_.find(token.bits());
    if (it == open_.end()) {
        broken_rules_.emplace_back(results_.contains(token.bits())
                                       ? "an operation ended twice"
                                       : "an operation ended that was never started");
        return;
    }
    const operation ended = it->second;
    open_.erase(it);
    results_[token.bits()] = result;
    if (ended.kind == op_kind::recv && result > 0) {
        const auto count = static_cast<std::size_t>(result);
        if (count > ended.room.size()) {
            broken_rules_.emplace_back("a receive got more than there was room for");
            return;
        }
        received_[token.bits()] = std::string(detail::as_text(ended.room.first(count)));
    }
    if (const auto action = actions_.find(token.bits()); action != actions_.end()) {
        const auto call = std::move(action->second);
        actions_.erase(action);
        call(result);
    }
}

void bench::on_completion(op_token token, std::int32_t result) noexcept {
    if (token.kind() == op_kind::resolve) {
        broken_rules_.emplace_back("a look-up ended in on_completion");
    }
    end(token, result);
}

void bench::on_resolved(op_token token, std::int32_t error,
                        std::span<const detail::address> addresses) noexcept {
    if (token.kind() != op_kind::resolve) {
        broken_rules_.emplace_back("something else than a look-up ended in on_resolved");
    }
    if ((error == 0) == addresses.empty() || error > 0) {
        broken_rules_.emplace_back("a look-up has either addresses or a negated errno");
    }
    found_[token.bits()].assign(addresses.begin(), addresses.end());
    end(token, error);
}

std::vector<detail::address> bench::addresses(op_token token) const {
    const auto it = found_.find(token.bits());
    return it == found_.end() ? std::vector<detail::address>{} : it->second;
}

std::string bench::received(op_token token) const {
    const auto it = received_.find(token.bits());
    return it == received_.end() ? std::string{} : it->second;
}

// ---- turning --------------------------------------------------------------------------------

void bench::turn_until(time_point until) {
    turn_with(until);
}

void bench::turn_with(const detail::patience& given) {
    const flag_guard guard(in_turn_);
    engine().turn(given, *this);
}

void bench::turn_for(duration patience) {
    turn_until(engine().now() + patience);
}

void bench::run_until(const std::function<bool()>& done, const char* what) {
    const time_point give_up = engine().now() + too_long;
    while (!done()) {
        INFO("waiting for " << what);
        REQUIRE(engine().now() < give_up);
        turn_for(look_around);
    }
}

void bench::run_until_ended(op_token token) {
    run_until([&] { return ended(token); }, "the end of an operation");
}

// ---- whole steps ----------------------------------------------------------------------------

detail::address bench::find(const place& where) {
    const op_token token = resolve(where);
    run_until_ended(token);
    REQUIRE(result(token) == 0);
    return addresses(token).front();
}

int bench::open(const detail::address& where) {
    const int fd = engine().open_socket(where);
    REQUIRE(fd >= 0);
    sockets_.insert(fd);
    return fd;
}

std::int32_t bench::dial(int fd, const detail::address& where) {
    const op_token token = connect(fd, where);
    run_until_ended(token);
    return result(token);
}

bench::link bench::connected(peer_listener& listener) {
    const detail::address where = find(listener.where());
    link both;
    both.fd = open(where);
    REQUIRE(dial(both.fd, where) == 0);
    run_until([&] { return (both.peer = listener.accept()) != nullptr; }, "the peer to accept");
    return both;
}

std::string bench::peer_reads(peer_stream& peer, std::size_t size) {
    std::string all;
    run_until(
        [&] {
            all += peer.read(size - all.size());
            return all.size() == size;
        },
        "the peer to read");
    return all;
}

void bench::peer_writes(peer_stream& peer, std::string_view bytes) {
    run_until(
        [&] {
            bytes.remove_prefix(peer.write(bytes));
            return bytes.empty();
        },
        "the peer to write");
}

void bench::send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const op_token token = send(fd, bytes);
        run_until_ended(token);
        REQUIRE(result(token) > 0);
        bytes.remove_prefix(static_cast<std::size_t>(result(token)));
    }
}

std::string bench::receive_all(int fd, std::size_t size) {
    std::string all;
    while (all.size() < size) {
        const op_token token = recv(fd);
        run_until_ended(token);
        REQUIRE(result(token) > 0);
        all += received(token);
    }
    return all;
}

void bench::close(int fd) {
    engine().close_socket(fd);
    sockets_.erase(fd);
}

void bench::wind_up() {
    actions_.clear();
    if (!abandoned_) {
        for (const int fd : sockets_) engine().kick(fd);
        run_until([&] { return open_.empty(); }, "every operation to end");
        while (!sockets_.empty()) close(*sockets_.begin());
        turn_until(time_point::min());
    }
    for (const std::string& rule : broken_rules_) FAIL_CHECK(rule);
}

void bench::abandon_all() {
    abandoned_ = true;
    open_.clear();
    for (const int fd : sockets_) world_.close_leftover(fd);
    sockets_.clear();
}

}  // namespace kmc::testing
