// One server misbehaves: its own keys get a typed error by the deadline, everybody else's keys get
// their values, and when it behaves again it serves again.

#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;

namespace {

constexpr auto short_deadline = 400ms;
// Not a measurement of speed: a call that forgets its deadline would wait for 20 s.
constexpr auto deadline_bound = 5 * short_deadline + 3s;

// Four nodes that behave, and a place for a fifth.
std::string four_and(const cluster& good, const std::string& fifth) {
    return good.servers() + "," + fifth + ":2";
}
constexpr std::uint16_t fifth = 4;

// Stores to all servers but the fifth; its keys are left alone.
void write_to_the_good(session& s, std::span<const std::string> keys, std::uint64_t version) {
    std::vector<std::string> theirs;
    for (const std::string& key : keys) {
        if (s.mc().locate(key) != fifth) theirs.push_back(key);
    }
    s.write_all(theirs, version, 100);
}

// Keys of the fifth server fail with `code` at `at`, all others are hits of `version`.
void check_that_only_the_fifth_fails(session& s, std::span<const std::string> keys,
                                     const kmc::many_reply& reply, std::uint64_t version, errc code,
                                     stage at) {
    std::size_t failed = 0;
    std::set<std::uint16_t> servers_right;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i, keys[i]);
        const std::size_t server = s.mc().locate(keys[i]);
        if (server == fifth) {
            ++failed;
            REQUIRE_FALSE(reply[i].has_value());
            INFO(s.mc().describe(reply[i].error()));
            REQUIRE(reply[i].error() == code);
            REQUIRE(reply[i].error().at == at);
            REQUIRE(reply[i].error().server == fifth);
            continue;
        }
        if (!reply[i]) FAIL(s.mc().describe(reply[i].error()));
        REQUIRE(reply[i].value().has_value());
        REQUIRE(version_of(keys[i], reply[i].value()->bytes()) ==
                static_cast<std::int64_t>(version));
        servers_right.insert(static_cast<std::uint16_t>(server));
    }
    CHECK(failed > 0);
    CHECK(servers_right.size() == 4);
    CHECK(reply.summary().errors == failed);
}

const std::string& a_key_of(session& s, std::span<const std::string> keys, std::size_t server) {
    for (const std::string& key : keys) {
        if (s.mc().locate(key) == server) return key;
    }
    throw std::runtime_error("no key of that server");
}

}  // namespace

TEST_CASE("a server that refuses connections fails its own keys and names itself") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const refusing_port bad;
    session s(four_and(good, bad.text()));
    const auto keys = make_keys("refused", 500);
    write_to_the_good(s, keys, 1);

    const auto reply = s.get_many(keys);
    const auto single = s.get(a_key_of(s, keys, fifth));
    const auto stored = s.set(a_key_of(s, keys, fifth), "v");

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::connect_failed, stage::not_sent);
    REQUIRE_FALSE(single.has_value());
    CHECK(single.error() == errc::connect_failed);
    CHECK_FALSE(single.error().maybe_executed());
    CHECK(s.mc().describe(single.error()).starts_with(bad.text() + ": "));
    CHECK(stored.error() == errc::connect_failed);
    CHECK(s.version(fifth).error() == errc::connect_failed);
}

TEST_CASE("a black hole costs its own keys the deadline, and nobody else anything") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const black_hole bad;
    session s(four_and(good, bad.text()));
    const auto keys = make_keys("hole", 500);
    write_to_the_good(s, keys, 1);

    const stopwatch batch;
    const auto reply = s.get_many(keys, {.deadline = short_deadline});
    CHECK(batch.elapsed() >= short_deadline);
    CHECK(batch.elapsed() < deadline_bound);

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::timed_out, stage::not_sent);
    const auto single = s.get(a_key_of(s, keys, fifth), {.deadline = short_deadline});
    CHECK(single.error() == errc::timed_out);
    CHECK_FALSE(single.error().maybe_executed());
}

