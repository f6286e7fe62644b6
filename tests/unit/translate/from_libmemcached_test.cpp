// libmemcached's configuration string against what libmemcached 1.1.4 made of it.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "translated.hpp"

namespace kmc::detail {
namespace {

translation made(const std::string& text) {
    return from_libmemcached(text).value();
}

std::string error_of(const std::string& text) {
    const auto read = from_libmemcached(text);
    REQUIRE(!read);
    return read.error().message();
}

// Of twelve keys, the numbers of their servers.
std::string places(const translation& t) {
    const auto ring = topology::build(t.servers, t.ring).value();
    std::string text;
    for (const char* key : {"foo", "bar", "user:1", "a", "b", "c", "d", "e", "f", "g", "h", "i"}) {
        text += std::to_string(ring->place_of(key).server);
    }
    return text;
}

TEST_CASE("libmemcached's string routes as memcached_generate_hash said it does") {
    const std::string one = "--SERVER=127.0.0.1", two = " --SERVER=127.0.0.2",
                      three = " --SERVER=127.0.0.3", heavy = " --SERVER=127.0.0.2:11211/?5",
                      consistent = "--DISTRIBUTION=consistent ";

    CHECK(places(made(one + heavy + three + " --DISTRIBUTION=consistent")) == "100020120011");
    CHECK(places(made(consistent + one + heavy + three)) == "111100111121");
    CHECK(places(made(consistent + one + heavy + three + " --HASH=MD5")) == "011011111111");
    CHECK(places(made(consistent + one + two + three + " --HASH=MD5")) == "102100101000");
    CHECK(places(made(consistent + "--HASH=MD5 " + one + two + three)) == "000211111021");
    CHECK(places(made(one + two + three + " --DISTRIBUTION=consistent,MD5")) == "100020120011");
    CHECK(places(made("--SERVER=127.0.0.1:11212/?5 --SERVER=a.example")) == "111011100101");
    CHECK(places(made("--SOCKET=\"/tmp/a.sock\" --SERVER=127.0.0.1:11211")) == "111011100101");
}

TEST_CASE("names and values of libmemcached's string may be in small letters") {
    CHECK(made("--server=a.b --hash=fnv1_64").ring ==
          ring_spec(ring::libmemcached_modula, {.hash = key_hash::fnv1_64}));
}

TEST_CASE("what stands in libmemcached's string comes out as options") {
    using namespace std::chrono_literals;
    const auto t = made(
        "--SERVER=a.b --NAMESPACE=\"app:\" --HASH-WITH-NAMESPACE\n"
        "--DISTRIBUTION=consistent --CONNECT-TIMEOUT=250 --POLL-TIMEOUT=300 "
        "--RETRY-TIMEOUT=7 --REMOVE-FAILED-SERVERS=3 END --NONSENSE");
    const client_options o = t.options();

    CHECK(o.prefix == "app:");
    CHECK(o.hash_prefix);
    CHECK(o.connect_timeout == 250ms);
    CHECK(o.call_timeout == 300ms);
    CHECK(o.health.retry_timeout == 7s);
    CHECK(o.health.remove_failed == 5);
}

TEST_CASE("each option of libmemcached's string that is not what it seems is warned of") {
    const auto [option, warning] = GENERATE(table<std::string, std::string>(
        {{"--DISTRIBUTION=consistent,MD5", "--DISTRIBUTION=...,HASH: is stored there and used"},
         {"--DISTRIBUTION=consistent", "--DISTRIBUTION: does not make md5"},
         {"--RCV-TIMEOUT=5", "--RCV-TIMEOUT: has no effect there"},
         {"--REMOVE-FAILED-SERVERS=3", "--REMOVE-FAILED-SERVERS: is a flag there"},
         {"--NUMBER-OF-REPLICAS=2", "--NUMBER-OF-REPLICAS: writes copies"},
         {"--VERIFY-KEY", "--VERIFY-KEY: refuses keys"},
         {"--NOREPLY", "--NOREPLY: stores are not"},
         {"--POOL-MAX=3", "--POOL-MAX: is about the insides"},
         {"--HASH=HSIEH", "--HASH: hsieh is left out"},
         {"--SOCKET=\"/a/?3\"", "server \"/a/?3\": libmemcached takes the weight"},
         {"--SERVER=c.d:1/?7", "weights: modula has none"}}));
    INFO(option);

    CHECK(has_warning(made("--SERVER=a.b " + option), warning));
}

TEST_CASE("what libmemcached's string cannot say is refused") {
    CHECK_THAT(error_of("--SERVR=a.b"), Catch::Contains("did you mean --SERVER?"));
    CHECK(error_of("--SERVER") == "the setting --SERVER: needs a value");
    CHECK(error_of("--SERVER=a.b --SORT-HOSTS=1") == "the setting --SORT-HOSTS: takes no value");
    CHECK_THAT(error_of("--SERVER=a.b --HASH=MURMUR3"), Catch::Contains("no hash \"MURMUR3\""));
    CHECK_THAT(error_of("--SERVER=a.b --HASH=MD5 --HASH=CRC"), Catch::Contains("only once"));
    CHECK_THAT(error_of("--SERVER=a.b --DISTRIBUTION=random"), Catch::Contains("random"));
    CHECK_THAT(error_of("--SERVER=a.b --DISTRIBUTION=consistent,SHA"), Catch::Contains("SHA"));
    CHECK_THAT(error_of("--SERVER=[::1]:11211"), Catch::Contains("no IPv6"));
    CHECK_THAT(error_of("--SERVER=a.b:1:5"), Catch::Contains("host:port/?weight"));
    CHECK_THAT(error_of("--SERVER=a.b,c.d"), Catch::Contains("comma"));
    CHECK_THAT(error_of("--SERVER=a.b:70000"), Catch::Contains("over 65535"));
    CHECK_THAT(error_of("--SERVER=a.b/?x"), Catch::Contains("the weight is not a number"));
    CHECK_THAT(error_of("--SERVER=a.b --POLL-TIMEOUT=-1"), Catch::Contains("not a number"));
    CHECK_THAT(error_of("--SOCKET=\"a\""), Catch::Contains("starts with a slash"));
    CHECK_THAT(error_of("--SOCKET=\"/a"), Catch::Contains("never closed"));
    CHECK_THAT(error_of("--SOCKET=\"/a\"b"), Catch::Contains("a blank is missing"));
    CHECK_THAT(error_of("--SERVER=a.b --USE-UDP"), Catch::Contains("UDP"));
    CHECK(error_of(" ") == "the server list is empty");
}

}  // namespace
}  // namespace kmc::detail
