#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "io/engines.hpp"
#include "support/contract_bench.hpp"
#include "support/engine_contract.hpp"
#include "support/kernel_fixture.hpp"

using namespace kmc;
using namespace kmc::detail;
using namespace kmc::testing;

namespace {

std::unique_ptr<engine_fixture> make_world() {
    uring_refusal why_not;
    auto engine = make_uring_engine(why_not);
    if (engine == nullptr) {
        WARN("SKIPPED: no io_uring on this machine: " << why_not.step << ", errno "
                                                      << why_not.error);
    }
    return make_kernel_fixture(std::move(engine));
}

}  // namespace

TEST_CASE("the io_uring engine keeps the engine contract") {
    check_engine_contract(&make_world);
}

TEST_CASE("everything started in one turn of the io_uring engine is one system call") {
    const auto world = make_world();
    if (world == nullptr) return;
    bench b(*world);
    const auto listener = world->listen(stream_kind::tcp);
    std::vector<bench::link> links;
    for (int i = 0; i < 50; ++i) links.push_back(b.connected(*listener));
    b.turn_until(time_point::min());

    for (auto& link : links) {
        b.recv(link.fd);
        b.send(link.fd, "request");
    }
    const engine_counters before = b.engine().counters();
    b.turn_for(std::chrono::seconds(10));

    const engine_counters after = b.engine().counters();
    CHECK(after.enters - before.enters == 1);
    CHECK(after.syscalls - before.syscalls == 1);
    CHECK(after.completions - before.completions == 50);  // the sends
    CHECK(b.open_operations() == 50);
    b.wind_up();
}

TEST_CASE("a woken io_uring engine sleeps again") {
    const auto world = make_world();
    if (world == nullptr) return;
    bench b(*world);
    b.engine().wake();
    b.turn_for(std::chrono::seconds(10));

    const auto before = b.engine().now();
    b.turn_for(std::chrono::milliseconds(20));

    CHECK(b.engine().now() - before >= std::chrono::milliseconds(20));
}

// Nothing to shut down there yet: only a cancellation reaches it.
TEST_CASE("a kick ends a connect that waits for room in a Unix listener") {
    const auto world = make_world();
    if (world == nullptr) return;
    bench b(*world);
    const full_unix_listener full;
    const auto where = b.find(full.where());
    const int fd = b.open(where);

    const auto token = b.connect(fd, where);
    for (int i = 0; i < 5; ++i) b.turn_for(std::chrono::milliseconds(1));
    REQUIRE_FALSE(b.ended(token));
    b.engine().kick(fd);

    b.run_until_ended(token);
    CHECK(b.result(token) < 0);
    b.wind_up();
}

// There is room for 1024 (uring_ring.cpp). A send on a socket without a peer ends as soon as the
// kernel takes it in, and starting more operations than the queue holds brings them there, while
// nobody collects.
TEST_CASE("completions that the ring has no room for are delivered all the same") {
    constexpr std::size_t count = 1500;
    const auto world = make_world();
    if (world == nullptr) return;
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_max < count + 100) {
        WARN("SKIPPED: 1 test, only " << descriptors.rlim_max << " descriptors are allowed");
        return;
    }
    descriptors.rlim_cur = std::max<rlim_t>(descriptors.rlim_cur, count + 100);
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
    bench b(*world);
    const auto somewhere = b.find(world->refusing());
    std::vector<int> sockets;
    for (std::size_t i = 0; i < count; ++i) sockets.push_back(b.open(somewhere));

    std::vector<op_token> sends;
    for (const int fd : sockets) sends.push_back(b.send(fd, "x"));
    const engine_counters before = b.engine().counters();
    b.turn_for(std::chrono::seconds(10));

    const engine_counters after = b.engine().counters();
    CHECK(after.completions - before.completions == count);
    CHECK(after.enters - before.enters > 1);  // those that had no room were asked for
    for (const op_token token : sends) REQUIRE(b.result(token) == -EPIPE);
    b.wind_up();
}
