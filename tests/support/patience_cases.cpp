#include "support/patience_cases.hpp"
#include "support/waking_crowd.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace kmc::testing {
namespace {

using namespace std::chrono_literals;
using detail::patience;
using detail::send_end;

// Only what is lost makes anybody wait so long.
constexpr duration sleep = 30s;
constexpr unsigned queue_of_a_ring = 256;

std::vector<bench::link> connected(bench& b, peer_listener& listener, std::size_t count) {
    std::vector<bench::link> links;
    for (std::size_t i = 0; i < count; ++i) links.push_back(b.connected(listener));
    return links;
}

void send_all_noted(bench& b, int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto token = b.send(fd, bytes, send_end::noted);
        b.run_until_ended(token);
        REQUIRE(b.result(token) > 0);
        bytes.remove_prefix(static_cast<std::size_t>(b.result(token)));
    }
}

// Sends pieces that are noted until one does not end: the peer does not read.
struct filled {
    std::string sent;   // by the sends that ended
    std::string piece;  // what the last one has to send
    op_token stuck{0};
};

filled fill(bench& b, int fd) {
    constexpr std::size_t piece_size = 48 * 1024;
    constexpr int patience_turns = 20;
    filled f;
    for (std::uint64_t seed = 1;; ++seed) {
        REQUIRE(f.sent.size() < 64U * 1024 * 1024);
        f.piece = patterned(piece_size, seed);
        f.stuck = b.send(fd, f.piece, send_end::noted);
        for (int i = 0; i < patience_turns && !b.ended(f.stuck); ++i) b.turn_for(1ms);
        if (!b.ended(f.stuck)) return f;
        REQUIRE(b.result(f.stuck) > 0);
        f.sent += f.piece.substr(0, static_cast<std::size_t>(b.result(f.stuck)));
    }
}

}  // namespace

// ---- several completions --------------------------------------------------------------------

void a_wait_for_several_ends_when_they_are_there(bench& b) {
    constexpr unsigned count = 3;
    const auto listener = b.world().listen(stream_kind::tcp);
    auto links = connected(b, *listener, count);

    for (int round = 0; round < 20; ++round) {
        std::vector<op_token> receives;
        for (auto& link : links) receives.push_back(b.recv(link.fd));
        const time_point before = b.engine().now();
        for (auto& link : links) static_cast<void>(link.peer->write("x"));
        const auto all_ended = [&] {
            return std::all_of(receives.begin(), receives.end(),
                               [&](op_token t) { return b.ended(t); });
        };
        for (unsigned turns = 0; !all_ended() && turns < 2 * count; ++turns) {
            b.turn_with({b.engine().now() + sleep, count, sleep});
        }
        CHECK(all_ended());
        CHECK(b.engine().now() < before + sleep / 2);
    }
}

void a_wait_for_several_does_not_keep_fewer_for_long(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    auto links = connected(b, *listener, 2);
    const auto first = b.recv(links[0].fd);
    const auto second = b.recv(links[1].fd);
    b.turn_for(1ms);

    const time_point before = b.engine().now();
    static_cast<void>(links[0].peer->write("x"));
    while (!b.ended(first)) b.turn_with({before + sleep, 2, 20ms});

    CHECK(b.engine().now() < before + sleep / 2);
    CHECK_FALSE(b.ended(second));
}

void a_wait_for_several_lasts_when_nothing_comes(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    auto links = connected(b, *listener, 2);
    for (auto& link : links) b.recv(link.fd);
    b.turn_for(1ms);

    for (const unsigned count : {2U, 16U, 64U}) {
        for (const duration gather : {duration(1ms), duration(sleep)}) {
            const time_point until = b.engine().now() + 20ms;
            b.turn_with({until, count, gather});
            CHECK(b.engine().now() >= until);
            CHECK(b.engine().now() < until + sleep / 2);
        }
    }
}

void a_wake_ends_a_wait_for_several_at_once(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    auto links = connected(b, *listener, 2);
    for (auto& link : links) b.recv(link.fd);

    for (const unsigned count : {2U, 3U, 16U, 64U, 5U, 2U}) {
        const time_point before = b.engine().now();
        b.engine().wake();
        b.turn_with({before + sleep, count, sleep});
        CHECK(b.engine().now() < before + sleep / 2);
    }
}

