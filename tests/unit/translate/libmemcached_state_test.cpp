// Every golden file of libmemcached, call by call: the state the library was in, and its ring.

#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "../routing/libmemcached_case.hpp"
#include "../routing/ring_case.hpp"
#include "support/vectors.hpp"
#include "translate/libmemcached_state.hpp"

namespace kmc::detail {
namespace {

using distribution = libmemcached_state::distribution;

void set_behavior(libmemcached_state& to, const std::string& name, const std::string& value) {
    constexpr std::string_view hashes[] = {"DEFAULT",  "MD5",     "CRC",      "FNV1_64",
                                           "FNV1A_64", "FNV1_32", "FNV1A_32", "HSIEH",
                                           "MURMUR",   "JENKINS", "MURMUR3"};
    constexpr std::string_view distributions[] = {"MODULA",
                                                  "CONSISTENT",
                                                  "CONSISTENT_KETAMA",
                                                  "RANDOM",
                                                  "CONSISTENT_KETAMA_SPY",
                                                  "CONSISTENT_WEIGHTED"};
    const auto place = [&](auto& names) {
        for (std::size_t i = 0; i < std::size(names); ++i) {
            if (names[i] == value) return i;
        }
        throw std::runtime_error("unknown value " + value);
    };
    if (name == "HASH") return to.set_hash(libmemcached_hash(place(hashes)));
    if (name == "DISTRIBUTION") {
        return to.set_distribution(static_cast<distribution>(place(distributions)));
    }
    if (name == "KETAMA") return to.set_ketama(value == "1");
    if (name == "KETAMA_WEIGHTED") return to.set_ketama_weighted(value == "1");
    if (name == "SORT_HOSTS") return to.set_sort_hosts(value == "1");
    if (name != "KETAMA_HASH" && name != "AUTO_EJECT_HOSTS" && name != "HASH_WITH_PREFIX_KEY") {
        throw std::runtime_error("unknown behavior " + name);
    }
}

libmemcached_state state_of(const ring_case& from) {
    const auto number = [](const std::string& text) {
        return static_cast<std::uint32_t>(std::stoul(text));
    };
    libmemcached_state state;
    for (const auto& op : from.headers) {
        if (op.front() != "op") continue;
        const std::string& verb = op.at(1);
        if (verb == "behavior") {
            set_behavior(state, op.at(2), op.at(3));
        } else if (verb == "add") {
            const auto port = static_cast<std::uint16_t>(number(op.at(3)));
            const std::uint32_t weight = number(op.at(4));
            const bool is_path = op.at(2).starts_with('/');
            state.add(is_path ? unix_socket(op.at(2), port == 0 ? 11211 : port, weight)
                              : tcp(op.at(2), port == 0 ? 11211 : port, weight));
        } else if (verb == "unix") {
            state.add(unix_socket(op.at(2), 0, number(op.at(3))));
        } else if (verb == "parse") {
            const auto list = server_list::parse(op.at(2)).value();
            state.push({list.servers().begin(), list.servers().end()});
        }
    }
    return state;
}

TEST_CASE("libmemcached's calls, one after the other, lead to its ring") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const auto expected = read_ring_case(*folder, "libmemcached/" + file.stem().string());
        INFO(expected.name);
        const auto theirs = resolve(expected);  // by what the library said of itself
        const libmemcached_state state = state_of(expected);
        const auto list = server_list::of(state.servers()).value();
        const auto ours = topology::build(list, state.ring().value(), theirs.ejected).value();

        for (std::size_t i = 0; i < expected.servers.size(); ++i) {
            CHECK(ours->servers()[i].host == expected.servers[i].at(2));
        }
        if (expected.point_count) check_points(expected, *ours, theirs.map);
        check_keys(expected, *ours, theirs.map);
        ++files;
    }

    CHECK(files == 138);
}

TEST_CASE("rings without a server to compute are an error") {
    libmemcached_state state;
    state.set_distribution(distribution::random);
    CHECK(!state.ring());
    state.set_distribution(distribution::virtual_bucket);
    CHECK(!state.ring());
    state.set_distribution(distribution::modula);
    CHECK(state.ring());
}

}  // namespace
}  // namespace kmc::detail
