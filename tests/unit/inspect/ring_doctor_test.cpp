// The doctor against keys that other programs placed: 200 keys of each golden file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "../routing/libmemcached_case.hpp"
#include "../routing/ring_case.hpp"
#include "inspect/ring_doctor.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

constexpr std::size_t sample_keys = 200;
constexpr std::size_t most_servers = 5;

server as_server(std::string text, std::string host, std::uint16_t port, std::uint32_t weight) {
    server s = host.starts_with('/') ? unix_socket(host, port, weight) : tcp(host, port, weight);
    s.text = std::move(text);
    return s;
}

server of_address(const std::string& text, std::uint32_t weight = 1) {
    server s = server_list::parse(text).value().servers()[0];
    if (weight != 1) s.weight = weight;
    return s;
}

std::uint32_t number(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text));
}

// What an operator would know: addresses and weights, in the order of the file.
std::vector<server> servers_known(const std::string& family, const ring_case& from) {
    std::vector<server> servers;
    if (family == "libmemcached") return resolve(from).servers;
    for (const auto& row : from.servers) {
        if (family == "libketama") {
            const auto colon = row.at(2).rfind(':');
            const bool has_port = colon != std::string::npos && row.at(2).find(':') == colon;
            servers.push_back(has_port ? of_address(row.at(2), number(row.at(3)))
                                       : as_server(row.at(2), row.at(2), 11211, number(row.at(3))));
        } else if (family == "php-memcached") {
            servers.push_back(
                as_server("", row.at(2), static_cast<std::uint16_t>(number(row.at(3))), 1));
        } else if (family == "pylibmc") {
            servers.push_back(of_address(row.at(2)));
        } else if (family == "spymemcached") {
            servers.push_back(as_server(
                "", row.at(3), static_cast<std::uint16_t>(number(row.at(4))), number(row.at(5))));
            if (row.at(2).front() != '/') servers.back().name = row.at(2);
        } else {
            const std::string& line = row.at(2);
            const auto blank = line.find(' ');
            servers.push_back(of_address(line.substr(0, blank)));
            if (blank != std::string::npos) servers.back().name = line.substr(blank + 1);
        }
    }
    return servers;
}

// php's weights stand in its calls.
void read_php_weights(const ring_case& from, std::vector<server>& servers) {
    if (from.name.find("unix") != std::string::npos) {
        servers.back().weight = 3;
    } else if (from.name == "php-memcached/libketama_compatible-10") {
        for (std::size_t i = 0; i < servers.size(); ++i) {
            servers[i].weight = static_cast<std::uint32_t>(i) + 1;
        }
    } else if (from.name == "php-memcached/libketama_compatible") {
        servers[0].weight = 900;
        servers[1].weight = 300;
        servers[2].weight = 1500;
    } else if (servers.size() == 5 && from.name != "php-memcached/consistent" &&
               from.name != "php-memcached/consistent-crc" &&
               from.name != "php-memcached/consistent-md5" &&
               from.name != "php-memcached/default-modula" &&
               from.name != "php-memcached/libketama-on-off") {
        const std::vector<std::uint32_t> weights = {100, 50, 25, 400, 1};
        for (std::size_t i = 0; i < 5; ++i) servers[i].weight = weights[i];
    }
}

std::vector<ring> rings_of(const std::string& family) {
    using enum ring;
    if (family == "libketama") return {libketama};
    if (family == "spymemcached") return {spymemcached, spymemcached_modula};
    if (family == "twemproxy") return {twemproxy, twemproxy_modula};
    return {libmemcached_weighted, libmemcached_ketama, libmemcached_spy, libmemcached_modula};
}

// Whether it places every key of the file, and not only those that the doctor saw.
bool explains_all(const ring_dialect& found, const std::vector<server>& servers,
                  const ring_case& from, const std::string& prefix) {
    const auto ours = build(found.servers(servers), found.spec);
    for (std::size_t i = 0; i < from.keys.size(); ++i) {
        if (prefix.size() + from.keys[i].size() > 250) continue;  // no key with its prefix
        const std::size_t at = ours->place_of(found.hashed_part(from.keys[i], prefix)).server;
        const std::size_t place = found.order.empty() ? at : found.order[at];
        const auto same = [](const server& a, const server& b) {
            return a.host == b.host && a.port == b.port;
        };
        if (place != from.answers[i] && !same(servers[place], servers[from.answers[i]])) {
            return false;
        }
    }
    return true;
}

struct score {
    std::size_t files = 0;
    std::size_t first = 0;      // the first answer places every key of the file
    std::size_t of_family = 0;  // and is a ring of the program that made it
    std::size_t alone = 0;      // and no other ring fits the sample
    // Another ring places all the 200 keys too, and stands before the right one: said to be open.
    std::vector<std::string> open{};
    std::vector<std::string> wrong{};
};