// As with one completion; what ends a sleep beside them makes wake-ups that come late.
void wakes_of_four_threads_end_waits_for_several(bench& b) {
    if (!b.world().has_real_threads()) {
        WARN("SKIPPED: this engine has no real threads, wake-ups from others were not checked");
        return;
    }
    constexpr std::array counts = {2U, 3U, 1U, 8U, 16U, 64U, 2U};
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    auto receiving = b.recv(link.fd);
    auto& engine = b.engine();
    const time_point before = engine.now();

    waking_crowd crowd(engine);
    bool all_seen = false;
    for (std::size_t turn = 0; !all_seen; ++turn) {
        if (b.ended(receiving)) receiving = b.recv(link.fd);
        if (turn % 3 == 0) static_cast<void>(link.peer->write("x"));
        b.turn_with({turn % 11 == 0 ? time_point::min() : engine.now() + sleep,
                     counts[turn % counts.size()], sleep});
        all_seen = crowd.see();
    }
    crowd.join();

    CHECK(engine.now() < before + sleep);
}

// ---- sends that nobody waits for ------------------------------------------------------------

void a_noted_send_ends_by_itself(bench& b) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::unix_path}) {
        const auto listener = b.world().listen(kind);
        const auto link = b.connected(*listener);

        for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{200'000}}) {
            const std::string text = patterned(size, size);
            std::string seen;
            for (std::size_t sent = 0; sent < size;) {
                const auto token = b.send(link.fd, text.substr(sent), send_end::noted);
                b.run_until(
                    [&] {
                        seen += link.peer->read(size);
                        return b.ended(token);
                    },
                    "the end of a noted send");
                REQUIRE(b.result(token) > 0);
                sent += static_cast<std::size_t>(b.result(token));
            }
            seen += b.peer_reads(*link.peer, size - seen.size());
            CHECK((seen == text));
        }
    }
}

// Question and answer, with waits that only the answer may end: late is late.
void noted_sends_and_answers_take_turns(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const time_point before = b.engine().now();
    for (int i = 0; i < 200; ++i) {
        const auto sending = b.send(link.fd, "q", send_end::noted);
        const auto receiving = b.recv(link.fd);
        std::string asked;
        b.run_until([&] { return !(asked += link.peer->read(10)).empty(); }, "the question");
        CHECK(asked == "q");
        static_cast<void>(link.peer->write("a"));
        while (!b.ended(receiving)) b.turn_until(b.engine().now() + sleep);
        CHECK(b.received(receiving) == "a");
        b.run_until_ended(sending);
        CHECK(b.result(sending) == 1);
    }
    CHECK(b.engine().now() < before + sleep);
}

void noted_sends_into_a_full_buffer_lose_nothing(bench& b) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::unix_path}) {
        const auto listener = b.world().listen(kind);
        const auto link = b.connected(*listener);
        filled f = fill(b, link.fd);

        std::string seen;
        const auto read_on = [&] { seen += link.peer->read(256 * 1024); };
        std::string rest = f.piece;
        for (op_token token = f.stuck;;) {
            b.run_until(
                [&] {
                    read_on();
                    return b.ended(token);
                },
                "a send that was stuck");
            REQUIRE(b.result(token) > 0);
            f.sent += rest.substr(0, static_cast<std::size_t>(b.result(token)));
            rest.erase(0, static_cast<std::size_t>(b.result(token)));
            if (rest.empty()) break;
            token = b.send(link.fd, rest, send_end::noted);
        }
        b.run_until(
            [&] {
                read_on();
                return seen.size() >= f.sent.size();
            },
            "the peer to read everything");

        for (int i = 0; i < 3; ++i) b.turn_for(1ms);
        read_on();
        CHECK((seen == f.sent));
    }
}

