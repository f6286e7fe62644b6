// libmemcached's side of the comparison of failures: the same commands and answers as
// failure_client.cpp, but that the first word of an mget's answer is what memcached_mget returned
// and what the fetches ended with, as in SUCCESS/NOTFOUND. Through the C interface, since the
// bindings drop these codes.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <libmemcached/memcached.h>

namespace {

std::string word_for(memcached_return_t code) {
    switch (code) {
        case MEMCACHED_SUCCESS:
            return "SUCCESS";
        case MEMCACHED_SOME_ERRORS:
            return "SOME_ERRORS";
        case MEMCACHED_NOTFOUND:
            return "NOTFOUND";
        case MEMCACHED_END:
            return "END";
        case MEMCACHED_CONNECTION_FAILURE:
            return "CONNECTION_FAILURE";
        case MEMCACHED_TIMEOUT:
            return "TIMEOUT";
        case MEMCACHED_SERVER_MARKED_DEAD:
            return "SERVER_MARKED_DEAD";
        case MEMCACHED_SERVER_TEMPORARILY_DISABLED:
            return "SERVER_TEMPORARILY_DISABLED";
        default:
            return "RETURN_" + std::to_string(static_cast<int>(code));
    }
}

struct freed {
    void operator()(memcached_st* client) const { memcached_free(client); }
    void operator()(char* value) const { std::free(value); }
};
using client_ptr = std::unique_ptr<memcached_st, freed>;
using value_ptr = std::unique_ptr<char, freed>;

class setter {
public:
    explicit setter(memcached_st* client) : client_(client) {}
    void operator()(memcached_behavior_t what, double to) {
        const auto rounded = static_cast<std::uint64_t>(std::llround(to));
        is_fine_ &= memcached_success(memcached_behavior_set(client_, what, rounded));
    }
    [[nodiscard]] bool is_fine() const { return is_fine_; }

private:
    memcached_st* client_;
    bool is_fine_ = true;
};

// Null when it does not like a setting or a server.
client_ptr open(std::map<std::string, double>& from, const std::string& servers) {
    client_ptr client(memcached_create(nullptr));
    setter set(client.get());
    set(MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
    set(MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
    set(MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, from["binary"]);
    set(MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, from["timeout"] * 1000);
    set(MEMCACHED_BEHAVIOR_POLL_TIMEOUT, from["timeout"] * 1000);
    set(MEMCACHED_BEHAVIOR_REMOVE_FAILED_SERVERS, from["eject"]);
    set(MEMCACHED_BEHAVIOR_SERVER_FAILURE_LIMIT, from["remove_failed"]);
    set(MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, from["retry_timeout"]);
    set(MEMCACHED_BEHAVIOR_DEAD_TIMEOUT, from["dead_timeout"]);
    std::istringstream list(servers);
    bool is_fine = set.is_fine();
    for (std::string one; std::getline(list, one, ',');) {
        std::istringstream parts(one);
        std::string host;
        std::uint16_t port = 0;
        std::uint32_t weight = 1;
        char colon = 0;
        std::getline(parts, host, ':');
        parts >> port >> colon >> weight;
        is_fine &= memcached_success(
            memcached_server_add_with_weight(client.get(), host.c_str(), port, weight));
    }
    if (!is_fine) client.reset();
    return client;
}

std::string read_many(memcached_st* client, const std::vector<std::string>& keys) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const std::string& key : keys) {
        starts.push_back(key.data());
        sizes.push_back(key.size());
    }
    memcached_return_t code = memcached_mget(client, starts.data(), sizes.data(), keys.size());
    std::string told = word_for(code) + "/";
    std::set<std::string> found;
    // Some errors are no reason to leave the other answers where they are.
    if (code == MEMCACHED_SOME_ERRORS) code = MEMCACHED_SUCCESS;
    while (memcached_success(code)) {
        char name[MEMCACHED_MAX_KEY];
        std::size_t name_size = 0;
        std::size_t size = 0;
        std::uint32_t flags = 0;
        const value_ptr value(memcached_fetch(client, name, &name_size, &size, &flags, &code));
        if (memcached_success(code)) found.emplace(name, name_size);
    }
    told += word_for(code);
    for (const std::string& key : keys) told += found.count(key) != 0 ? " hit" : " miss";
    return told;
}

std::string answer(memcached_st* client, const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string group;
    std::string key;
    words >> verb;
    if (verb == "mget") {
        std::vector<std::string> keys;
        while (words >> key) keys.push_back(key);
        return read_many(client, keys);
    }
    words >> group >> key;
    if (verb == "set") {
        std::string value;
        words >> value;
        const memcached_return_t code =
            memcached_set_by_key(client, group.data(), group.size(), key.data(), key.size(),
                                 value.data(), value.size(), 0, 0);
        return memcached_success(code) ? "stored" : "error " + word_for(code);
    }
    std::size_t size = 0;
    std::uint32_t flags = 0;
    memcached_return_t code{};
    const value_ptr value(memcached_get_by_key(client, group.data(), group.size(), key.data(),
                                               key.size(), &size, &flags, &code));
    if (code == MEMCACHED_NOTFOUND) return "miss";
    if (!memcached_success(code)) return "error " + word_for(code);
    return "hit " + std::string(value.get(), size);
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, double> settings;
    for (int i = 1; i + 1 < argc; ++i) {
        const std::string word = argv[i];
        const auto equals = word.find('=');
        if (equals == std::string::npos) return 2;
        settings[word.substr(0, equals)] = std::atof(word.c_str() + equals + 1);
    }
    if (argc < 2) return 2;
    const client_ptr client = open(settings, argv[argc - 1]);
    std::cout << (client ? "open" : "refused") << std::endl;
    if (!client) return 0;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << answer(client.get(), line) << std::endl;
    }
    return 0;
}
