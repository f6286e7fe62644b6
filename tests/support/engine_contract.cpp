#include "support/engine_contract.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/contract_bench.hpp"
#include "support/patience_cases.hpp"
#include "support/wait_fd_cases.hpp"
#include "support/waking_crowd.hpp"

namespace kmc::testing {
namespace {

using namespace std::chrono_literals;

// More than the buffers of any socket, so that a peer that does not read stops the sender.
constexpr std::size_t more_than_buffers = 16 * 1024 * 1024;

struct contract_case {
    const char* name;
    void (*run)(bench&);
};

// ---- connecting -----------------------------------------------------------------------------

void a_connect_reaches_a_listener(bench& b) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::unix_path}) {
        const auto listener = b.world().listen(kind);

        const auto link = b.connected(*listener);

        b.send_all(link.fd, "hello");
        CHECK(b.peer_reads(*link.peer, 5) == "hello");
    }
}

void a_refused_connect_says_so(bench& b) {
    for (const place& where : {b.world().refusing(), b.world().missing()}) {
        const auto address = b.find(where);
        const int fd = b.open(address);

        CHECK(b.dial(fd, address) < 0);
    }
}

void a_silent_peer_leaves_a_connect_open_until_a_kick(bench& b) {
    const auto address = b.find(b.world().silent());
    const int fd = b.open(address);

    const auto token = b.connect(fd, address);
    for (int i = 0; i < 20; ++i) b.turn_for(1ms);

    CHECK_FALSE(b.ended(token));
    b.engine().kick(fd);
    b.run_until_ended(token);
    CHECK(b.result(token) < 0);
}

void a_connect_may_be_kicked_before_the_turn(bench& b) {
    const auto address = b.find(b.world().silent());
    const int fd = b.open(address);

    const auto token = b.connect(fd, address);
    b.engine().kick(fd);

    b.run_until_ended(token);
    CHECK(b.result(token) < 0);
}

// ---- bytes ----------------------------------------------------------------------------------

void bytes_go_both_ways(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    for (int i = 0; i < 50; ++i) {
        const std::string request = "request " + std::to_string(i);
        const std::string reply = "reply " + std::to_string(i);
        b.send_all(link.fd, request);
        CHECK(b.peer_reads(*link.peer, request.size()) == request);
        b.peer_writes(*link.peer, reply);
        CHECK(b.receive_all(link.fd, reply.size()) == reply);
    }
}

void a_receive_started_first_gets_what_comes_later(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    const auto token = b.recv(link.fd);
    for (int i = 0; i < 5; ++i) b.turn_for(1ms);
    CHECK_FALSE(b.ended(token));
    b.peer_writes(*link.peer, "x");

    b.run_until_ended(token);
    CHECK(b.received(token) == "x");
}

void a_receive_with_little_room_leaves_the_rest(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const std::string text = patterned(1000);
    b.peer_writes(*link.peer, text);

    std::string all;
    while (all.size() < text.size()) {
        const auto token = b.recv(link.fd, 7);
        b.run_until_ended(token);
        REQUIRE(b.result(token) > 0);
        all += b.received(token);
    }

    CHECK((all == text));
}

void megabytes_keep_their_order_while_the_peer_reads_late(bench& b) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::unix_path}) {
        const auto listener = b.world().listen(kind);
        const auto link = b.connected(*listener);
        const std::string text = patterned(more_than_buffers);

        std::size_t sent = 0;
        auto token = b.send(link.fd, text);
        for (int i = 0; i < 5; ++i) b.turn_for(1ms);  // the peer does not read yet
        std::string all;
        b.run_until(
            [&] {
                if (b.ended(token) && sent < text.size()) {
                    REQUIRE(b.result(token) > 0);
                    sent += static_cast<std::size_t>(b.result(token));
                    if (sent < text.size()) token = b.send(link.fd, text.substr(sent));
                }
                all += link.peer->read(1024 * 1024);
                return all.size() >= text.size();
            },
            "the peer to read everything");

        CHECK((all == text));
        b.run_until_ended(token);
    }
}

