#include "client/key_places.hpp"

#include <algorithm>
#include <string>

#include "base/bytes.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail {

std::span<std::string_view> copy_keys(arena& memory, std::string_view prefix,
                                      std::span<const std::string_view> keys) {
    const auto is_good = [&](std::string_view key) {
        return !key.empty() && key.size() + prefix.size() <= key_bytes_max;
    };
    std::size_t total = 0;
    for (const std::string_view key : keys) {
        if (is_good(key)) total += prefix.size() + key.size();
    }
    char* to = memory.make_array<char>(total).data();
    const auto copies = memory.make_array<std::string_view>(keys.size(), std::string_view(""));
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!is_good(keys[i])) continue;
        copy_bytes(to, prefix.data(), prefix.size());
        copy_bytes(to + prefix.size(), keys[i].data(), keys[i].size());
        copies[i] = {to, prefix.size() + keys[i].size()};
        to += copies[i].size();
    }
    return copies;
}

key_places find_places(arena& memory, const router& route, const key_routing& routing,
                       std::string_view group, std::span<const std::string_view> wire_keys) {
    key_places places{.hashes = memory.make_array<std::uint32_t>(wire_keys.size()),
                      .servers = memory.make_array<server_number>(wire_keys.size()),
                      .fates = memory.make_array<fate>(wire_keys.size())};
    if (!group.empty()) {
        std::string room;
        const destination one = route.of(routing.hashed_group(group, room));
        std::fill(places.hashes.begin(), places.hashes.end(), one.hash);
        std::fill(places.servers.begin(), places.servers.end(), one.server);
        std::fill(places.fates.begin(), places.fates.end(), one.how);
        return places;
    }
    std::span<const std::string_view> hashed = wire_keys;
    if (!routing.hashes_whole_keys()) {
        const auto parts = memory.make_array<std::string_view>(wire_keys.size(), "");
        for (std::size_t i = 0; i < wire_keys.size(); ++i) {
            if (!wire_keys[i].empty()) parts[i] = routing.hashed_part(wire_keys[i]);
        }
        hashed = parts;
    }
    route.many(hashed, places.hashes, places.servers, places.fates);
    return places;
}

}  // namespace kmc::detail
