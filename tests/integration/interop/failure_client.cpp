// kmc's side of the comparison of failures: reads commands from standard input, one a line, and
// answers each with one line. libmemcached_client.cpp knows the same commands and answers.
//
//   set GROUP KEY VALUE  ->  stored | error WHAT
//   get GROUP KEY        ->  hit VALUE | miss | error WHAT
//   mget KEY ...         ->  - and per key: hit | miss | error:WHAT
//   health SERVER        ->  what is believed of it
//
// GROUP is what the ring hashes: so two programs can have items of their own, placed alike.

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kmc/kmc.hpp>

namespace {

std::string word_for(kmc::errc code) {
    switch (code) {
        case kmc::errc::timed_out:
            return "timed_out";
        case kmc::errc::server_dead:
            return "server_dead";
        case kmc::errc::connect_failed:
            return "connect_failed";
        case kmc::errc::connection_lost:
            return "connection_lost";
        default:
            return "errc_" + std::to_string(static_cast<int>(code));
    }
}

using settings = std::map<std::string, double>;

std::optional<settings> read_settings(int argc, char** argv) {
    settings all;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto equals = word.find('=');
        if (equals == std::string::npos) return {};
        all[word.substr(0, equals)] = std::atof(word.c_str() + equals + 1);
    }
    return all;
}

kmc::duration seconds(double count) {
    return std::chrono::duration_cast<kmc::duration>(std::chrono::duration<double>(count));
}

kmc::client_options options_of(const settings& from) {
    kmc::client_options o;
    o.call_timeout = o.batch_timeout = o.connect_timeout = seconds(from.at("timeout"));
    o.health.remove_failed = static_cast<std::uint32_t>(from.at("remove_failed"));
    o.health.retry_timeout = seconds(from.at("retry_timeout"));
    o.health.dead_timeout = seconds(from.at("dead_timeout"));
    // Equal waits, as libmemcached has them: a growing one would only make the test longer.
    o.health.dead_timeout_max = seconds(from.at("dead_timeout"));
    o.health.on_dead = from.at("eject") > 0 ? kmc::on_dead::rebuild : kmc::on_dead::fail_fast;
    if (from.contains("connect_timeout")) o.connect_timeout = seconds(from.at("connect_timeout"));
    if (from.contains("stall_timeout")) o.stall_timeout = seconds(from.at("stall_timeout"));
    if (from.contains("max_ejected")) o.health.max_ejected = from.at("max_ejected");
    return o;
}

std::string answer(const kmc::sync_client& mc, const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string group;
    std::string key;
    words >> verb;
    if (verb == "set") {
        std::string value;
        words >> group >> key >> value;
        const auto stored = mc.set(key, value, {.group = group});
        return stored ? "stored" : "error " + word_for(stored.error().code);
    }
    if (verb == "get") {
        words >> group >> key;
        const auto got = mc.get(key, {.group = group});
        if (!got) return "error " + word_for(got.error().code);
        if (!got.value()) return "miss";
        return "hit " + std::string(got.value()->bytes());
    }
    if (verb == "mget") {
        std::vector<std::string> keys;
        while (words >> key) keys.push_back(key);
        const auto reply = mc.get_many(std::vector<std::string_view>(keys.begin(), keys.end()));
        std::string told = "-";
        for (const auto& r : reply) {
            told += !r ? " error:" + word_for(r.error().code) : r.value() ? " hit" : " miss";
        }
        return told;
    }
    std::size_t server = 0;
    words >> server;
    return std::string(kmc::to_text(mc.async().counters(server).health));
}

}  // namespace

int main(int argc, char** argv) {
    const auto set = read_settings(argc - 1, argv);
    if (argc < 2 || !set) {
        std::cerr << "usage: kmc_failure_client SETTING=NUMBER ... SERVERS < COMMANDS\n";
        return 2;
    }
    auto rt = kmc::runtime::open({.require = true});
    if (!rt) {
        std::cerr << rt.error().message() << '\n';
        return 77;
    }
    if (set->empty()) return 0;
    auto opened = kmc::client::open(rt.value(), argv[argc - 1], options_of(*set));
    if (!opened) {
        std::cout << "refused " << opened.error().message() << std::endl;
        return 0;
    }
    const kmc::sync_client mc(std::move(opened.value()));
    std::cout << "open" << std::endl;
    for (std::string line; std::getline(std::cin, line);)
        std::cout << answer(mc, line) << std::endl;
    return 0;
}