void megabytes_arrive_in_order(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const std::string text = patterned(4 * 1024 * 1024);

    std::string_view unwritten = text;
    std::string all;
    auto token = b.recv(link.fd);
    b.run_until(
        [&] {
            unwritten.remove_prefix(link.peer->write(unwritten));
            if (!b.ended(token)) return false;
            REQUIRE(b.result(token) > 0);
            all += b.received(token);
            if (all.size() < text.size()) token = b.recv(link.fd);
            return all.size() >= text.size();
        },
        "everything to arrive");

    CHECK((all == text));
}

void a_reply_may_come_before_the_end_of_its_send(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const std::string text = patterned(more_than_buffers);

    const auto sending = b.send(link.fd, text);
    const auto receiving = b.recv(link.fd);
    std::string seen;
    b.run_until([&] { return !(seen += link.peer->read(1)).empty(); }, "the first byte");
    b.peer_writes(*link.peer, "early");

    b.run_until_ended(receiving);
    CHECK(b.result(receiving) > 0);
    b.run_until(
        [&] {
            seen += link.peer->read(1024 * 1024);
            return b.ended(sending);
        },
        "the send to end");
    REQUIRE(b.result(sending) > 0);
    const auto sent = static_cast<std::size_t>(b.result(sending));
    seen += b.peer_reads(*link.peer, sent - seen.size());
    CHECK((seen == text.substr(0, sent)));
}

// ---- ends -----------------------------------------------------------------------------------

void the_end_of_the_stream_is_a_receive_of_nothing(bench& b) {
    for (const stream_kind kind : {stream_kind::tcp, stream_kind::unix_path}) {
        const auto listener = b.world().listen(kind);
        const auto link = b.connected(*listener);
        b.peer_writes(*link.peer, "last words");
        link.peer->close();

        CHECK(b.receive_all(link.fd, 10) == "last words");
        const auto token = b.recv(link.fd);
        b.run_until_ended(token);

        CHECK(b.result(token) == 0);
    }
}

void a_pending_receive_hears_of_the_end(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    const auto token = b.recv(link.fd);
    b.turn_until(time_point::min());
    link.peer->close();

    b.run_until_ended(token);
    CHECK(b.result(token) == 0);
}

void a_reset_is_an_error(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    const auto receiving = b.recv(link.fd);
    b.turn_until(time_point::min());
    link.peer->reset();
    b.run_until_ended(receiving);
    const auto sending = b.send(link.fd, "too late");
    b.run_until_ended(sending);

    CHECK(b.result(receiving) < 0);
    CHECK(b.result(sending) < 0);
}

void a_kick_ends_what_is_pending(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const auto sending = b.send(link.fd, patterned(more_than_buffers));
    const auto receiving = b.recv(link.fd);
    for (int i = 0; i < 5; ++i) b.turn_for(1ms);
    REQUIRE_FALSE(b.ended(receiving));

    b.engine().kick(link.fd);

    b.run_until([&] { return b.ended(sending) && b.ended(receiving); }, "both to end");
    CHECK(b.result(sending) < static_cast<std::int32_t>(more_than_buffers));
    CHECK(b.result(receiving) <= 0);
}

void a_kick_ends_what_was_not_submitted_yet(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    const auto sending = b.send(link.fd, "never");
    const auto receiving = b.recv(link.fd);
    b.engine().kick(link.fd);

    b.run_until([&] { return b.ended(sending) && b.ended(receiving); }, "both to end");
    CHECK(b.result(receiving) <= 0);
    // Seen by the peer before the socket is closed.
    b.run_until([&] { return link.peer->read(100).empty() && link.peer->at_end(); }, "the end");
}

void a_number_used_again_carries_nothing_old(bench& b) {
    const auto first = b.world().listen(stream_kind::tcp);
    const auto second = b.world().listen(stream_kind::tcp);
    const auto where = b.find(second->where());
    for (int round = 0; round < 20; ++round) {
        auto old = b.connected(*first);
        const auto sending = b.send(old.fd, "meant for the first peer");
        const auto receiving = b.recv(old.fd);
        if (round % 2 == 0) b.turn_until(time_point::min());
        b.engine().kick(old.fd);
        b.run_until([&] { return b.ended(sending) && b.ended(receiving); }, "both to end");
        b.close(old.fd);

        const int fd = b.open(where);
        REQUIRE(b.dial(fd, where) == 0);
        std::unique_ptr<peer_stream> peer;
        b.run_until([&] { return (peer = second->accept()) != nullptr; }, "the peer to accept");
        b.send_all(fd, "new");
        CHECK(b.peer_reads(*peer, 3) == "new");
        for (int i = 0; i < 3; ++i) b.turn_for(1ms);
        CHECK(peer->read(100) == "");
        b.close(fd);
    }
}