TEST_CASE("an attempt to connect that takes too long ends as one that failed") {
    if (control_is_missing()) return;
    const black_hole bad;
    kmc::client_options options = patient();
    options.connect_timeout = short_deadline;
    session s(bad.text(), options);

    const stopwatch since;
    const auto single = s.get("k");

    CHECK(since.elapsed() < deadline_bound);
    CHECK(single.error() == errc::connect_failed);
    CHECK(single.error().at == stage::not_sent);
}

TEST_CASE("a server killed in the middle of a batch fails what it still owed") {
    if (control_is_missing()) return;
    cluster all({1, 2, 2, 1, 2});
    session s(all.servers());
    const auto keys = make_keys("killed", 1500);
    s.write_all(keys, 1, 100);
    const auto asked_before = stat(all.text(0), "cmd_get");

    // Standing still it cannot answer; once another server was asked, it was asked as well, since
    // all requests of a batch leave in one turn.
    all[fifth].pause();
    auto under_way = std::async(std::launch::async, [&] { return s.get_many(keys); });
    REQUIRE(comes_true([&] { return stat(all.text(0), "cmd_get") > asked_before; }));
    all[fifth].kill();
    const auto reply = under_way.get();

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::connection_lost, stage::sent);
    const auto next = s.get_many(keys);
    check_that_only_the_fifth_fails(s, keys, next, 1, errc::connect_failed, stage::not_sent);

    all[fifth].restart();
    REQUIRE(s.serves_again(a_key_of(s, keys, fifth)));
    const auto emptied = s.get_many(keys);
    CHECK(emptied.summary().errors == 0);
    CHECK(emptied.summary().misses == next.summary().errors);
    s.write_all(keys, 2, 100);
    const auto again = s.get_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        REQUIRE(version_of(keys[i], again[i].value()->bytes()) == 2);
    }
}

TEST_CASE("a server that stands still: late replies reach nobody, and it serves again") {
    if (control_is_missing()) return;
    cluster all({1, 2, 2, 1, 2});
    kmc::client_options options = patient();
    options.health.remove_failed = 0;  // this one is about the connection
    session s(all.servers(), options);
    const auto keys = make_keys("still", 1000);
    s.write_all(keys, 1, 100);
    std::vector<std::string> of_fifth;
    for (const std::string& key : keys) {
        if (s.mc().locate(key) == fifth) of_fifth.push_back(key);
    }
    REQUIRE(of_fifth.size() > 20);
    const auto connections = stat(all.text(fifth), "total_connections");

    all[fifth].pause();
    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = short_deadline});
    CHECK(since.elapsed() < deadline_bound);
    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::timed_out, stage::sent);
    const auto single = s.get(of_fifth[0], {.deadline = short_deadline});
    CHECK(single.error() == errc::timed_out);
    CHECK(single.error().maybe_executed());
    CHECK(s.mc().describe(single.error()).starts_with(all.text(fifth) + ": "));
    const auto stored = s.set(of_fifth[1], "late", {.deadline = short_deadline});
    CHECK(stored.error() == errc::timed_out);
    CHECK(stored.error().maybe_executed());

    all[fifth].resume();
    // The replies to all of the above are on their way now, in front of these.
    for (std::size_t i = of_fifth.size(); i-- > 2;) {
        const auto got = s.read(of_fifth[i]);
        REQUIRE(got.has_value());
        CHECK(version_of(of_fifth[i], *got) == 1);
    }
    CHECK(s.read(of_fifth[1]) == "late");  // "maybe executed" was the truth
    // The same connection, with its late replies, served all this: one more is our own look.
    CHECK(stat(all.text(fifth), "total_connections") == connections + 1);
}

TEST_CASE("a server that stands still before it was ever reached") {
    if (control_is_missing()) return;
    cluster all({1, 2, 2, 1, 2});
    const auto keys = make_keys("asleep", 500);
    {
        session writer(all.servers());
        writer.write_all(keys, 1, 100);
    }
    session s(all.servers());

    all[fifth].pause();
    const auto reply = s.get_many(keys, {.deadline = short_deadline});

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::timed_out, stage::not_sent);
    all[fifth].resume();
    REQUIRE(s.serves_again(a_key_of(s, keys, fifth)));
    const auto again = s.get_many(keys);
    CHECK(again.summary().hits == keys.size());
}

