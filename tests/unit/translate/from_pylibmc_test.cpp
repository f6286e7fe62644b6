// pylibmc's behaviors: the keys it stored are where kmc looks for them, and each setting that is
// not what it seems says so.

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/vectors.hpp"
#include "translated.hpp"

namespace kmc::detail {
namespace {

std::vector<setting> settings_of(const nlohmann::ordered_json& object) {
    std::vector<setting> out;
    for (const auto& [name, value] : object.items()) {
        setting s{name, {}};
        if (value.is_boolean()) {
            s.value = value.get<bool>();
        } else if (value.is_number()) {
            s.value = value.get<std::int64_t>();
        } else {
            s.value = value.get<std::string>();
        }
        out.push_back(s);
    }
    return out;
}

pylibmc_client client_of(const ring_case& from) {
    pylibmc_client client;
    const auto parsed = [&](std::string_view tag) {
        return nlohmann::ordered_json::parse(from.header(tag).at(1));
    };
    client.behaviors = settings_of(parsed("behaviors"));
    for (const auto& update : parsed("behaviors_after")) {
        client.updates.push_back(settings_of(update));
    }
    for (const auto& row : from.servers) client.servers.push_back(row.at(2));
    return client;
}

translation with(std::vector<setting> behaviors, std::vector<std::string> servers = {"a", "b"}) {
    return from_pylibmc({std::move(servers), std::move(behaviors)}).value();
}

std::string error_of(std::vector<setting> behaviors, std::vector<std::string> servers = {"a"}) {
    const auto made = from_pylibmc({std::move(servers), std::move(behaviors)});
    REQUIRE(!made);
    return made.error().message();
}

const setting on_ketama{"ketama", true};
const setting by_weight{"ketama_weighted", true};
const setting removing{"remove_failed", std::int64_t{1}};

TEST_CASE("a pylibmc client's behaviors become a ring that has every key where it was") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "pylibmc")) {
        const std::string stem = file.stem().string();
        if (stem.starts_with("binary-replicas-")) continue;  // they tell all copies
        const auto expected = read_ring_case(*folder, "pylibmc/" + stem);
        check_translated(expected, from_pylibmc(client_of(expected)).value());
        ++files;
    }

    CHECK(files == 25);
}

TEST_CASE("pylibmc's order is its own, not that of the dict") {
    const setting md5{"hash", std::string("md5")};

    CHECK(with({on_ketama, md5}).ring ==
          ring_spec(ring::libmemcached_ketama, {.hash = key_hash::md5}));
    CHECK(with({by_weight, md5, on_ketama}).ring == ring_spec(ring::libmemcached_weighted));
    CHECK(with({{"distribution", std::string("modula")}, by_weight}).ring ==
          ring_spec(ring::libmemcached_modula, {.hash = key_hash::md5}));
}

TEST_CASE("pylibmc's server strings are read as pylibmc reads them") {
    const auto made = with({}, {"h:5:7", "[::1]", "[fe80::1]:6:2", "h:0", "h:1:0"});
    const auto servers = made.servers.servers();
    const auto paths = with({}, {"/a:3"});

    CHECK(servers[0].weight == 7);
    CHECK(servers[1].host == "::1");
    CHECK(servers[1].port == 11211);
    CHECK(servers[2].host == "fe80::1");
    CHECK(servers[2].weight == 2);
    CHECK(servers[3].port == 11211);
    CHECK(servers[4].weight == 1);
    CHECK(paths.servers.servers()[0].host == "/a:3");
    CHECK(paths.servers.servers()[0].port == 0);
    CHECK(has_warning(paths, "server \"/a:3\": pylibmc reads a path to its end"));
}

TEST_CASE("times and limits of pylibmc become those of kmc") {
    using namespace std::chrono_literals;
    const auto made = with({by_weight,
                            removing,
                            {"failure_limit", std::int64_t{2}},
                            {"retry_timeout", std::int64_t{3}},
                            {"dead_timeout", std::int64_t{60}},
                            {"connect_timeout", std::int64_t{400}},
                            {"_poll_timeout", std::int64_t{700}}});
    const client_options o = made.options();

    CHECK(o.health.remove_failed == 2);
    CHECK(o.health.retry_timeout == 3s);
    CHECK(o.health.dead_timeout == 60s);
    CHECK(o.health.dead_timeout_max == 60s);
    CHECK(o.health.on_dead == on_dead::rebuild);
    CHECK(o.health.max_ejected == 1);
    CHECK(o.connect_timeout == 400ms);
    CHECK(o.stall_timeout == 700ms);
    CHECK(o.call_timeout == 700ms);
    CHECK(o.batch_timeout == 700ms);
}

TEST_CASE("without remove_failed nobody leaves the ring, and other times stay kmc's") {
    const auto made = with({});
    const client_options o = made.options();

    CHECK(o.health.remove_failed == 0);
    CHECK(o.health.retry_timeout == std::chrono::seconds(2));
    CHECK(o.call_timeout == client_options{}.call_timeout);
    CHECK(o.connect_timeout == client_options{}.connect_timeout);
}