void a_kick_does_not_reach_the_next_socket_of_that_number(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto where = b.find(listener->where());
    for (int round = 0; round < 20; ++round) {
        auto old = b.connected(*listener);
        const auto receiving = b.recv(old.fd);
        std::optional<op_token> dialling;
        int fd = -1;
        b.then(receiving, [&](std::int32_t) {
            b.engine().kick(old.fd);
            b.close(old.fd);
            fd = b.open(where);
            dialling = b.connect(fd, where);
        });
        old.peer->close();

        b.run_until([&] { return dialling && b.ended(*dialling); }, "the second connection");
        CHECK(b.result(*dialling) == 0);
        std::unique_ptr<peer_stream> peer;
        b.run_until([&] { return (peer = listener->accept()) != nullptr; }, "the peer to accept");
        b.close(fd);
    }
}

void an_engine_may_end_with_operations_under_way(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const auto silent = b.find(b.world().silent());
    const int dialling = b.open(silent);
    b.recv(link.fd);
    b.send(link.fd, patterned(more_than_buffers));
    b.connect(dialling, silent);
    b.resolve(b.world().known_name());
    b.turn_until(time_point::min());
    const auto second = b.world().listen(stream_kind::tcp);
    b.resolve(second->where());

    b.world().end_engine();

    // Writes of a late kernel would be seen by the sanitizers when the memory goes.
    b.abandon_all();
    CHECK(b.open_operations() == 0);
}

// ---- names ----------------------------------------------------------------------------------

void places_are_found(bench& b) {
    const auto tcp = b.world().listen(stream_kind::tcp);
    const auto path = b.world().listen(stream_kind::unix_path);

    for (const place& where : {tcp->where(), path->where(), b.world().known_name()}) {
        const auto token = b.resolve(where);
        b.run_until_ended(token);
        INFO(where.host);
        CHECK(b.result(token) == 0);
        CHECK_FALSE(b.addresses(token).empty());
    }
}

void an_unknown_name_is_an_error_and_holds_up_nobody(bench& b) {
    const auto unknown = b.resolve(b.world().unknown_name());
    const auto listener = b.world().listen(stream_kind::tcp);

    const auto link = b.connected(*listener);
    b.send_all(link.fd, "meanwhile");
    CHECK(b.peer_reads(*link.peer, 9) == "meanwhile");

    b.run_until_ended(unknown);
    CHECK(b.result(unknown) < 0);
}

// ---- time -----------------------------------------------------------------------------------

void a_turn_lasts_until_its_limit_when_nothing_happens(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    b.recv(link.fd);
    b.turn_for(1ms);

    for (const duration wait : {duration(0ms), duration(1ms), duration(1500us), duration(20ms)}) {
        const time_point until = b.engine().now() + wait;
        b.turn_until(until);
        CHECK(b.engine().now() >= until);
        CHECK(b.engine().now() < until + 5s);
    }
}

// One turn that could last until `until` and ends because something came.
void hear_before(bench& b, const bench::link& link, time_point until) {
    const auto heard = b.recv(link.fd);
    b.peer_writes(*link.peer, "x");
    while (!b.ended(heard)) {
        REQUIRE(b.engine().now() < until);
        b.turn_until(until);
    }
}

void limits_may_come_nearer_and_go_farther(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);

    for (int round = 0; round < 5; ++round) {
        hear_before(b, link, b.engine().now() + 30s);
        hear_before(b, link, b.engine().now() + 20s);
        hear_before(b, link, b.engine().now() + 20ms);
        // Far ones, near ones, and one beyond those that others were ended before.
        for (const duration wait : {15ms, 1ms, 40ms, 0ms, 11ms}) {
            const time_point until = b.engine().now() + wait;
            b.turn_until(until);
            CHECK(b.engine().now() >= until);
            CHECK(b.engine().now() < until + 5s);
        }
    }
}

