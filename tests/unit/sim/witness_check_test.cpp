#include "sim/witness_check.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "sim/history_check.hpp"

using kmc::on_dead;
using kmc::sim::deed;
using kmc::sim::ending;
using kmc::sim::history;
using kmc::sim::judge;
using kmc::sim::judgement;
using kmc::sim::sim_net;

namespace {

// Histories of one key of server 1, with what servers did meanwhile.
struct tale {
    explicit tale(on_dead policy = on_dead::next_server) { log.expect_witnesses(policy); }

    sim_net net{1};
    history log{net};

    history::id begins(deed what, std::uint64_t version = 0,
                       std::size_t after = kmc::sim::no_call) {
        return log.begin(
            {.what = what, .key = "k", .version = version, .server = 1, .after = after});
    }
    void did(std::size_t server, deed what, ending how, std::uint64_t version = 0) {
        log.executed(what, "k", server, how, version);
    }
    void store(std::size_t server, std::uint64_t version) {
        const auto call = begins(deed::store, version);
        did(server, deed::store, ending::done, version);
        log.end(call, ending::done);
    }
    void read(std::size_t server, std::uint64_t version) {
        const auto call = begins(deed::read);
        did(server, deed::read, ending::done, version);
        log.end(call, ending::done, version);
    }
    void miss(std::size_t server) {
        const auto call = begins(deed::read);
        did(server, deed::read, ending::absent);
        log.end(call, ending::absent);
    }

    [[nodiscard]] bool is_true() const { return judge(log).findings.empty(); }
    [[nodiscard]] bool is_only(const std::string& what) const {
        const judgement j = judge(log);
        for (const std::string& each : j.findings) UNSCOPED_INFO(each);
        return j.findings.size() == 1 && j.findings[0].find(what) == 0;
    }
};

}  // namespace

TEST_CASE("a key of a dead server may be in two places") {
    tale t;
    t.store(1, 1);
    t.log.died(1);
    t.miss(2);
    t.store(2, 2);
    t.read(2, 2);
    t.read(1, 1);  // it is back, with its memory

    CHECK(t.is_true());
    CHECK(judge(t.log).seen.movers == 1);
    CHECK(judge(t.log).seen.executions == 5);
}

TEST_CASE("who stays is a register still") {
    tale t;
    t.store(1, 1);
    t.store(1, 2);
    t.read(1, 1);

    CHECK(t.is_only("a value that something else had replaced"));
}

TEST_CASE("an answer needs a server that gave it") {
    tale t;
    t.log.died(1);
    t.store(2, 1);

    SECTION("a value that no server gave") {
        const auto call = t.begins(deed::read);
        t.log.end(call, ending::done, 1);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("one that a server gave before") {
        t.read(2, 1);
        const auto call = t.begins(deed::read);
        t.log.end(call, ending::done, 1);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("another one") {
        const auto call = t.begins(deed::read);
        t.did(2, deed::read, ending::done, 1);
        t.log.end(call, ending::done, 7);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("a miss where a server had something") {
        const auto call = t.begins(deed::read);
        t.did(2, deed::read, ending::done, 1);
        t.log.end(call, ending::absent);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("a store that nobody did") {
        const auto call = t.begins(deed::store, 2);
        t.log.end(call, ending::done);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("a removal of something that found nothing") {
        const auto call = t.begins(deed::erase);
        t.did(2, deed::erase, ending::absent);
        t.log.end(call, ending::done);
        CHECK(t.is_only("an answer that no server gave"));
    }
    SECTION("no answer needs none") {
        const auto call = t.begins(deed::read);
        t.log.end(call, ending::unknown);
        static_cast<void>(t.begins(deed::store, 2));
        CHECK(t.is_true());
    }
    SECTION("silence that means nothing") {
        t.log.distrust_silence(0);
        const auto call = t.begins(deed::read);
        t.did(2, deed::read, ending::done, 1);
        t.log.end(call, ending::absent);
        CHECK(t.is_true());
    }
}

TEST_CASE("servers do what they were asked to, once") {
    tale t;
    t.log.died(1);

    SECTION("a store that was denied") {
        const auto call = t.begins(deed::store, 1);
        t.log.end(call, ending::not_done);
        t.did(2, deed::store, ending::done, 1);
        CHECK(t.is_only("a store that was said not to have happened"));
    }
    SECTION("a store twice") {
        const auto call = t.begins(deed::store, 1);
        t.did(1, deed::store, ending::done, 1);
        t.did(2, deed::store, ending::done, 1);
        t.log.end(call, ending::unknown);
        CHECK(judge(t.log).findings.size() == 2);
        CHECK(judge(t.log).findings[0].find("a store that was done twice") == 0);
    }
    SECTION("a store out of nowhere") {
        static_cast<void>(t.begins(deed::read));
        t.did(2, deed::store, ending::done, 5);
        CHECK(t.is_only("a store that nobody asked for"));
    }
    SECTION("a removal that was denied") {
        const auto call = t.begins(deed::erase);
        t.log.end(call, ending::not_done);
        t.did(2, deed::erase, ending::done);
        CHECK(t.is_only("more was done than was asked for"));
    }
    SECTION("two steps for one") {
        const auto call = t.begins(deed::count);
        t.did(1, deed::count, ending::done);
        t.did(1, deed::count, ending::done);
        t.log.end(call, ending::done);
        CHECK(t.is_only("more was done than was asked for"));
    }
}

TEST_CASE("a batch keeps its order on a stand-in") {
    tale t;
    t.log.died(1);
    const auto first = t.begins(deed::store, 1);
    const auto second = t.begins(deed::store, 2, first);

    SECTION("kept") {
        t.did(2, deed::store, ending::done, 1);
        t.did(2, deed::store, ending::done, 2);
    }
    SECTION("not kept, but on two servers") {
        t.did(2, deed::store, ending::done, 2);
        t.did(1, deed::store, ending::done, 1);
    }
    SECTION("not kept") {
        t.did(2, deed::store, ending::done, 2);
        t.did(2, deed::store, ending::done, 1);
        t.log.end(first, ending::unknown);
        t.log.end(second, ending::unknown);
        CHECK(t.is_only("a batch that was carried out in another order"));
        return;
    }
    t.log.end(first, ending::done);
    t.log.end(second, ending::done);
    CHECK(t.is_true());
}

TEST_CASE("a key is only where it belongs") {
    SECTION("nobody stands in for one that is alive") {
        tale t;
        t.miss(2);
        CHECK(t.is_only("a server that the key was never on"));
    }
    SECTION("nor for another one that is dead") {
        tale t;
        t.log.died(0);
        t.miss(2);
        CHECK(t.is_only("a server that the key was never on"));
    }
    SECTION("unless the ring is built anew") {
        tale t(on_dead::rebuild);
        t.log.died(0);
        t.miss(2);
        CHECK(t.is_true());
    }
    SECTION("nobody at all where calls fail fast") {
        tale t(on_dead::fail_fast);
        t.log.died(1);
        t.miss(2);
        CHECK(t.is_only("a server that the key was never on"));
    }
    SECTION("a new list gives it to another one") {
        tale t(on_dead::fail_fast);
        t.store(1, 1);
        t.log.moved("k", 2);
        t.miss(2);
        CHECK(t.is_true());
    }
    SECTION("not before there is that list") {
        tale t(on_dead::fail_fast);
        t.store(1, 1);
        t.miss(2);
        t.log.moved("k", 2);
        CHECK(t.is_only("a server that the key was never on"));
    }
}
