// kmc_ring.h over a topology. The border: texts and sizes become views, whatever is thrown becomes
// a text. What a ring is and how it finds keys is the library's.

#include "kmc_ring.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "inspect/ring_digest.hpp"
#include "routing/topology.hpp"
#include "settings.hpp"

using kmc::config_error;
using kmc::config_result;
using kmc::ring_spec;
using kmc::server_list;
using kmc::detail::topology;

struct kmc_ring {
    std::shared_ptr<const topology> all;
};

namespace {

std::string& last_error() noexcept {
    thread_local std::string text;
    return text;
}

// Even the text may find no memory: then the failure has none.
kmc_ring* fail(std::string_view why) noexcept {
    try {
        last_error() = why;
    } catch (const std::exception&) {
        last_error().clear();
    }
    return nullptr;
}

std::string_view view_of(const char* text) noexcept {
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

config_result<ring_spec> spec_of(const char* ring, const char* settings) {
    const auto name = kmc::parse_ring(view_of(ring));
    if (!name) return name.error();
    const auto set = kmc::detail::parse_ring_settings(view_of(settings));
    if (!set) return set.error();
    return ring_spec{name.assume_value(), set.assume_value()};
}

// @param list  makes the servers; called once it is clear that the ring can be had.
template <typename List>
kmc_ring* open_ring(const char* ring, const char* settings, List list) noexcept {
    try {
        const auto spec = spec_of(ring, settings);
        if (!spec) return fail(spec.error().message());
        config_result<server_list> servers = list();
        if (!servers) return fail(servers.error().message());
        auto all = topology::build(std::move(servers).assume_value(), spec.assume_value());
        if (!all) return fail(all.error().message());

        auto opened = std::make_unique<kmc_ring>(kmc_ring{std::move(all).assume_value()});
        last_error().clear();
        return opened.release();
    } catch (const std::exception& thrown) {
        return fail(thrown.what());
    }
}

const char* libketama_if_null(const char* ring) noexcept {
    return ring == nullptr ? "libketama" : ring;
}

}  // namespace

kmc_ring* kmc_ring_open(const char* ring, const char* settings, const char* servers) {
    return open_ring(ring, settings, [=] { return server_list::parse(view_of(servers)); });
}

kmc_ring* kmc_ring_open_ketama_file(const char* ring, const char* settings, const char* path) {
    return open_ring(libketama_if_null(ring), settings,
                     [=] { return server_list::load_ketama_file(std::string(view_of(path))); });
}

kmc_ring* kmc_ring_open_ketama_text(const char* ring, const char* settings, const char* text,
                                    size_t size) {
    return open_ring(libketama_if_null(ring), settings, [=] {
        const std::string_view content =
            text == nullptr ? std::string_view{} : std::string_view{text, size};
        return server_list::parse_ketama_file(content, "server list");
    });
}

void kmc_ring_close(kmc_ring* ring) {
    delete ring;
}

const char* kmc_ring_error(void) {
    return last_error().c_str();
}

const char* kmc_ring_warning(const kmc_ring* ring, size_t number) {
    const auto warnings = ring->all->list().warnings();
    return number < warnings.size() ? warnings[number].c_str() : nullptr;
}

size_t kmc_ring_server_count(const kmc_ring* ring) {
    return ring->all->servers().size();
}

const char* kmc_ring_server_name(const kmc_ring* ring, size_t server) {
    const auto servers = ring->all->servers();
    return server < servers.size() ? servers[server].text.c_str() : nullptr;
}

uint32_t kmc_ring_server_weight(const kmc_ring* ring, size_t server) {
    const auto servers = ring->all->servers();
    return server < servers.size() ? servers[server].weight : 0;
}

uint32_t kmc_ring_locate(const kmc_ring* ring, const char* key, size_t size) {
    return ring->all->place_of(size == 0 ? std::string_view{} : std::string_view{key, size}).server;
}

void kmc_ring_locate_many(const kmc_ring* ring, const char* const* keys, const size_t* sizes,
                          size_t count, uint32_t* servers, uint32_t* hashes) {
    // A chunk lives on the stack: enough for the hashes to fill the vector units.
    constexpr std::size_t chunk = 64;
    std::array<std::string_view, chunk> views;
    std::array<std::uint32_t, chunk> hashed;
    std::array<kmc::detail::server_index, chunk> places;

    for (std::size_t done = 0; done < count;) {
        const std::size_t now = std::min(chunk, count - done);
        for (std::size_t i = 0; i < now; ++i) {
            const std::size_t size = sizes[done + i];
            views[i] = size == 0 ? std::string_view{} : std::string_view{keys[done + i], size};
        }
        ring->all->locate({views.data(), now}, {hashed.data(), now}, {places.data(), now});
        std::copy_n(places.begin(), now, servers + done);
        if (hashes != nullptr) std::copy_n(hashed.begin(), now, hashes + done);
        done += now;
    }
}

uint32_t kmc_ring_hash(const kmc_ring* ring, const char* key, size_t size) {
    return ring->all->hasher().one(size == 0 ? std::string_view{} : std::string_view{key, size});
}

size_t kmc_ring_points(const kmc_ring* ring, kmc_ring_point* out, size_t room) {
    const auto points = ring->all->ring_points().points();
    const std::size_t copied = std::min(points.size(), room);
    std::transform(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(copied), out,
                   [](const kmc::detail::ring_point& p) {
                       return kmc_ring_point{p.value, p.server};
                   });
    return points.size();
}

void kmc_ring_digest(const kmc_ring* ring, char out[33]) {
    try {
        const std::string digest = kmc::detail::digest_of(*ring->all).text;
        std::copy_n(digest.c_str(), 33, out);
    } catch (const std::exception&) {
        out[0] = '\0';
    }
}