void limits_that_move_ahead_cost_no_timer_each(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    hear_before(b, link, b.engine().now() + 30s);

    const std::uint64_t before = b.engine().counters().timers;
    for (int i = 0; i < 100; ++i) hear_before(b, link, b.engine().now() + 30s);

    CHECK(b.engine().counters().timers - before <= 2);  // 1 if this took as long as a limit
}

void bytes_that_nobody_asked_for_do_not_end_a_turn(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    b.turn_for(1ms);

    b.peer_writes(*link.peer, "unasked");
    const time_point until = b.engine().now() + 20ms;
    b.turn_until(until);

    CHECK(b.engine().now() >= until);
    CHECK(b.receive_all(link.fd, 7) == "unasked");
}

void a_turn_with_a_limit_in_the_past_does_not_wait(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    b.recv(link.fd);
    const time_point before = b.engine().now();

    for (int i = 0; i < 100; ++i) b.turn_until(i % 2 == 0 ? time_point::min() : b.engine().now());

    CHECK(b.engine().now() < before + 5s);
}

void the_clock_stands_still_between_turns(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const time_point before = b.engine().now();

    const auto spun_until = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < spun_until) {
    }
    b.send(link.fd, "x");
    b.recv(link.fd);
    CHECK(b.engine().now() == before);

    b.turn_for(1ms);
    const time_point after = b.engine().now();
    CHECK(after >= before);
    CHECK(b.engine().now() == after);
}

// ---- many at once ---------------------------------------------------------------------------

void a_thousand_operations_end_once_each(bench& b) {
    constexpr int links = 300;
    const auto listener = b.world().listen(stream_kind::unix_path);
    std::vector<bench::link> all;
    std::vector<op_token> tokens;
    for (int i = 0; i < links; ++i) all.push_back(b.connected(*listener));

    for (auto& link : all) {
        tokens.push_back(b.recv(link.fd));
        tokens.push_back(b.send(link.fd, "ping"));
    }
    for (int i = 0; i < 400; ++i) tokens.push_back(b.resolve(listener->where()));
    REQUIRE(b.open_operations() == 1000);
    for (auto& link : all) b.peer_writes(*link.peer, "pong");

    b.run_until([&] { return b.open_operations() == 0; }, "all thousand");
    for (const op_token token : tokens) CHECK(b.result(token) >= 0);
}

void more_sends_than_fit_into_a_queue(bench& b) {
    constexpr int links = 300;
    const auto listener = b.world().listen(stream_kind::unix_path);
    std::vector<bench::link> all;
    for (int i = 0; i < links; ++i) all.push_back(b.connected(*listener));

    const auto text = [](int i) { return "sent from several places by " + std::to_string(i); };
    std::vector<op_token> tokens;
    for (int i = 0; i < links; ++i) {
        static_cast<void>(b.recv(all[i].fd));
        const auto end = i % 3 == 0 ? detail::send_end::awaited : detail::send_end::noted;
        tokens.push_back(b.send(all[i].fd, text(i), end));
    }
    b.run_until([&] { return b.open_operations() == links; }, "every send to end");

    for (int i = 0; i < links; ++i) {
        REQUIRE(b.result(tokens[i]) > 0);  // it may be a part
        const std::string sent = text(i).substr(0, static_cast<std::size_t>(b.result(tokens[i])));
        CHECK(b.peer_reads(*all[i].peer, sent.size()) == sent);
    }
}

void more_connects_than_fit_into_a_queue(bench& b) {
    const auto here = b.world().listen(stream_kind::unix_path);
    const auto there = b.world().listen(stream_kind::unix_path);
    const detail::address addresses[] = {b.find(here->where()), b.find(there->where())};
    std::vector<op_token> dials;
    for (std::size_t i = 0; i < 600; ++i) {
        dials.push_back(b.connect(b.open(addresses[i % 2]), addresses[i % 2]));
    }
    b.run_until([&] { return b.open_operations() == 0; }, "every connect to end");
    for (const op_token token : dials) CHECK(b.result(token) == 0);
    for (std::size_t i = 0; i < 300; ++i) {
        CHECK(here->accept() != nullptr);
        CHECK(there->accept() != nullptr);
    }
}