score score_of(const std::string& family, const std::filesystem::path& folder) {
    score total;
    for (const auto& file : testing::tsv_files(folder / family)) {
        const std::string name = family + "/" + file.stem().string();
        // Replicas, files that only try the parser, and rings without some of their servers.
        if (name.find("replicas") != std::string::npos || name == "libketama/parse") continue;
        if (name.find("/ejected-") != std::string::npos) continue;
        const ring_case from = read_ring_case(folder, name);
        auto servers = servers_known(family, from);
        // One server has every key under each dialect; many are only slow.
        if (servers.size() == 1 || servers.size() > most_servers) continue;
        if (family == "php-memcached") read_php_weights(from, servers);
        for (server& s : servers) s = server_list::of({s}).value().servers()[0];

        const bool has_prefix =
            name.find("refix") != std::string::npos || name.find("namespace") != std::string::npos;
        std::string prefix = has_prefix ? "app1:" : "";
        if (family == "libmemcached" && !resolve(from).map.prefix.empty()) {
            prefix = resolve(from).map.prefix;
        }
        std::vector<key_place> places;
        const std::size_t stride = std::max<std::size_t>(1, from.keys.size() / sample_keys);
        for (std::size_t i = 0; i < from.keys.size() && places.size() < sample_keys; i += stride) {
            places.push_back({from.keys[i], static_cast<server_index>(from.answers[i])});
        }

        const ring_diagnosis found = diagnose(servers, places, prefix);
        ++total.files;
        if (found.dialects.empty()) {
            total.wrong.push_back(name);
            continue;
        }
        const auto rings = rings_of(family);
        const ring_dialect& first = found.dialects.front();
        const auto best = found.best();
        if (!explains_all(first, servers, from, prefix)) {
            const bool is_open = std::any_of(best.begin(), best.end(), [&](const ring_dialect& d) {
                return !d.places_as(first) && explains_all(d, servers, from, prefix);
            });
            (is_open ? total.open : total.wrong).push_back(name);
            continue;
        }
        ++total.first;
        if (std::any_of(best.begin(), best.end(), [&](const ring_dialect& d) {
                return std::count(rings.begin(), rings.end(), d.spec.ring) != 0;
            })) {
            ++total.of_family;
        }
        if (std::all_of(best.begin(), best.end(),
                        [&](const ring_dialect& d) { return d.places_as(first); })) {
            ++total.alone;
        }
    }
    return total;
}

TEST_CASE("from 200 keys the doctor finds the ring of whoever placed them") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    // Two rings that differ in who has one point of hundreds: two servers collide there. 200 keys
    // miss it, and the doctor has to name both.
    using names = std::vector<std::string>;
    const auto [family, open] = GENERATE(table<std::string, names>({
        {"libketama", {}},
        {"libmemcached", {}},
        {"php-memcached", {}},
        {"pylibmc", {}},
        {"spymemcached", {"spymemcached/collision-libfmt-ab", "spymemcached/collision-libfmt-ba"}},
        {"twemproxy", {"twemproxy/collision-ab"}},
    }));

    const score s = score_of(family, *folder);

    std::cout << "doctor, " << family << ": " << s.first << " of " << s.files
              << " files right from " << sample_keys << " keys, a ring of the program itself in "
              << s.of_family << ", no other ring fits the sample in " << s.alone << "\n";
    INFO(family);
    CHECK(s.files >= 10);
    CHECK(s.wrong == names{});
    CHECK(s.open == open);
    CHECK(s.first + s.open.size() == s.files);
    CHECK(s.of_family == s.first);
}

std::vector<server> three() {
    const auto list = server_list::parse("10.0.0.1,10.0.0.2,10.0.0.3").value();
    return {list.servers().begin(), list.servers().end()};
}

TEST_CASE("keys that nobody's ring placed are nobody's") {
    std::vector<key_place> places;
    std::uint32_t mix = 1;
    for (std::size_t i = 0; i < 300; ++i) {
        places.push_back({"key" + std::to_string(i), static_cast<server_index>((mix >> 16U) % 3U)});
        mix = mix * 1103515245U + 12345U;
    }

    const ring_diagnosis found = diagnose(three(), places);

    CHECK(found.tried > 200);
    CHECK((found.dialects.empty() || found.dialects.front().matches < 200));
}

TEST_CASE("few keys leave many dialects, and the doctor says that accidents explain them") {
    const ring_diagnosis found = diagnose(three(), std::vector<key_place>{{"a", 0}, {"b", 1}});

    CHECK(found.best().size() > 5);
    CHECK(found.accidents > 1);
}

TEST_CASE("the order of a list that only counts places is found out") {
    const auto servers = three();
    const auto real = build({servers[2], servers[0], servers[1]}, ring::libmemcached_modula);
    std::vector<key_place> places;
    for (std::size_t i = 0; i < 100; ++i) {
        const std::string key = "key" + std::to_string(i);
        const std::string& text = real->servers()[real->place_of(key).server].text;
        const auto at = std::find_if(servers.begin(), servers.end(),
                                     [&](const server& s) { return s.text == text; });
        places.push_back({key, static_cast<server_index>(at - servers.begin())});
    }

    const ring_diagnosis found = diagnose(servers, places);

    REQUIRE(found.best().size() == 1);
    CHECK(found.best()[0].spec.ring == ring::libmemcached_modula);
    CHECK(found.best()[0].order == std::vector<server_index>{2, 0, 1});
}

TEST_CASE("keys on which a hash tag makes no difference leave open whether there is one") {
    const auto servers = three();
    const auto real = build(servers, ring::libketama);
    std::vector<key_place> places;
    for (std::size_t i = 0; places.size() < 100; ++i) {
        const std::string tag = std::to_string(i);
        const std::string key = "key{" + tag + "}";
        const server_index at = real->place_of(tag).server;
        if (real->place_of(key).server == at) places.push_back({key, at});
    }

    const ring_diagnosis found = diagnose(servers, places);

    std::vector<ring_dialect> both;
    for (const ring_dialect& d : found.best()) {
        if (d.spec == ring_spec(ring::libketama)) both.push_back(d);
    }
    REQUIRE(both.size() == 2);
    CHECK(both[0].hash_tag != both[1].hash_tag);
    CHECK(both[0].digest == both[1].digest);
    CHECK_FALSE(both[0].places_as(both[1]));
}

TEST_CASE("no servers or no keys, no diagnosis") {
    CHECK(diagnose({}, {}).dialects.empty());
    CHECK(diagnose(three(), {}).tried == 0);
}

}  // namespace
}  // namespace kmc::detail
