// Rings of every kind and setting over small lists, sound or not: refused in one readable line, or
// built; and then keys have one place, alone and in batches, now and when built again, on servers
// that are there and not ejected.

#include <array>
#include <functional>
#include <vector>

#include <kmc/options.hpp>

#include "fuzzing.hpp"
#include "routing/key_routing.hpp"
#include "routing/topology.hpp"

namespace {

using namespace kmc::detail;
using kmc::key_hash;
using kmc::ring;
using kmc::server;
using kmc::server_list;
using kmc::fuzzing::input;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

struct task {
    kmc::ring_spec spec;
    std::vector<server> servers;
    std::vector<server_index> ejected;
    std::vector<std::string> keys;
};

kmc::ring_spec read_spec(input& in) {
    const auto rings = kmc::all_rings();
    const auto hash_of = [](std::uint8_t b) {
        return static_cast<key_hash>(b < 128 ? 0 : b % (static_cast<int>(key_hash::native) + 2));
    };
    kmc::ring_spec spec = rings[in.byte() % rings.size()];
    spec.settings.hash = hash_of(in.byte());
    spec.settings.point_hash = hash_of(in.byte());
    const std::uint8_t bits = in.byte();
    if ((bits & 1) != 0) spec.settings.weights = static_cast<kmc::ring_weights>(bits >> 1 & 1);
    if ((bits & 4) != 0) spec.settings.weights = kmc::ring_weights::used;
    if ((bits & 24) == 24) spec.settings.labels = kmc::ring_labels::libmemcached;
    if ((bits & 32) != 0) spec.settings.bytes = kmc::key_bytes::without_sign;
    return spec;
}

server read_server(input& in, ring which) {
    constexpr std::array<std::uint32_t, 8> weights = {0, 1, 2, 3, 10, 255, 70000, 4294967295};
    const std::uint8_t bits = in.byte();
    server s;
    s.weight = weights[bits & 7];
    // Up to 2^24 points are allowed there: sound, but no work for a fuzzer.
    if (which == ring::pecl_consistent && s.weight == 70000) s.weight = 4;
    if (which == ring::pecl_consistent && s.weight == 255) s.weight = 5;
    s.port = (bits & 8) != 0 ? in.two_bytes() : std::uint16_t{11211};
    switch (bits >> 4 & 3) {
        case 0:
        case 1:
            s.host = "10.0.0." + std::to_string(in.byte() % 16);
            break;
        case 2:
            s.host = in.text(in.byte() % 40);
            break;
        default:
            s.kind = server::transport::unix_socket;
            s.port = 0;
            s.host = "/run/" + in.text(in.byte() % 20);
    }
    if ((bits & 64) != 0) s.name = in.text(in.byte() % 16);
    if ((bits & 128) != 0) s.text = in.text(in.byte() % 30);
    return s;
}

task read_task(input& in) {
    task t;
    t.spec = read_spec(in);
    const std::uint32_t count = in.below(7);
    for (std::uint32_t i = 0; i < count; ++i) t.servers.push_back(read_server(in, t.spec.ring));
    for (std::uint32_t i = in.below(6); i != 0; --i) {
        t.ejected.push_back(static_cast<server_index>(in.below(8)));
    }
    while (!in.empty() && t.keys.size() < 24) t.keys.push_back(in.text(in.byte() % 64));
    t.keys.emplace_back("key");
    return t;
}

// True for lists in which somebody is ejected and somebody is left.
std::vector<bool> ejected_of(const task& t) {
    std::vector<bool> is_out(t.servers.size(), false);
    for (const server_index e : t.ejected) {
        if (e < is_out.size()) is_out[e] = true;
    }
    const bool is_none_left = std::find(is_out.begin(), is_out.end(), false) == is_out.end();
    if (is_none_left || t.spec.ring == ring::libmemcached_modula)
        is_out.assign(is_out.size(), false);
    return is_out;
}

void check_places(const task& t, const topology& a, const topology& b) {
    const std::vector<std::string_view> keys(t.keys.begin(), t.keys.end());
    std::vector<std::uint32_t> hashes(keys.size());
    std::vector<server_index> places(keys.size(), 0xffff);
    a.locate(keys, hashes, places);
    const std::vector<bool> is_out = ejected_of(t);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        require(places[i] < a.servers().size(), "a server of the list");
        require(!is_out[places[i]], "an ejected server gets no keys");
        for (const topology* one : {&a, &b}) {
            const auto alone = one->place_of(keys[i]);
            require(alone.server == places[i] && alone.hash == hashes[i], "one place for a key");
        }
    }
}

void check_points(const task& t, const topology& a, const topology& b) {
    const auto points = a.ring_points().points();
    require(std::equal(points.begin(), points.end(), b.ring_points().points().begin(),
                       b.ring_points().points().end()),
            "the same list makes the same ring");
    const std::vector<bool> is_out = ejected_of(t);
    for (std::size_t i = 0; i < points.size(); ++i) {
        require(points[i].server < t.servers.size(), "a point of a server of the list");
        require(!is_out[points[i].server], "no point of an ejected server");
        require(i == 0 || points[i - 1].value <= points[i].value, "points in order");
    }
}

// What of a key is hashed lies inside the key, and is not empty unless the key is its prefix.
void check_routing(input& in, const task& t) {
    const std::string prefix = in.text(in.byte() % 8);
    const std::string tag = in.text(in.byte() % 4);
    kmc::client_options options;
    options.prefix = prefix;
    options.hash_tag = tag;
    options.hash_prefix = (in.byte() & 1) != 0;
    const auto routing = key_routing::of(options);
    require(routing.has_value() == (tag.empty() || tag.size() == 2), "a tag has two characters");
    if (!routing) return;
    for (const std::string& key : t.keys) {
        const std::string wire_key = prefix + key;
        const std::string_view part = routing.value().hashed_part(wire_key);
        const std::less_equal<> before;
        require(before(wire_key.data(), part.data()) &&
                    before(part.data() + part.size(), wire_key.data() + wire_key.size()),
                "a part of the key");
        require(!part.empty() || key.empty(), "something is hashed");
        if (routing.value().hashes_whole_keys()) require(part == wire_key, "the whole key");
        std::string room;
        const std::string_view group = routing.value().hashed_group(key, room);
        require(group == (options.hash_prefix ? wire_key : key), "a group behind the prefix");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    input in(data, size);
    const std::uint8_t how = in.byte();
    if ((how & 7) == 0) {
        task keys_only;
        keys_only.keys = {in.short_text(), in.short_text(), "key"};
        check_routing(in, keys_only);
        return 0;
    }
    const task t = read_task(in);
    const auto list = server_list::of(t.servers);
    if (!list) {
        require(is_one_readable_line(list.error().message()), "one readable line");
        return 0;
    }
    const auto first = topology::build(list.value(), t.spec, t.ejected);
    const auto second = topology::build(list.value(), t.spec, t.ejected);
    require(first.has_value() == second.has_value(), "built again as before");
    if (!first) {
        require(is_one_readable_line(first.error().message()), "one readable line");
        require(first.error().message() == second.error().message(), "the same complaint");
        return 0;
    }
    check_points(t, *first.value(), *second.value());
    check_places(t, *first.value(), *second.value());
    return 0;
}