void operations_may_be_started_from_inside_the_delivery(bench& b) {
    constexpr int rounds = 200;
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    int done = 0;
    std::function<void()> play = [&] {
        b.then(b.recv(link.fd), [&](std::int32_t got) {
            if (got == 1 && ++done < rounds) play();
        });
        b.send(link.fd, "p");
    };

    play();
    b.run_until(
        [&] {
            const std::string seen = link.peer->read(16);
            if (!seen.empty()) b.peer_writes(*link.peer, seen);
            return done == rounds;
        },
        "two hundred rounds");

    CHECK(done == rounds);
}

// More than a queue holds, all started by one callback.
void a_delivery_may_start_more_than_fits(bench& b) {
    constexpr int links = 300;
    const auto listener = b.world().listen(stream_kind::unix_path);
    std::vector<bench::link> all;
    for (int i = 0; i < links; ++i) all.push_back(b.connected(*listener));
    int got = 0;

    b.then(b.resolve(listener->where()), [&](std::int32_t) {
        for (auto& link : all) {
            b.send(link.fd, "ping");
            b.then(b.recv(link.fd), [&](std::int32_t result) { got += result; });
        }
    });
    b.run_until(
        [&] {
            for (auto& link : all) {
                if (!link.peer->read(4).empty()) static_cast<void>(link.peer->write("x"));
            }
            return got >= links;
        },
        "every reply");

    CHECK(got >= links);
}

// ---- waking ---------------------------------------------------------------------------------

constexpr duration sleep = 30s;

void a_wake_before_the_turn_is_not_lost(bench& b) {
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    b.recv(link.fd);

    for (int i = 0; i < 10; ++i) {
        const time_point before = b.engine().now();
        b.engine().wake();
        b.turn_until(before + sleep);
        CHECK(b.engine().now() < before + sleep / 2);
    }
}

void wakes_of_four_threads_are_all_heard(bench& b) {
    if (!b.world().has_real_threads()) {
        WARN("SKIPPED: this engine has no real threads, wake-ups from others were not checked");
        return;
    }
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    auto& engine = b.engine();
    const time_point before = engine.now();

    waking_crowd crowd(engine);
    bool all_seen = false;
    for (int turn = 0; !all_seen; ++turn) {
        if (turn % 3 == 0) b.send(link.fd, "x");
        b.turn_until(turn % 7 == 0 ? time_point::min() : engine.now() + sleep);
        static_cast<void>(link.peer->read(100));
        all_seen = crowd.see();
    }
    crowd.join();

    CHECK(engine.now() < before + sleep);
}

void a_watched_engine_sleeps_and_wakes_as_before(bench& b) {
    static_cast<void>(b.engine().wait_fd());

    a_wake_before_the_turn_is_not_lost(b);
    wakes_of_four_threads_are_all_heard(b);
    const time_point before = b.engine().now();
    b.turn_until(before + 20ms);
    b.turn_until(before + 20ms);  // the first may end for an old wake-up
    CHECK(b.engine().now() >= before + 20ms);
}

