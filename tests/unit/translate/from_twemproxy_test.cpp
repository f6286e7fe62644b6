// twemproxy's pools: every golden file through the translator, and what a pool's settings mean to
// somebody who leaves the proxy out.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/vectors.hpp"
#include "translated.hpp"

namespace kmc::detail {
namespace {

translation made(std::vector<setting> settings) {
    return from_twemproxy({std::move(settings), {"a:1:1 x", "b:2:3"}}).value();
}

setting text(std::string name, std::string value) {
    return {std::move(name), std::move(value)};
}

TEST_CASE("a pool of twemproxy becomes a ring that has every key where it was") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "twemproxy")) {
        const auto expected = read_ring_case(*folder, "twemproxy/" + file.stem().string());
        twemproxy_pool pool;
        for (const std::string name : {"hash", "distribution", "hash_tag"}) {
            const auto row = expected.header(name);
            if (!row.empty()) pool.settings.push_back(text(name, row.at(1)));
        }
        for (const auto& row : expected.servers) pool.servers.push_back(row.at(2));
        check_translated(expected, from_twemproxy(pool).value());
        ++files;
    }

    CHECK(files == 44);
}

TEST_CASE("a bare pool has twemproxy's defaults") {
    const auto t = made({});

    CHECK(t.ring == ring_spec(ring::twemproxy));
    CHECK(t.health.remove_failed == 0);
    CHECK(t.servers.servers()[0].name == "x");
    CHECK(has_warning(t, "hash: unset, it is fnv1a_64"));
}

TEST_CASE("times and limits of twemproxy become those of kmc") {
    using namespace std::chrono_literals;
    const auto t = made({text("auto_eject_hosts", "true"), text("server_failure_limit", "4"),
                         text("server_retry_timeout", "5000"), text("timeout", "400"),
                         text("hash_tag", "{}")});
    const client_options o = t.options();

    CHECK(o.health.remove_failed == 4);
    CHECK(o.health.dead_timeout == 5s);
    CHECK(o.health.dead_timeout_max == 5s);
    CHECK(o.health.on_dead == on_dead::rebuild);
    CHECK(o.call_timeout == 400ms);
    CHECK(o.connect_timeout == 400ms);
    CHECK(o.hash_tag == "{}");
    CHECK(made({{"auto_eject_hosts", true}}).health.dead_timeout == 30s);
    CHECK(made({{"auto_eject_hosts", true}}).health.remove_failed == 2);
}

TEST_CASE("each setting of a pool that is not what it seems is warned of") {
    const auto [name, value, warning] = GENERATE(table<std::string, std::string, std::string>(
        {{"auto_eject_hosts", "true", "auto_eject_hosts: there a server is put back"},
         {"server_failure_limit", "3", "server_failure_limit: without auto_eject_hosts"},
         {"server_retry_timeout", "3", "server_retry_timeout: without auto_eject_hosts"},
         {"timeout", "0", "timeout: below 1 it waits for ever"},
         {"timeout", "9", "timeout: there it limits"},
         {"server_connections", "2", "server_connections: requests on one key"},
         {"preconnect", "true", "preconnect: is about the proxy"},
         {"backlog", "512", "backlog: is about the proxy"},
         {"hash", "crc32", "hash: crc32 has 15 bits"}}));
    INFO(name);

    CHECK(has_warning(made({text(name, value)}), warning));
    CHECK(made({text("hash", "md5"), text("listen", "127.0.0.1:22121"), text("redis", "false")})
              .warnings.empty());
}

TEST_CASE("what twemproxy refuses in a pool is refused") {
    const auto error_of = [](std::vector<setting> settings, std::string server = "a:1:1") {
        const auto read = from_twemproxy({std::move(settings), {std::move(server)}});
        REQUIRE(!read);
        return read.error().message();
    };

    CHECK_THAT(error_of({text("distribtion", "ketama")}),
               Catch::Contains("did you mean distribution?"));
    CHECK_THAT(error_of({text("distribution", "random")}), Catch::Contains("random"));
    CHECK_THAT(error_of({text("hash", "murmur3")}), Catch::Contains("did you mean murmur?"));
    CHECK_THAT(error_of({text("redis", "true")}), Catch::Contains("memcached only"));
    CHECK_THAT(error_of({text("auto_eject_hosts", "1")}), Catch::Contains("(known: true false)"));
    CHECK_THAT(error_of({text("hash_tag", "{")}), Catch::Contains("two characters"));
    CHECK_THAT(error_of({text("timeout", "soon")}), Catch::Contains("is not a number"));
    CHECK_THAT(error_of({text("server_failure_limit", "0"), text("auto_eject_hosts", "true")}),
               Catch::Contains("is not 1 to"));
    CHECK_THAT(error_of({}, "a:1:0"), Catch::Contains("refuses the weight 0"));
    CHECK_THAT(error_of({}, "a:1"), Catch::Contains("host:port:weight"));
    CHECK_THAT(error_of({}, "a:0:1"), Catch::Contains("refuses the port 0"));
    CHECK_THAT(error_of({}, "a:x:1"), Catch::Contains("the port is not a number"));
    CHECK_THAT(error_of({}, "a:1:1 two words"), Catch::Contains("the weight is not a number"));
    CHECK_THAT(error_of({text("hash", "md5"), text("hash", "crc16")}),
               Catch::Contains("the setting hash: it is there twice"));
}

}  // namespace
}  // namespace kmc::detail
