// Settings of other clients, as files: refused in one readable line, or read, and then always the
// same, with sentences that can be read, and options under which a key has a server.

#include <array>

#include <kmc/translate.hpp>

#include "foreign_config.hpp"
#include "fuzzing.hpp"
#include "routing/key_routing.hpp"
#include "routing/topology.hpp"

namespace {

using kmc::cli::foreign_config;
using kmc::fuzzing::input;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

bool is_same(const kmc::translation& a, const kmc::translation& b) {
    return a.servers.servers().size() == b.servers.servers().size() &&
           std::equal(a.servers.servers().begin(), a.servers.servers().end(),
                      b.servers.servers().begin()) &&
           a.ring == b.ring && a.prefix == b.prefix && a.hash_prefix == b.hash_prefix &&
           a.hash_tag == b.hash_tag && a.warnings == b.warnings;
}

// Weights of millions make rings of millions of points on some: sound, but no work for a fuzzer.
bool is_small(const kmc::server_list& servers) {
    return std::all_of(servers.servers().begin(), servers.servers().end(),
                       [](const kmc::server& s) { return s.weight <= 1000; });
}

void check(const kmc::translation& t) {
    for (const std::string& warning : t.warnings) {
        require(is_one_readable_line(warning), "a warning is a line");
    }
    const auto given = t.servers.servers();
    require(!given.empty(), "there are servers");
    require(kmc::detail::key_routing::of(t.options()).has_value(), "the options can be used");
    if (!is_small(t.servers)) return;
    const auto ring = kmc::detail::topology::build(t.servers, t.ring);
    if (!ring) {
        require(is_one_readable_line(ring.error().message()), "one readable line");
        return;
    }
    require(ring.value()->place_of("key").server < given.size(), "a key has a server");
}

}  // namespace

// Whose file it is, what is said beside it, and the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<const char*, 5> clients = {"pylibmc", "php-memcached", "libmemcached",
                                                    "twemproxy", "libketama"};
    input in(data, size);
    foreign_config from;
    from.dialect = clients[in.below(clients.size())];
    from.file = "file";
    const std::uint8_t beside = in.byte();
    if ((beside & 1) != 0) from.servers = "a,b:5:2,[::1]:7,/s:3";
    if ((beside & 2) != 0) from.pool = "alpha";
    from.content = in.rest();

    const auto read = kmc::cli::translate(from);
    const auto twice = kmc::cli::translate(from);
    require(read.has_value() == twice.has_value(), "the same file is read the same way");
    if (!read) {
        require(is_one_readable_line(read.error().message()), "one readable line");
        require(read.error().message() == twice.error().message(), "the same complaint");
        return 0;
    }
    require(is_same(read.value(), twice.value()), "the same file is the same translation");
    check(read.value());
    return 0;
}
