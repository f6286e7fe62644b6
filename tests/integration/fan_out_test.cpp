// The main job: many keys over many servers in one call.

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using kmc::errc;

namespace {

const std::vector<unsigned> five_weights = {1, 2, 3, 4, 5};

kmc::task<void> read_into(kmc::client& mc, std::span<const std::string_view> keys,
                          kmc::many_reply& reply) {
    co_await mc.get_many(keys, reply);
}

}  // namespace

TEST_CASE("every key of a batch gets its own answer, at its own place") {
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers());
    const std::size_t count = GENERATE(as<std::size_t>{}, 1, 2, 5, 1000, 5000);
    CAPTURE(count);
    const auto keys = make_keys("order" + std::to_string(count) + "-", count);
    std::vector<std::string> written;
    for (std::size_t i = 0; i < count; i += 3) written.push_back(keys[i]);
    s.write_all(written, 4, 60);

    const auto reply = s.get_many(keys);

    REQUIRE(reply.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
        CAPTURE(i);
        REQUIRE(reply[i].has_value());
        REQUIRE(reply[i].value().has_value() == (i % 3 == 0));
        if (i % 3 == 0) REQUIRE(version_of(keys[i], reply[i].value()->bytes()) == 4);
    }
    CHECK(reply.summary().hits == written.size());
    CHECK(reply.summary().misses == count - written.size());
    CHECK(reply.summary().errors == 0);
}

TEST_CASE("a batch of 100,000 keys is a batch like any other") {
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers());
    constexpr std::size_t count = 100'000;
    const auto keys = make_keys("huge", count);
    std::vector<std::string> written;
    for (std::size_t i = 0; i < count; i += 25) written.push_back(keys[i]);
    s.write_all(written, 9, 100);

    const auto reply = s.get_many(keys);

    REQUIRE(reply.size() == count);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % 25 == 0) {
            wrong += !reply[i] || !reply[i].value() ||
                     version_of(keys[i], reply[i].value()->bytes()) != 9;
        } else {
            wrong += !reply[i] || reply[i].value();
        }
    }
    CHECK(wrong == 0);
    CHECK(reply.summary().hits == written.size());
}

TEST_CASE("an empty batch ends at once, with nothing in it") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());

    CHECK(s.get_many(std::vector<std::string>{}).size() == 0);
}

TEST_CASE("each server is asked for its own keys, once each, however often a key stands there") {
    if (control_is_missing()) return;
    const cluster servers(five_weights);
    session s(servers.servers());
    const auto keys = make_keys("twice", 300);
    s.write_all(keys, 1, 50);
    std::vector<std::string> asked;
    for (std::size_t i = 0; i < 900; ++i) asked.push_back(keys[(i * 7) % 300]);
    std::map<std::size_t, std::uint64_t> due;
    for (const std::string& key : keys) ++due[s.mc().locate(key)];
    std::map<std::size_t, std::uint64_t> before;
    for (std::size_t i = 0; i < 5; ++i) before[i] = stat(servers.text(i), "cmd_get");

    const auto reply = s.get_many(asked);

    for (std::size_t i = 0; i < asked.size(); ++i) {
        REQUIRE(version_of(asked[i], reply[i].value()->bytes()) == 1);
    }
    CHECK(reply.summary().hits == 900);
    CHECK(due.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        CAPTURE(i);
        CHECK(stat(servers.text(i), "cmd_get") - before[i] == due[i]);
        CHECK(stat(servers.text(i), "curr_items") == due[i]);
    }
}

TEST_CASE("heavier servers hold more keys") {
    if (control_is_missing()) return;
    const cluster servers(five_weights);
    session s(servers.servers());
    s.write_all(make_keys("share", 3000), 1, 30);

    std::vector<std::uint64_t> held;
    for (std::size_t i = 0; i < 5; ++i) held.push_back(stat(servers.text(i), "curr_items"));

    CAPTURE(held);
    CHECK(held[0] + held[1] + held[2] + held[3] + held[4] == 3000);
    CHECK(held[0] > 0);
    CHECK(held[4] > 2 * held[0]);  // five times the weight; the ring is not that even
}

