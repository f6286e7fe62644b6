// What is wrong is said, in words, before anything is sent; everything else goes on unharmed.

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;

TEST_CASE("a bad key or value is refused, and the connection lives on") {
    if (control_is_missing()) return;
    const cluster servers({1});
    session s(servers.servers());
    s.write("good", "v");
    const auto connections = stat(servers.text(0), "total_connections");
    const auto read_before = stat(servers.text(0), "bytes_read");
    const std::string key = GENERATE(std::string(), std::string(251, 'k'), std::string(65535, 'k'),
                                     std::string(65536 + 3, 'k'), std::string(100 * 1024, 'k'));
    CAPTURE(key.size());

    const auto got = s.get(key);
    const auto stored = s.set(key, "v");
    const auto removed = s.del(key);
    const auto too_large = s.set("good", std::string(2 * 1024 * 1024, 'v'));

    CHECK(got.error() == kmc::error{.code = errc::bad_key});
    CHECK(stored.error() == kmc::error{.code = errc::bad_key});
    CHECK(removed.error() == kmc::error{.code = errc::bad_key});
    CHECK(too_large.error() == errc::too_large);
    CHECK(too_large.error().at == stage::not_sent);
    // Each look of ours costs the server one connection and one line: "stats", CR, LF. Nothing else
    // reached it.
    CHECK(stat(servers.text(0), "bytes_read") == read_before + 7);
    CHECK(stat(servers.text(0), "total_connections") == connections + 3);
    CHECK(s.read("good") == "v");
}

TEST_CASE("a server that is not in the list has no version") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());

    for (std::size_t i = 0; i < servers.size(); ++i) {
        CHECK(s.version(i).value().starts_with("1."));
    }
    for (const std::size_t beyond : {servers.size(), std::size_t{65534}, std::size_t{65535},
                                     std::size_t{65536}, ~std::size_t{0}}) {
        CAPTURE(beyond);
        const auto r = s.version(beyond);
        REQUIRE_FALSE(r.has_value());
        CHECK(r.error() == errc::bad_config);
        CHECK(r.error().at == stage::not_sent);
        CHECK_FALSE(s.mc().describe(r.error()).empty());
    }
    CHECK(s.version(0).has_value());
}

TEST_CASE("a malformed server list names the entry that is wrong") {
    kmc::runtime rt = open_runtime();
    const auto [text, named] = GENERATE(table<std::string, std::string>({
        {"", ""},
        {" ", ""},
        {",", ""},
        {"127.0.0.1:11211,", "server 2"},
        {"127.0.0.1:11211,,127.0.0.1:11212", "server 2"},
        {"127.0.0.1:11211,127.0.0.1:port", "127.0.0.1:port"},
        {"127.0.0.1:65536", "65536"},
        {"127.0.0.1:-1", "-1"},
        {"127.0.0.1:11211:heavy", "heavy"},
        {"127.0.0.1:11211:1:2", "127.0.0.1:11211:1:2"},
        {":11211", ":11211"},
        {"[::1:11211", "[::1:11211"},
    }));
    CAPTURE(text);

    const auto opened = kmc::client::open(rt, text);

    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code() == errc::bad_config);
    CHECK_FALSE(opened.error().message().empty());
    CHECK_THAT(opened.error().message(), Catch::Contains(named));
}

TEST_CASE("an unknown ring, a missing file and an empty list are set-up errors") {
    const auto ring = kmc::parse_ring("ketama_of_nobody");
    REQUIRE_FALSE(ring.has_value());
    CHECK_THAT(ring.error().message(), Catch::Contains("ketama_of_nobody"));

    const scratch_folder empty;
    const auto file = kmc::server_list::load_ketama_file(empty.path() + "/missing");
    REQUIRE_FALSE(file.has_value());
    CHECK_THAT(file.error().message(), Catch::Contains(empty.path() + "/missing"));

    CHECK_FALSE(kmc::server_list::of({}).has_value());
}

TEST_CASE("options that make no sense are refused by name") {
    kmc::runtime rt = open_runtime();
    using std::chrono::milliseconds;
    const kmc::client_options fine;
    std::vector<std::pair<kmc::client_options, std::string>> cases;
    const auto wrong = [&](auto change, const char* named) {
        kmc::client_options o = fine;
        change(o);
        cases.emplace_back(o, named);
    };
    wrong([](auto& o) { o.call_timeout = milliseconds(0); }, "call_timeout");
    wrong([](auto& o) { o.batch_timeout = milliseconds(-1); }, "batch_timeout");
    wrong([](auto& o) { o.connect_timeout = milliseconds(0); }, "connect_timeout");
    wrong([](auto& o) { o.stall_timeout = milliseconds(0); }, "stall_timeout");
    wrong([](auto& o) { o.reconnect_min = milliseconds(0); }, "reconnect_min");
    wrong([](auto& o) { o.health.retry_timeout = milliseconds(0); }, "health.retry_timeout");
    wrong([](auto& o) { o.item_size_max = 0; }, "item_size_max");
    wrong([](auto& o) { o.max_inflight = 0; }, "max_inflight");
    wrong([](auto& o) { o.max_inflight = 1'000'000; }, "max_inflight");

    for (const auto& [options, named] : cases) {
        CAPTURE(named);
        const auto opened = kmc::client::open(rt, "127.0.0.1:1", options);
        REQUIRE_FALSE(opened.has_value());
        CHECK_THAT(opened.error().message(), Catch::Contains(named));
    }
    CHECK(kmc::client::open(rt, "127.0.0.1:1", fine).has_value());
}
