// php-memcached's calls: every golden file, and what its options really do.

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/vectors.hpp"
#include "translated.hpp"

namespace kmc::detail {
namespace {

using method = php_memcached_call::method;

php_server server_from(const nlohmann::json& host_port_weight) {
    php_server s{host_port_weight.at(0).get<std::string>(), host_port_weight.at(1).get<int>()};
    if (host_port_weight.size() > 2) s.weight = host_port_weight.at(2).get<int>();
    return s;
}

php_memcached_call call_from(const nlohmann::json& op) {
    const auto verb = op.at(0).get<std::string>();
    if (verb == "opt") {
        setting option{op.at(1).get<std::string>(), {}};
        if (op.at(2).is_boolean()) {
            option.value = op.at(2).get<bool>();
        } else {
            option.value = op.at(2).get<std::string>();
        }
        return {method::set_option, option};
    }
    if (verb == "addServer") {
        const nlohmann::json one = {op.at(1), op.at(2), op.at(3)};
        return {method::add_server, {}, {server_from(one)}};
    }
    php_memcached_call call{method::add_servers};
    for (const auto& each : op.at(1)) call.servers.push_back(server_from(each));
    return call;
}

php_memcached_call option(std::string name, setting_value value) {
    return {method::set_option, {std::move(name), std::move(value)}};
}

const php_memcached_call two_servers = {method::add_servers, {}, {{"a", 1}, {"b", 2, 0}}};
const php_memcached_call heavy_servers = {method::add_servers, {}, {{"a", 1}, {"b", 2, 3}}};

translation made(const std::vector<php_memcached_call>& calls) {
    return from_php_memcached(calls).value();
}

TEST_CASE("a PHP program's calls become a ring that has every key where it was") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "php-memcached")) {
        const auto expected = read_ring_case(*folder, "php-memcached/" + file.stem().string());
        std::vector<php_memcached_call> calls;
        for (const auto& row : expected.headers) {
            if (row.front() == "op") calls.push_back(call_from(nlohmann::json::parse(row.at(1))));
        }
        check_translated(expected, made(calls));
        ++files;
    }

    CHECK(files == 15);
}

TEST_CASE("PHP's constants are known by name, with their class, and by number") {
    const auto by_name = made({option("OPT_HASH", std::string("HASH_MD5")), two_servers});
    const auto by_class =
        made({option("Memcached::OPT_HASH", std::string("Memcached::HASH_MD5")), two_servers});
    const auto by_number = made({option("2", std::int64_t{1}), two_servers});

    CHECK(by_name.ring == ring_spec(ring::libmemcached_modula, {.hash = key_hash::md5}));
    CHECK(by_class.ring == by_name.ring);
    CHECK(by_number.ring == by_name.ring);
}

TEST_CASE("PHP skips a distribution that is the current one, and so the ring keeps its points") {
    const auto consistent = option("OPT_DISTRIBUTION", std::string("DISTRIBUTION_CONSISTENT"));
    const auto md5 = option("OPT_HASH", std::string("HASH_MD5"));
    const ring_spec stale = {ring::libmemcached_ketama,
                             {.hash = key_hash::md5, .point_hash = key_hash::one_at_a_time}};

    CHECK(made({consistent, two_servers, md5, consistent}).ring == stale);
}

TEST_CASE("a path is another server for PHP's addServer than for addServers") {
    const auto alone = made({{method::add_server, {}, {{"/a", 0}}}});
    const auto listed = made({{method::add_servers, {}, {{"/a", 5}}}});

    CHECK(alone.servers.servers()[0].port == 11211);
    CHECK(listed.servers.servers()[0].port == 0);
    CHECK(has_warning(alone, "server \"/a\": a path given to addServer"));
    CHECK(listed.warnings.empty());
}

TEST_CASE("a list pushed with weights makes spy use them though modula was chosen") {
    const auto spy = option("OPT_DISTRIBUTION", std::string("DISTRIBUTION_CONSISTENT_KETAMA_SPY"));

    CHECK(made({heavy_servers, spy}).ring == ring_spec(ring::libmemcached_spy));
    CHECK(made({{method::add_server, {}, {{"a", 1, 3}}}, spy}).ring ==
          ring_spec(ring::libmemcached_spy, {.weights = ring_weights::ignored}));
}