constexpr contract_case cases[] = {
    {"a connect reaches a listener", a_connect_reaches_a_listener},
    {"a refused connect says so", a_refused_connect_says_so},
    {"a silent peer leaves a connect open until a kick",
     a_silent_peer_leaves_a_connect_open_until_a_kick},
    {"a connect may be kicked before the turn", a_connect_may_be_kicked_before_the_turn},
    {"bytes go both ways", bytes_go_both_ways},
    {"a receive started first gets what comes later",
     a_receive_started_first_gets_what_comes_later},
    {"a receive with little room leaves the rest", a_receive_with_little_room_leaves_the_rest},
    {"megabytes keep their order while the peer reads late",
     megabytes_keep_their_order_while_the_peer_reads_late},
    {"megabytes arrive in order", megabytes_arrive_in_order},
    {"a reply may come before the end of its send", a_reply_may_come_before_the_end_of_its_send},
    {"the end of the stream is a receive of nothing",
     the_end_of_the_stream_is_a_receive_of_nothing},
    {"a pending receive hears of the end", a_pending_receive_hears_of_the_end},
    {"a reset is an error", a_reset_is_an_error},
    {"a kick ends what is pending", a_kick_ends_what_is_pending},
    {"a kick ends what was not submitted yet", a_kick_ends_what_was_not_submitted_yet},
    {"a number used again carries nothing old", a_number_used_again_carries_nothing_old},
    {"a kick does not reach the next socket of that number",
     a_kick_does_not_reach_the_next_socket_of_that_number},
    {"an engine may end with operations under way", an_engine_may_end_with_operations_under_way},
    {"places are found", places_are_found},
    {"an unknown name is an error and holds up nobody",
     an_unknown_name_is_an_error_and_holds_up_nobody},
    {"a turn lasts until its limit when nothing happens",
     a_turn_lasts_until_its_limit_when_nothing_happens},
    {"limits may come nearer and go farther", limits_may_come_nearer_and_go_farther},
    {"limits that move ahead cost no timer each", limits_that_move_ahead_cost_no_timer_each},
    {"bytes that nobody asked for do not end a turn",
     bytes_that_nobody_asked_for_do_not_end_a_turn},
    {"a turn with a limit in the past does not wait",
     a_turn_with_a_limit_in_the_past_does_not_wait},
    {"the clock stands still between turns", the_clock_stands_still_between_turns},
    {"a thousand operations end once each", a_thousand_operations_end_once_each},
    {"more connects than fit into a queue", more_connects_than_fit_into_a_queue},
    {"more sends than fit into a queue", more_sends_than_fit_into_a_queue},
    {"operations may be started from inside the delivery",
     operations_may_be_started_from_inside_the_delivery},
    {"a delivery may start more than fits", a_delivery_may_start_more_than_fits},
    {"a wake before the turn is not lost", a_wake_before_the_turn_is_not_lost},
    {"wakes of four threads are all heard", wakes_of_four_threads_are_all_heard},
    {"a watched engine sleeps and wakes as before", a_watched_engine_sleeps_and_wakes_as_before},
    {"a wait for several ends when they are there", a_wait_for_several_ends_when_they_are_there},
    {"a wait for several does not keep fewer for long",
     a_wait_for_several_does_not_keep_fewer_for_long},
    {"a wait for several lasts when nothing comes", a_wait_for_several_lasts_when_nothing_comes},
    {"a wake ends a wait for several at once", a_wake_ends_a_wait_for_several_at_once},
    {"wakes of four threads end waits for several", wakes_of_four_threads_end_waits_for_several},
    {"a noted send ends by itself", a_noted_send_ends_by_itself},
    {"noted sends and answers take turns", noted_sends_and_answers_take_turns},
    {"noted sends into a full buffer lose nothing", noted_sends_into_a_full_buffer_lose_nothing},
    {"a kick ends a noted send that is stuck", a_kick_ends_a_noted_send_that_is_stuck},
    {"a kick ends a noted send that was not submitted",
     a_kick_ends_a_noted_send_that_was_not_submitted},
    {"a noted send to a reset peer fails", a_noted_send_to_a_reset_peer_fails},
    {"more noted sends than fit into a queue", more_noted_sends_than_fit_into_a_queue},
    {"an engine may end with noted sends under way", an_engine_may_end_with_noted_sends_under_way},
    {"a foreign loop hears of every byte", a_foreign_loop_hears_of_every_byte},
    {"a foreign loop hears of what a turn left", a_foreign_loop_hears_of_what_a_turn_left},
    {"a foreign loop is left alone when nothing happens",
     a_foreign_loop_is_left_alone_when_nothing_happens},
    {"a wake between turns reaches a foreign loop", a_wake_between_turns_reaches_a_foreign_loop},
    {"a name found reaches a foreign loop", a_name_found_reaches_a_foreign_loop},
};

}  // namespace

void check_engine_contract(const fixture_maker& make) {
    for (const contract_case& one : cases) {
        DYNAMIC_SECTION(one.name) {
            const auto world = make();
            if (world == nullptr) {
                WARN("SKIPPED: this engine cannot be used here, its contract was not checked");
                continue;
            }
            bench b(*world);
            one.run(b);
            b.wind_up();
        }
    }
}

}  // namespace kmc::testing
