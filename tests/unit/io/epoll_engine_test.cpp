#include <catch2/catch.hpp>

#include "io/engines.hpp"
#include "support/contract_bench.hpp"
#include "support/engine_contract.hpp"
#include "support/kernel_fixture.hpp"

using namespace kmc;
using namespace kmc::detail;
using namespace kmc::testing;

TEST_CASE("the epoll engine keeps the engine contract") {
    check_engine_contract([] { return make_kernel_fixture(make_epoll_engine()); });
}

TEST_CASE("a request and its reply cost the epoll engine one wait") {
    const auto world = make_kernel_fixture(make_epoll_engine());
    bench b(*world);
    const auto listener = world->listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    const auto greeting = b.recv(link.fd);
    b.peer_writes(*link.peer, "hello");
    b.turn_for(std::chrono::seconds(10));  // and from now on a timer stands
    REQUIRE(b.ended(greeting));

    const auto receiving = b.recv(link.fd);
    const auto sending = b.send(link.fd, "request");
    const engine_counters before = b.engine().counters();
    b.turn_for(std::chrono::seconds(10));
    REQUIRE(b.ended(sending));
    CHECK(b.engine().counters().enters == before.enters);
    b.peer_writes(*link.peer, "reply");
    b.turn_for(std::chrono::seconds(10));

    CHECK(b.ended(receiving));
    const engine_counters after = b.engine().counters();
    CHECK(after.enters - before.enters == 1);
    CHECK(after.syscalls - before.syscalls == 3);  // send, epoll_wait, recv
    b.wind_up();
}

TEST_CASE("a sender that is always busy does not keep replies from being seen") {
    const auto world = make_kernel_fixture(make_epoll_engine());
    bench b(*world);
    const auto listener = world->listen(stream_kind::tcp);
    const auto busy = b.connected(*listener);
    const auto quiet = b.connected(*listener);
    const auto receiving = b.recv(quiet.fd);
    b.peer_writes(*quiet.peer, "reply");

    int turns = 0;
    while (!b.ended(receiving) && turns < 100) {
        b.send(busy.fd, "x");
        b.turn_for(std::chrono::seconds(10));
        static_cast<void>(busy.peer->read(100));
        ++turns;
    }

    CHECK(turns <= 4);
    b.wind_up();
}