TEST_CASE("each option of PHP that is not what it seems is warned of") {
    const auto [name, warning] = GENERATE(table<std::string, std::string>(
        {{"OPT_LIBKETAMA_HASH", "OPT_LIBKETAMA_HASH: is stored there and used nowhere"},
         {"OPT_RECV_TIMEOUT", "OPT_RECV_TIMEOUT: has no effect"},
         {"OPT_SEND_TIMEOUT", "OPT_SEND_TIMEOUT: has no effect"},
         {"OPT_POLL_TIMEOUT", "OPT_POLL_TIMEOUT: there it limits each wait"},
         {"OPT_CONNECT_TIMEOUT", "OPT_CONNECT_TIMEOUT: there it is the limit"},
         {"OPT_REMOVE_FAILED_SERVERS", "OPT_REMOVE_FAILED_SERVERS: is a flag"},
         {"OPT_AUTO_EJECT_HOSTS", "OPT_AUTO_EJECT_HOSTS: modula has no ring"},
         {"OPT_SERVER_FAILURE_LIMIT", "OPT_SERVER_FAILURE_LIMIT: without remove_failed"},
         {"OPT_DEAD_TIMEOUT", "OPT_DEAD_TIMEOUT: without remove_failed"},
         {"OPT_NUMBER_OF_REPLICAS", "OPT_NUMBER_OF_REPLICAS: writes copies"},
         {"OPT_RANDOMIZE_REPLICA_READ", "OPT_RANDOMIZE_REPLICA_READ: kmc has no replicas"},
         {"OPT_VERIFY_KEY", "OPT_VERIFY_KEY: refuses keys"},
         {"OPT_NOREPLY", "OPT_NOREPLY: stores are not answered"},
         {"OPT_BUFFER_WRITES", "OPT_BUFFER_WRITES: stores wait"},
         {"OPT_SOCKET_RECV_SIZE", "OPT_SOCKET_RECV_SIZE: kmc leaves"},
         {"OPT_CACHE_LOOKUPS", "OPT_CACHE_LOOKUPS: is about the insides"},
         {"OPT_SERIALIZER", "OPT_SERIALIZER: is about what values look like"},
         {"OPT_COMPRESSION", "OPT_COMPRESSION: is about what values look like"},
         {"OPT_STORE_RETRY_COUNT", "OPT_STORE_RETRY_COUNT: stores again"},
         {"OPT_HASH_WITH_PREFIX_KEY", "OPT_HASH_WITH_PREFIX_KEY: there is no prefix"},
         {"OPT_SORT_HOSTS", "OPT_SORT_HOSTS: sorts the servers"}}));
    INFO(name);

    CHECK(has_warning(made({option(name, std::int64_t{1}), two_servers}), warning));
}

TEST_CASE("a limit of failures before PHP's server rests is warned of") {
    CHECK(has_warning(made({option("OPT_SERVER_TIMEOUT_LIMIT", std::int64_t{3}), two_servers}),
                      "OPT_SERVER_TIMEOUT_LIMIT: lets so many calls fail"));
}

TEST_CASE("what php-memcached has no constant for is refused") {
    const auto error_of = [](const php_memcached_call& call) {
        const auto read = from_php_memcached(std::vector{call, two_servers});
        REQUIRE(!read);
        return read.error().message();
    };

    CHECK_THAT(error_of(option("OPT_HAHS", true)), Catch::Contains("did you mean OPT_HASH?"));
    CHECK_THAT(error_of(option("OPT_HASH", std::string("md5"))),
               Catch::StartsWith("the setting OPT_HASH: there is no hash \"md5\""));
    CHECK_THAT(error_of(option("OPT_HASH", std::int64_t{11})), Catch::Contains("no hash 11"));
    CHECK_THAT(error_of(option("OPT_USE_UDP", true)), Catch::Contains("UDP"));
    CHECK_THAT(error_of(option("OPT_RETRY_TIMEOUT", std::string("soon"))),
               Catch::Contains("\"soon\" is not a number"));
    CHECK_THAT(error_of(option("OPT_DISTRIBUTION", std::int64_t{3})), Catch::Contains("random"));
    CHECK_THAT(error_of({method::add_server, {}, {{"h", 65536}}}), Catch::Contains("the port"));
    CHECK_THAT(error_of({method::add_server, {}, {{"h", 1, -1}}}), Catch::Contains("the weight"));
}

}  // namespace
}  // namespace kmc::detail
