#include "sim/history.hpp"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "sim/history_check.hpp"

using namespace std::chrono_literals;
using kmc::sim::deed;
using kmc::sim::ending;
using kmc::sim::history;
using kmc::sim::judge;
using kmc::sim::judgement;
using kmc::sim::sim_net;

namespace {

// Writes histories of one key by hand: each call begins where it stands.
struct story {
    sim_net net{1};
    history log{net};

    history::id begins(deed what, std::uint64_t version = 0, kmc::duration deadline = {},
                       kmc::duration ttl = {}) {
        return log.begin({.what = what,
                          .key = "k",
                          .version = version,
                          .deadline = deadline,
                          .ttl = ttl,
                          .server = 1});
    }
    void happens(deed what, std::uint64_t version, ending how, std::uint64_t seen = 0) {
        log.end(begins(what, version), how, seen);
    }
    void store(std::uint64_t version, ending how = ending::done) {
        happens(deed::store, version, how);
    }
    void erase(ending how = ending::done) { happens(deed::erase, 0, how); }
    void gives(std::uint64_t version) { happens(deed::read, 0, ending::done, version); }
    void misses() { happens(deed::read, 0, ending::absent); }

    [[nodiscard]] bool is_true() const { return judge(log).findings.empty(); }
    // Nothing else than this one thing is wrong.
    [[nodiscard]] bool is_only(const std::string& what) const {
        const judgement j = judge(log);
        return j.findings.size() == 1 && j.findings[0].find(what) == 0;
    }
};

}  // namespace

TEST_CASE("a read gives what was stored last") {
    story s;
    s.misses();
    s.store(1);
    s.gives(1);
    s.store(2);
    s.gives(2);
    s.erase();
    s.misses();

    CHECK(s.is_true());
    CHECK(judge(s.log).seen.values == 2);
    CHECK(judge(s.log).seen.misses == 2);
    CHECK(judge(s.log).seen.stores == 2);
}

