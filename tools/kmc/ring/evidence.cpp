#include "ring/evidence.hpp"

#include <map>
#include <string_view>

#include "calls.hpp"
#include "inspect/ring_digest.hpp"
#include "output.hpp"
#include "ring/inputs.hpp"

namespace kmc::cli {

using detail::key_place;

config_result<std::vector<key_place>> read_pairs(const std::string& path,
                                                 const server_list& servers) {
    std::map<std::string, detail::server_index> places;
    for (std::size_t i = servers.servers().size(); i-- > 0;) {
        const server& s = servers.servers()[i];
        places[s.text] = places[detail::address_of(s)] = static_cast<detail::server_index>(i);
    }
    const auto lines = numbered_lines_of(path);
    if (!lines) return lines.error();
    std::vector<key_place> pairs;
    for (const auto& [number, line] : lines.value()) {
        const auto tab = line.rfind('\t');
        const std::string where = path + ", line " + std::to_string(number) + ": ";
        if (tab == line.npos || tab == 0) {
            return config_error(where + "expected key<TAB>server, found " + shown(line));
        }
        const auto at = places.find(line.substr(tab + 1));
        if (at == places.end()) {
            return config_error(where + shown(line.substr(tab + 1)) +
                                " is none of the servers of the list");
        }
        pairs.push_back({line.substr(0, tab), at->second});
    }
    return pairs;
}

namespace {

using places = std::vector<detail::server_index>;

// Puts the node's place behind each key that it has.
config_result<bool> ask_node(runtime& rt, const cluster_flags& flags, const server_list& servers,
                             detail::server_index place, const std::vector<std::string>& keys,
                             std::vector<places>& holders) {
    const server& node = servers.servers()[place];
    cluster_flags alone = flags;
    alone.ring = {};  // any will do, it has one server
    const auto mc = open_other(rt, node.text, alone);
    if (!mc) return mc.error();
    const auto answers = answers_of(rt, keys.size(), [&](std::size_t k) {
        return mc.value().exists(keys[k], alone.for_call());
    });
    std::size_t failed = 0;
    std::string why;
    for (std::size_t k = 0; k < answers.size(); ++k) {
        if (!answers[k]) {
            ++failed;
            why = mc.value().describe(answers[k].error());
        } else if (answers[k].value()) {
            holders[k].push_back(place);
        }
    }
    if (failed > 0) {
        complain(node.text + ": no answer for " + std::to_string(failed) + " of " +
                 std::to_string(answers.size()) + " keys: " + why);
    }
    return true;
}

}  // namespace

config_result<std::vector<key_place>> ask_nodes(const std::string& keys_path,
                                                const cluster_flags& flags,
                                                const server_list& servers) {
    const auto keys = lines_of(keys_path);
    if (!keys) return keys.error();
    auto rt = runtime::open({.on_fallback = [](std::string_view) {}});
    if (!rt) return rt.error();
    std::vector<places> holders(keys.value().size());
    for (std::size_t i = 0; i < servers.servers().size(); ++i) {
        const auto asked = ask_node(rt.value(), flags, servers,
                                    static_cast<detail::server_index>(i), keys.value(), holders);
        if (!asked) return asked.error();
    }
    std::vector<key_place> pairs;
    std::size_t absent = 0;
    std::size_t doubled = 0;
    for (std::size_t k = 0; k < holders.size(); ++k) {
        if (holders[k].empty()) ++absent;
        if (holders[k].size() > 1) ++doubled;
        if (holders[k].size() == 1) pairs.push_back({keys.value()[k], holders[k][0]});
    }
    if (absent > 0) complain(std::to_string(absent) + " keys are on no server");
    if (doubled > 0) {
        complain(std::to_string(doubled) + " keys are on several servers and left out");
    }
    return pairs;
}

}  // namespace kmc::cli