TEST_CASE("a reply can be handed in again and again") {
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers());
    const auto keys = make_keys("again", 400);
    s.write_all(keys, 2, 700);
    const auto all = views_of(keys);
    kmc::many_reply reply;

    for (const std::size_t count : {400U, 1U, 0U, 399U, 10U}) {
        CAPTURE(count);
        s.rt().block_on(read_into(s.mc(), std::span(all).last(count), reply));
        REQUIRE(reply.size() == count);
        CHECK(reply.summary().hits == count);
        for (std::size_t i = 0; i < count; ++i) {
            REQUIRE(version_of(keys[400 - count + i], reply[i].value()->bytes()) == 2);
        }
    }
}

TEST_CASE("bad keys among good ones fail alone") {
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers());
    const auto good = make_keys("good", 60);
    s.write_all(good, 5, 80);
    const std::vector<std::string> bad = {"", std::string(251, 'k'), std::string(100'000, 'k')};
    std::vector<std::string> asked;
    for (std::size_t i = 0; i < 60; ++i) {
        asked.push_back(good[i]);
        if (i % 20 == 10) asked.push_back(bad[i / 20]);
        if (i % 20 == 15) asked.push_back(bad[i / 20]);  // a bad key may stand there twice as well
    }

    const auto reply = s.get_many(asked);

    CHECK(reply.summary().hits == 60);
    CHECK(reply.summary().errors == 6);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        CAPTURE(i);
        if (asked[i].starts_with(key_prefix())) {
            CHECK(version_of(asked[i], reply[i].value()->bytes()) == 5);
        } else {
            CHECK(reply[i].error() == errc::bad_key);
            CHECK(reply[i].error().at == kmc::stage::not_sent);
            CHECK(reply[i].error().server == kmc::error::no_server);
        }
    }
}

TEST_CASE("large values and small ones share a batch") {
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers());
    const auto keys = make_keys("large", 40);
    const auto size_of = [](std::size_t i) -> std::size_t {
        return i % 4 == 0 ? 700'000 + i : i % 4 == 1 ? 16'000 + i * 16 : 100;
    };
    for (std::size_t i = 0; i < keys.size(); ++i) {
        s.write(keys[i], make_value(keys[i], i, size_of(i)));
    }

    const auto reply = s.get_many(keys);

    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i);
        REQUIRE(reply[i].has_value());
        REQUIRE(reply[i].value().has_value());
        CHECK(reply[i].value()->bytes().size() == size_of(i));
        CHECK(version_of(keys[i], reply[i].value()->bytes()) == static_cast<std::int64_t>(i));
    }
}

namespace {

kmc::task<void> read_batches(kmc::client& mc, std::span<const std::string> keys, std::size_t shift,
                             std::size_t& right) {
    kmc::many_reply reply;
    for (std::size_t round = 0; round < 20; ++round) {
        std::vector<std::string_view> asked;
        for (std::size_t i = 0; i < 100; ++i) {
            asked.push_back(keys[(shift * 31 + round * 17 + i * 7) % keys.size()]);
        }
        co_await mc.get_many(asked, reply);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            right += reply[i] && reply[i].value() &&
                     version_of(asked[i], reply[i].value()->bytes()) == 6;
        }
    }
}

}  // namespace

TEST_CASE("64 coroutines read batches of 100 at once, on one reactor or three") {
    const unsigned threads = GENERATE(1U, 3U);
    CAPTURE(threads);
    const cluster servers = any_cluster(five_weights);
    session s(servers.servers(), patient(), threads);
    const auto keys = make_keys("crowd", 2000);
    s.write_all(keys, 6, 120);
    std::vector<std::size_t> right(64);

    run_all(s.rt(), right.size(),
            [&](std::size_t w) { return read_batches(s.mc(), keys, w, right[w]); });

    CHECK(right == std::vector<std::size_t>(64, 2000));
}
