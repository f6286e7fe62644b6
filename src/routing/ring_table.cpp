// Which rings there are: the one list behind names, parsing and making.

#include <array>
#include <string>

#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

constexpr std::array entries = {
    ring_entry{ring::libmemcached_weighted, "libmemcached_weighted", &make_libmemcached_weighted},
    ring_entry{ring::libketama, "libketama", &make_libketama},
};

// 0xffff means "no server" in kmc::error, so the last index is 65534.
constexpr std::size_t most_servers = 65534;

}  // namespace

std::span<const ring_entry> ring_table() noexcept {
    return entries;
}

config_result<std::unique_ptr<const distribution>> make_distribution(
    ring which, std::span<const server> servers) {
    if (servers.empty()) return config_error("a ring needs at least one server");
    if (servers.size() > most_servers) {
        return config_error("a ring holds at most " + std::to_string(most_servers) +
                            " servers, and " + std::to_string(servers.size()) + " are given");
    }
    for (const ring_entry& entry : ring_table()) {
        if (entry.which == which) return entry.make(servers);
    }
    return config_error("there is no ring of number " +
                        std::to_string(static_cast<unsigned>(which)));
}

}  // namespace kmc::detail