void a_kick_ends_a_noted_send_that_is_stuck(bench& b) {
    for (const bool reads_before : {false, true}) {
        const auto listener = b.world().listen(stream_kind::tcp);
        const auto link = b.connected(*listener);
        filled f = fill(b, link.fd);

        std::string seen;
        if (reads_before) seen += link.peer->read(1024 * 1024);  // there may be room now
        b.engine().kick(link.fd);
        b.run_until_ended(f.stuck);

        if (b.result(f.stuck) > 0) {
            f.sent += f.piece.substr(0, static_cast<std::size_t>(b.result(f.stuck)));
        }
        b.run_until(
            [&] {
                std::string more = link.peer->read(1024 * 1024);
                seen += more;
                return more.empty() && link.peer->at_end();
            },
            "the end of the stream");
        // Perhaps less than was sent, perhaps some of the piece as well; nothing else.
        const std::string most = f.sent + f.piece;
        CHECK((seen == most.substr(0, seen.size())));
    }
}

void a_kick_ends_a_noted_send_that_was_not_submitted(bench& b) {
    const auto first = b.world().listen(stream_kind::tcp);
    const auto second = b.world().listen(stream_kind::tcp);
    for (int round = 0; round < 20; ++round) {
        auto old = b.connected(*first);
        const auto sending = b.send(old.fd, "meant for the first peer", send_end::noted);
        const auto receiving = b.recv(old.fd);
        if (round % 2 == 0) b.turn_until(time_point::min());
        b.engine().kick(old.fd);
        b.run_until([&] { return b.ended(sending) && b.ended(receiving); }, "both to end");
        b.close(old.fd);

        // Another socket, most likely of that number.
        const auto link = b.connected(*second);
        send_all_noted(b, link.fd, "new");
        CHECK(b.peer_reads(*link.peer, 3) == "new");
        for (int i = 0; i < 3; ++i) b.turn_for(1ms);
        CHECK(link.peer->read(100) == "");
        b.close(link.fd);
    }
}

void a_noted_send_to_a_reset_peer_fails(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    for (const unsigned count : {1U, 3U}) {
        const auto link = b.connected(*listener);
        const auto receiving = b.recv(link.fd);
        b.turn_until(time_point::min());
        link.peer->reset();
        b.run_until_ended(receiving);

        const time_point before = b.engine().now();
        const auto sending = b.send(link.fd, "too late", send_end::noted);
        while (!b.ended(sending)) b.turn_with({before + sleep, count, 20ms});

        CHECK(b.result(receiving) < 0);
        CHECK(b.result(sending) < 0);
        CHECK(b.engine().now() < before + sleep / 2);
    }
}

void more_noted_sends_than_fit_into_a_queue(bench& b) {
    constexpr std::size_t count = queue_of_a_ring + 44;
    const auto listener = b.world().listen(stream_kind::unix_path);
    auto links = connected(b, *listener, count);
    for (const bool from_delivery : {false, true}) {
        std::vector<op_token> sends;
        const auto start = [&] {
            for (auto& link : links) sends.push_back(b.send(link.fd, "ping", send_end::noted));
        };
        if (from_delivery) {
            const auto trigger = b.resolve(listener->where());
            b.then(trigger, [&](std::int32_t) { start(); });
            b.run_until_ended(trigger);
        } else {
            start();
        }
        b.run_until([&] { return b.open_operations() == 0; }, "every send to end");

        REQUIRE(sends.size() == count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::int32_t sent = b.result(sends[i]);
            REQUIRE(sent > 0);
            const std::string text = std::string("ping").substr(0, static_cast<std::size_t>(sent));
            CHECK(b.peer_reads(*links[i].peer, text.size()) == text);
            CHECK(links[i].peer->read(10) == "");
        }
    }
}

void an_engine_may_end_with_noted_sends_under_way(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    auto links = connected(b, *listener, 3);
    static_cast<void>(fill(b, links[0].fd));
    b.send(links[1].fd, "gone", send_end::noted);
    b.turn_until(time_point::min());
    b.send(links[2].fd, "not submitted", send_end::noted);

    b.world().end_engine();

    b.abandon_all();
    CHECK(b.open_operations() == 0);
}

}  // namespace kmc::testing
