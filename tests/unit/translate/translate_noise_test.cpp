// Settings from anywhere: each translator ends in a ring that can be built, or in a message of one
// readable line. Worth most under AddressSanitizer.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/seed.hpp"
#include "translated.hpp"

namespace kmc::detail {
namespace {

constexpr int rounds = 4000;

class noise {
public:
    explicit noise(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.below(n)); }

    // One of these, at times with a byte changed, put in or taken out.
    std::string word(std::span<const std::string_view> words) {
        std::string text(words[below(words.size())]);
        if (below(6) != 0) return text;
        const std::size_t at = text.empty() ? 0 : below(text.size());
        const char byte = static_cast<char>(random_.below(256));
        if (below(2) == 0) {
            text.insert(at, 1, byte);
        } else if (!text.empty()) {
            text.erase(at, 1);
        }
        return text;
    }

    setting_value value(std::span<const std::string_view> words) {
        if (below(3) == 0) return below(2) == 0;
        if (below(2) == 0) {
            constexpr std::int64_t numbers[] = {0, 1, 2, -1, 5, 60, 65536, INT64_MAX, INT64_MIN};
            return numbers[below(std::size(numbers))];
        }
        return word(words);
    }

private:
    rng random_;
};

bool is_one_readable_line(const std::string& text) {
    return !text.empty() && text.size() < 1500 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void check(const config_result<translation>& t, std::size_t& accepted) {
    if (!t) {
        if (!is_one_readable_line(t.error().message())) FAIL(t.error().message());
        return;
    }
    ++accepted;
    for (const std::string& warning : t.value().warnings) {
        if (!is_one_readable_line(warning)) FAIL(warning);
    }
    const auto& servers = t.value().servers;
    const auto ring = topology::build(servers, t.value().ring);
    if (ring && ring.value()->place_of("key").server >= servers.servers().size()) FAIL();
    if (!key_routing::of(t.value().options())) FAIL();
}

constexpr std::string_view servers[] = {"a:1:2",  "b",         "[::1]:5:3", "/s",  "h:0",
                                        "c:9:70", "d:11211:1", "e:1:1 n",   "/s:2"};
constexpr std::string_view values[] = {
    "md5",      "crc", "consistent", "consistent ketama spy",  "modula", "true", "ketama",
    "HASH_MD5", "1",   "{}",         "DISTRIBUTION_CONSISTENT"};

TEST_CASE("no behaviors of pylibmc, however odd, crash") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    noise random(seed);
    constexpr std::string_view names[] = {
        "hash",        "ketama",       "ketama_weighted", "distribution",  "namespace",
        "_sort_hosts", "dead_timeout", "failure_limit",   "remove_failed", "_poll_timeout"};
    std::size_t accepted = 0;
    for (int i = 0; i < rounds; ++i) {
        pylibmc_client client;
        for (std::size_t n = random.below(4); n != 0; --n) {
            client.behaviors.push_back({random.word(names), random.value(values)});
        }
        for (std::size_t n = random.below(2); n != 0; --n) {
            client.updates.push_back({{random.word(names), random.value(values)}});
        }
        for (std::size_t n = 1 + random.below(3); n != 0; --n) {
            client.servers.push_back(random.word(servers));
        }
        check(from_pylibmc(client), accepted);
    }
    CHECK(accepted > rounds / 50);
    CHECK(accepted < rounds);
}

TEST_CASE("no calls of PHP, however odd, crash") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    noise random(seed);
    constexpr std::string_view names[] = {
        "OPT_HASH",       "OPT_LIBKETAMA_COMPATIBLE", "Memcached::OPT_DISTRIBUTION",
        "OPT_PREFIX_KEY", "OPT_SORT_HOSTS",           "2",
        "-1002",          "OPT_RETRY_TIMEOUT",        "OPT_AUTO_EJECT_HOSTS"};
    std::size_t accepted = 0;
    for (int i = 0; i < rounds; ++i) {
        std::vector<php_memcached_call> calls;
        for (std::size_t n = 1 + random.below(4); n != 0; --n) {
            php_memcached_call call;
            call.what = static_cast<php_memcached_call::method>(random.below(3));
            call.option = {random.word(names), random.value(values)};
            call.servers.push_back({random.word(servers), static_cast<int>(random.below(70000)),
                                    static_cast<int>(random.below(5)) - (i % 50 == 0 ? 1 : 0)});
            calls.push_back(call);
        }
        check(from_php_memcached(calls), accepted);
    }
    CHECK(accepted > rounds / 50);
    CHECK(accepted < rounds);
}

TEST_CASE("no string of libmemcached, however odd, crashes") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    noise random(seed);
    constexpr std::string_view words[] = {"--SERVER=a.b",
                                          "--SERVER=c.d:5/?3",
                                          "--SOCKET=\"/a b\"",
                                          "--HASH=MD5",
                                          "--DISTRIBUTION=consistent,MD5",
                                          "--NAMESPACE=x",
                                          "--HASH-WITH-NAMESPACE",
                                          "--SORT-HOSTS",
                                          "--POLL-TIMEOUT=5",
                                          "--SOCKET=\"/a\"",
                                          "\"",
                                          "="};
    std::size_t accepted = 0;
    for (int i = 0; i < rounds; ++i) {
        std::string text;
        for (std::size_t n = random.below(6); n != 0; --n) {
            text += random.word(words) + (random.below(20) == 0 ? "" : " ");
        }
        check(from_libmemcached(text), accepted);
    }
    CHECK(accepted > rounds / 50);
    CHECK(accepted < rounds);
}

TEST_CASE("no pool of twemproxy, however odd, crashes") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    noise random(seed);
    constexpr std::string_view names[] = {"hash",    "distribution",     "hash_tag",
                                          "timeout", "auto_eject_hosts", "server_failure_limit",
                                          "redis"};
    std::size_t accepted = 0;
    for (int i = 0; i < rounds; ++i) {
        twemproxy_pool pool;
        for (std::size_t n = random.below(3); n != 0; --n) {
            pool.settings.push_back({random.word(names), random.value(values)});
        }
        for (std::size_t n = 1 + random.below(2); n != 0; --n) {
            pool.servers.push_back(random.word(servers));
        }
        check(from_twemproxy(pool), accepted);
    }
    CHECK(accepted > rounds / 50);
    CHECK(accepted < rounds);
}

}  // namespace
}  // namespace kmc::detail