TEST_CASE("a silent connection that owes replies is given up, and replaced") {
    if (control_is_missing()) return;
    cluster one({1});
    kmc::client_options options = patient();
    options.stall_timeout = short_deadline;
    session s(one.servers(), options);
    s.write("k", "v");

    one[0].pause();
    const stopwatch since;
    const auto lost = s.get("k");
    CHECK(since.elapsed() < deadline_bound);
    CHECK(lost.error() == errc::connection_lost);
    CHECK(lost.error().maybe_executed());

    one[0].resume();
    REQUIRE(s.serves_again("k"));
    CHECK(s.read("k") == "v");
}

TEST_CASE("a server restarted while nobody talked to it serves again") {
    if (control_is_missing()) return;
    cluster one({1});
    session s(one.servers());
    s.write("k", "v");

    one[0].restart();

    REQUIRE(s.serves_again("k"));
    CHECK(s.read("k") == std::nullopt);
    s.write("k", "w");
    CHECK(s.read("k") == "w");
}

TEST_CASE("a server that is asked to end says goodbye, and its keys fail with a reason") {
    if (control_is_missing()) return;
    cluster one({1});
    session s(one.servers());
    s.write("k", "v");

    one[0].stop();

    const auto gone = s.get("k");
    REQUIRE_FALSE(gone.has_value());
    CHECK((gone.error() == errc::connect_failed || gone.error() == errc::connection_lost));
    CHECK(gone.error().server == 0);
}

TEST_CASE("a server that speaks text only is told apart at once") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const memcached_node text_only({"-B", "ascii"});
    session s(four_and(good, text_only.text()));
    const auto keys = make_keys("text", 500);
    write_to_the_good(s, keys, 1);

    const auto reply = s.get_many(keys);

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::not_binary, stage::not_sent);
    CHECK(s.get(a_key_of(s, keys, fifth)).error() == errc::not_binary);
}

TEST_CASE("a server that wants a login says so") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const memcached_node locked({"-S"});
    session s(four_and(good, locked.text()));
    const auto keys = make_keys("locked", 500);
    write_to_the_good(s, keys, 1);

    const auto reply = s.get_many(keys);

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::auth_failed, stage::not_sent);
}

TEST_CASE("a server over its connection limit is busy, and serves when there is room") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const memcached_node full({"-c", "30"});
    session s(four_and(good, full.text()));
    const auto keys = make_keys("full", 500);
    write_to_the_good(s, keys, 1);
    {
        std::vector<std::unique_ptr<text_connection>> crowd;
        bool is_full = false;
        while (!is_full && crowd.size() < 64) {
            crowd.push_back(std::make_unique<text_connection>(full.text()));
            is_full = crowd.back()->ask("version", "\r\n").starts_with("ERROR Too many");
        }
        REQUIRE(is_full);

        const auto reply = s.get_many(keys);

        check_that_only_the_fifth_fails(s, keys, reply, 1, errc::server_busy, stage::not_sent);
    }

    REQUIRE(s.serves_again(a_key_of(s, keys, fifth)));
    CHECK(s.get_many(keys).summary().errors == 0);
}

TEST_CASE("a path without a server behind it fails like a refused port") {
    if (control_is_missing()) return;
    const cluster good({1, 2, 2, 1});
    const scratch_folder nothing_here;
    const std::string path = nothing_here.path() + "/missing";
    session s(four_and(good, path));
    const auto keys = make_keys("path", 500);
    write_to_the_good(s, keys, 1);

    const auto reply = s.get_many(keys);

    check_that_only_the_fifth_fails(s, keys, reply, 1, errc::connect_failed, stage::not_sent);
}
