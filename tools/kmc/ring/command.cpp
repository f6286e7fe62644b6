// kmc ring, and kmc ring locate: questions to the ring alone. Nothing here touches the network.

#include <cstddef>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "ring/subcommands.hpp"

namespace kmc::cli {
namespace {

// In the place of a ring: each of them.
constexpr std::string_view all = "all";

// The entries of the document, printed as they come: key lists can be long.
class entry_printer {
public:
    explicit entry_printer(std::string_view ring) {
        print("{\n  \"ring\": " + json(ring).dump() + ",\n  \"keys\": [");
    }
    void add(const json& entry) {
        print(first_ ? "\n    " : ",\n    ");
        print(entry.dump());
        first_ = false;
    }
    void finish() { print(first_ ? "]\n}\n" : "\n  ]\n}\n"); }

private:
    bool first_ = true;
};

// What keeps a line from being a key; empty if nothing does.
std::string objection_to(std::string_view key, const cluster_flags& flags) {
    if (key.empty()) return "the key is empty";
    if (key.size() <= flags.key_size_max()) return {};
    return "the key is longer than 250 bytes" +
           std::string(flags.prefix.empty() ? "" : ", prefix included");
}

// Lines that cannot be keys are said on standard error and left out, the others are answered.
exit_code locate_text(const cluster_flags& flags,
                      const std::function<void(std::string_view key)>& print_place) {
    exit_code outcome = exit_code::ok;
    std::string key;
    for (std::size_t line = 1; std::getline(std::cin, key); ++line) {
        if (const auto objection = objection_to(key, flags); !objection.empty()) {
            complain("line " + std::to_string(line) + ": " + objection);
            outcome = exit_code::usage;
            continue;
        }
        print_place(key);
    }
    return outcome;
}

exit_code locate_json(const cluster_flags& flags,
                      const std::function<void(json& entry, std::string_view key)>& put_place) {
    exit_code outcome = exit_code::ok;
    entry_printer document(flags.ring.name.value_or(std::string(to_text(ring_spec{}.ring))));
    std::string key;
    for (std::size_t line = 1; std::getline(std::cin, key); ++line) {
        json entry;
        if (const auto objection = objection_to(key, flags); !objection.empty()) {
            entry["line"] = line;
            entry["error"] = objection;
            outcome = exit_code::usage;
        } else {
            put_bytes(entry, "key", key);
            put_place(entry, key);
        }
        document.add(entry);
    }
    document.finish();
    return outcome;
}

const std::string& server_of(const client& mc, std::string_view key, std::string_view group) {
    return mc.server_at(mc.locate(key, group)).text;
}

exit_code locate_everywhere(const cluster_flags& flags) {
    const auto s = ring_sessions::open(flags);
    if (!s) return report_usage(s.error());
    const auto& rings = s.value().rings;
    if (flags.json) {
        return locate_json(flags, [&](json& entry, std::string_view key) {
            for (const auto& [ring, mc] : rings) {
                entry["servers"][std::string(to_text(ring))] = server_of(mc, key, flags.group);
            }
        });
    }
    return locate_text(flags, [&](std::string_view key) {
        for (const auto& [ring, mc] : rings) {
            print(key);
            print("\t");
            print(to_text(ring));
            print("\t");
            print(server_of(mc, key, flags.group));
            print("\n");
        }
    });
}

exit_code run_locate(const cluster_flags& flags) {
    if (flags.ring.name == all) return locate_everywhere(flags);
    const auto s = session::open(flags);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    if (flags.json) {
        return locate_json(flags, [&](json& entry, std::string_view key) {
            entry["server"] = server_of(mc, key, flags.group);
        });
    }
    return locate_text(flags, [&](std::string_view key) {
        print(key);
        print("\t");
        print(server_of(mc, key, flags.group));
        print("\n");
    });
}

}  // namespace

void add_ring(CLI::App& app, std::vector<command>& commands) {
    CLI::App* const ring =
        app.add_subcommand("ring", "Ask the ring; only doctor --live contacts servers")
            ->group("Ring");
    ring->require_subcommand(1);

    auto flags = std::make_shared<cluster_flags>();
    CLI::App* const locate = ring->add_subcommand(
        "locate",
        "Read keys from standard input, one a line, any bytes but newline, and print which "
        "server each is on: key<TAB>server, the server as it was given. A line that cannot be a "
        "key (empty, over 250 bytes) is left out and makes the exit code 2. With --ring all, every "
        "ring answers: key<TAB>ring<TAB>server");
    add_cluster_flags(*locate, *flags);
    add_key_flags(*locate, *flags);
    commands.push_back({locate, [flags] { return run_locate(*flags); }});

    add_ring_digest(*ring, commands);
    add_ring_points(*ring, commands);
    add_ring_diff(*ring, commands);
    add_ring_doctor(*ring, commands);
    add_ring_show(*ring, commands);
}

}  // namespace kmc::cli