TEST_CASE("each behavior of pylibmc that is not what it seems is warned of") {
    struct odd {
        std::vector<setting> behaviors;
        std::string warning;
    };
    const auto number = [](std::string name, std::int64_t n = 1) {
        return std::vector<setting>{{std::move(name), n}};
    };
    const odd c = GENERATE_COPY(
        odd{{on_ketama}, "ketama: does not make md5"},
        odd{{{"ketama_weighted", false}}, "ketama_weighted: off"},
        odd{{{"distribution", std::string("consistent weighted")}},
            "distribution: the points are those of md5, but keys"},
        odd{{{"hash", std::string("hsieh")}}, "hash: hsieh is left out"},
        odd{number("ketama_hash"), "ketama_hash: is stored there and used nowhere"},
        odd{number("receive_timeout"), "receive_timeout: has no effect there"},
        odd{number("send_timeout"), "send_timeout: has no effect there"},
        odd{number("connect_timeout", 0), "connect_timeout: 0 makes every connect fail"},
        odd{number("connect_timeout", -1), "connect_timeout: -1 waits for ever"},
        odd{number("connect_timeout", 5),
            "connect_timeout: there it is the limit for each address"},
        odd{number("_poll_timeout", 0), "_poll_timeout: 0 makes every wait fail"},
        odd{number("_poll_timeout", -1), "_poll_timeout: -1 waits for ever"},
        odd{number("_poll_timeout", 5), "_poll_timeout: there it limits each wait"},
        odd{number("retry_timeout", 0), "retry_timeout: what is below 1"},
        odd{number("failure_limit"), "failure_limit: without remove_failed"},
        odd{number("dead_timeout"), "dead_timeout: without remove_failed"},
        odd{{by_weight, removing}, "remove_failed: is a flag there"},
        odd{{by_weight, removing}, "remove_failed: with a dead timeout of 0"},
        odd{{by_weight, removing, {"dead_timeout", std::int64_t{0}}},
            "dead_timeout: with a dead timeout of 0"},
        odd{{by_weight, {"auto_eject", true}}, "auto_eject: there only failed connects count"},
        odd{{removing}, "remove_failed: modula has no ring"},
        odd{number("_hash_with_prefix_key"), "_hash_with_prefix_key: there is no prefix"},
        odd{number("_sort_hosts"), "_sort_hosts: sorts the servers"},
        odd{number("num_replicas"), "num_replicas: writes copies"},
        odd{number("verify_keys"), "verify_keys: refuses keys with blanks"},
        odd{number("_noreply"), "_noreply: stores are not answered"},
        odd{number("buffer_requests"), "buffer_requests: stores wait"},
        odd{number("_socket_send_size"), "_socket_send_size: kmc leaves"},
        odd{number("_io_key_prefetch"), "_io_key_prefetch: is about the insides"},
        odd{number("pickle_protocol"), "pickle_protocol: is about what values look like"});
    INFO(c.warning);

    CHECK(has_warning(with(c.behaviors), c.warning));
}

TEST_CASE("weights that do not count, or count for more than was asked, are warned of") {
    const std::vector<std::string> heavy = {"a:1:3", "b"};
    const auto late = from_pylibmc({heavy, {}, {{on_ketama}}}).value();
    const auto mixed =
        from_pylibmc({{"a", "b"}, {}, {{on_ketama}, {{"hash", std::string("md5")}}}}).value();
    const auto crc = from_pylibmc({heavy, {by_weight}, {{{"hash", std::string("crc")}}}}).value();

    CHECK(has_warning(with({}, heavy), "weights: modula has none"));
    CHECK(has_warning(with({on_ketama}, heavy), "weights: one above 1 makes another ring"));
    CHECK(has_warning(late, "weights: they are forgotten"));
    CHECK(has_warning(mixed, "hash: set when the ring stood already"));
    CHECK(has_warning(crc, "hash: crc has 15 bits"));
}

TEST_CASE("what is as it seems is not warned of") {
    CHECK(with({by_weight,
                {"tcp_nodelay", true},
                {"cas", true},
                {"verify_keys", false},
                {"namespace", std::string("app:")},
                {"retry_timeout", std::int64_t{1}}},
               {"a:1:3", "b"})
              .warnings.empty());
}

TEST_CASE("what pylibmc refuses is refused, with what it knows") {
    CHECK_THAT(error_of({{"ketama_wieghted", true}}),
               Catch::StartsWith("there is no behavior \"ketama_wieghted\", did you mean "
                                 "ketama_weighted? (known: no_block"));
    CHECK_THAT(error_of({{"hash", std::string("MD5")}}),
               Catch::StartsWith("the setting hash: there is no hash \"MD5\""));
    CHECK(error_of({{"hash", std::int64_t{1}}}) == "the setting hash: its value is not a text");
    CHECK(error_of({{"ketama", std::string("yes")}}) ==
          "the setting ketama: \"yes\" is not a number");
    CHECK_THAT(error_of({{"failure_limit", std::int64_t{0}}}), Catch::Contains("is not 1 to"));
    CHECK_THAT(error_of({{"namespace", std::string("a b")}}), Catch::Contains("without blanks"));
    CHECK_THAT(error_of({{"dead_timeout", INT64_MAX}}), Catch::Contains("is over a year"));
    CHECK_THAT(error_of({{"_poll_timeout", INT64_MAX}}), Catch::Contains("is over a year"));
    CHECK_THAT(error_of({{"distribution", std::string("random")}}),
               Catch::Contains("distribution: the distribution random"));
    CHECK_THAT(error_of({{"distribution", std::string("virtual bucket")}}),
               Catch::Contains("a table of buckets"));
    CHECK(error_of({}, {"a", "h:x"}) == "server 2 \"h:x\": the port is not a number");
    CHECK(error_of({}, {"h:1:65536"}) == "server 1 \"h:1:65536\": the weight is over 65535");
    CHECK_THAT(error_of({}, {"udp:h"}), Catch::Contains("does not speak UDP"));
    CHECK_THAT(error_of({}, {"[::1"}), Catch::Contains("closing bracket"));
    CHECK(error_of({}, {}) == "the server list is empty");
}

}  // namespace
}  // namespace kmc::detail
