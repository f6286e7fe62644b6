#include "digest.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "hash/key_hash.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

key_hash hash_in_use(const ring_spec& spec) noexcept {
    if (spec.settings.hash != key_hash::own) return spec.settings.hash;
    const auto table = ring_table();
    const auto entry = std::find_if(table.begin(), table.end(),
                                    [&](const auto& e) { return e.which == spec.ring; });
    return entry->own_hash;
}

// What decides where keys go, as text: the digest is of this. Points take part, and not only what
// they are made of, so that a fault in their making would show.
std::string description_of(const topology& all) {
    const ring_spec& spec = all.spec();
    std::string text = "ring " + std::string(to_text(spec.ring)) + "\nhash " +
                       std::string(to_text(hash_in_use(spec)));
    text += spec.settings.bytes == key_bytes::with_sign ? "\n" : " without_sign\n";
    for (const server& s : all.servers()) {
        text += "server " + s.text + '\t' + s.name + '\t' + std::to_string(s.weight) + '\n';
    }
    for (const ring_point& point : all.ring_points().points()) {
        text += std::to_string(point.value) + ' ' + std::to_string(point.server) + '\n';
    }
    return text;
}

}  // namespace

std::string digest_text(const topology& ring) {
    const md5_words words = md5(description_of(ring));
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%08x%08x", words[0], words[1]);
    return hex.data();
}

}  // namespace kmc::detail