TEST_CASE("a history with a lie is found out") {
    story s;

    SECTION("another key's value") {
        s.store(1);
        s.gives(history::nobodys);
        CHECK(s.is_only("another key's value"));
    }
    SECTION("a value out of nowhere") {
        s.store(1);
        s.gives(7);
        CHECK(s.is_only("a value that nobody wrote"));
    }
    SECTION("a value before its time") {
        s.gives(1);
        s.store(1);
        CHECK(s.is_only("a value that something else had replaced, or too early"));
    }
    SECTION("an old value") {
        s.store(1);
        s.store(2);
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
    SECTION("a removed value") {
        s.store(1);
        s.erase();
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
    SECTION("a value from before the server lost its memory") {
        s.store(1);
        s.log.lost_memory(1);
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
    SECTION("a miss of what was stored") {
        s.store(1);
        s.misses();
        CHECK(s.is_only("a miss of what was there"));
    }
    SECTION("a removal that found nothing where there was something") {
        s.store(1);
        s.erase(ending::absent);
        CHECK(s.is_only("a miss of what was there"));
    }
    SECTION("a miss because another server lost its memory") {
        s.store(1);
        s.log.lost_memory(0);
        s.misses();
        CHECK(s.is_only("a miss of what was there"));
    }
    SECTION("a store that was denied and happened") {
        s.store(1, ending::not_done);
        s.gives(1);
        CHECK(s.is_only("a value whose store was said not to have happened"));
    }
    SECTION("a removal that was denied and happened") {
        s.store(1);
        s.erase(ending::not_done);
        s.misses();
        CHECK(s.is_only("a miss of what was there"));
    }
    SECTION("nothing, said to be there") {
        s.happens(deed::ask, 0, ending::done);
        CHECK(s.is_only("said to be there, and was not"));
    }
    SECTION("a store that was declined because of nothing") {
        s.store(1, ending::present);
        CHECK(s.is_only("said to be there, and was not"));
    }
    SECTION("a value that was overwritten by one that somebody saw") {
        s.store(1);
        s.store(2, ending::unknown);
        s.gives(2);
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
    SECTION("a batch that was carried out in another order") {
        const auto first = s.begins(deed::store, 1);
        const auto second = s.log.begin(
            {.what = deed::store, .key = "k", .version = 2, .server = 1, .after = first});
        s.log.end(first, ending::unknown);
        s.log.end(second, ending::done);
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
    SECTION("something that happens after all was settled") {
        s.store(1, ending::unknown);
        s.log.settled();
        s.store(2);
        s.gives(1);
        CHECK(s.is_only("a value that something else had replaced"));
    }
}

TEST_CASE("what may have happened explains what is seen") {
    story s;

    SECTION("a store without an answer happened, or not") {
        s.store(1);
        s.store(2, ending::unknown);
        s.gives(1);
        s.gives(2);
        CHECK(s.is_true());
    }
    SECTION("it happens later than anything that was asked afterwards") {
        s.store(1, ending::unknown);
        s.store(2);
        s.gives(2);
        s.gives(1);
        CHECK(s.is_true());
    }
    SECTION("a removal without an answer") {
        s.store(1);
        s.erase(ending::unknown);
        s.gives(1);
        s.misses();
        CHECK(s.is_true());
    }
    SECTION("one whose caller left") {
        static_cast<void>(s.begins(deed::store, 1));
        s.gives(1);
        CHECK(s.is_true());
    }
    SECTION("one that is under way") {
        const auto reading = s.begins(deed::read);
        const auto storing = s.begins(deed::store, 1);
        s.log.end(reading, ending::done, 1);
        s.misses();
        s.log.end(storing, ending::done);
        CHECK(s.is_only("a miss"));  // it had been seen
    }
    SECTION("a server that lost its memory") {
        s.store(1);
        s.log.lost_memory(1);
        s.misses();
        CHECK(s.is_true());
    }
    SECTION("a server whose silence means nothing") {
        s.store(1);
        s.log.distrust_silence(1);
        s.misses();
        CHECK(s.is_true());
        s.gives(9);
        CHECK_FALSE(s.is_true());
    }
}

TEST_CASE("a value may be gone from a second before its time on") {
    story s;
    s.log.end(s.begins(deed::store, 1, {}, 3s), ending::done);
    s.net.pass(1900ms);
    SECTION("but not earlier") {
        s.misses();
        CHECK(s.is_only("a miss"));
    }
    SECTION("then it may") {
        s.net.pass(100ms);
        s.gives(1);
        s.misses();
        CHECK(s.is_true());
    }
    SECTION("unless something that lasts took its place") {
        s.store(2);
        s.net.pass(100ms);
        s.misses();
        CHECK(s.is_only("a miss"));
    }
}

TEST_CASE("a call that ends a tick after its deadline is in time") {
    story s;
    const auto call = s.begins(deed::read, 0, 20ms);
    s.net.pass(21ms);
    SECTION("not more") {
        s.net.pass(1us);
        s.log.end(call, ending::unknown);
        CHECK(s.is_only("too late by 1001 us"));
    }
    SECTION("but a client that stands still can end nothing") {
        s.net.pass(50ms);
        s.log.froze(50ms);
        s.log.end(call, ending::unknown);
        CHECK(s.is_true());
    }
    SECTION("and what it stood still before counts for nothing") {
        s.log.end(call, ending::unknown);
        s.log.froze(50ms);
        const auto next = s.begins(deed::read, 0, 20ms);
        s.net.pass(22ms);
        s.log.end(next, ending::unknown);
        CHECK(s.is_only("too late by 2000 us"));
    }
}

TEST_CASE("a number is between what is certain and what is possible") {
    story s;
    s.happens(deed::count, 0, ending::done);
    s.happens(deed::count, 0, ending::done);
    s.happens(deed::count, 0, ending::unknown);
    s.happens(deed::count, 0, ending::not_done);
    const auto [number, is_right] =
        GENERATE(table<std::uint64_t, bool>({{1, false}, {2, true}, {3, true}, {4, false}}));
    s.log.counted("k", 1, number);

    CHECK(s.is_true() == is_right);
}

TEST_CASE("what callers were told makes the hash of a history") {
    story a;
    story b;
    a.store(1);
    b.store(1);
    CHECK(a.log.hash() == b.log.hash());
    a.gives(1);
    b.gives(2);
    CHECK(a.log.hash() != b.log.hash());
}
