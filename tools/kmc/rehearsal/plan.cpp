#include "rehearsal/plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "output.hpp"
#include "routing/topology.hpp"
#include "sim/sim_cluster.hpp"
#include "units.hpp"

namespace kmc::rehearsal {
namespace {

using cli::read_time;
using cli::shown;
using std::chrono::milliseconds;

// What stands before and behind the first `mark`; nothing behind it if there is none.
struct halves {
    std::string_view before;
    std::optional<std::string_view> behind;
};

halves split(std::string_view text, std::string_view mark) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + mark.size())};
}

config_error wrong(std::string_view outage, const std::string& why) {
    return config_error("--outage " + shown(outage) + ": " + why);
}

struct kind_row {
    std::string_view name;
    outage_kind kind;
};
constexpr std::array kinds{kind_row{"kill", outage_kind::kill}, kind_row{"hang", outage_kind::hang},
                           kind_row{"slow", outage_kind::slow}, kind_row{"flap", outage_kind::flap},
                           kind_row{"partition", outage_kind::partition}};

// Reads what stands behind the comma.
config_result<void> read_kind(std::string_view text, std::string_view whole, outage& into) {
    const auto [name, more] = split(text, ":");
    const auto* const row =
        std::find_if(kinds.begin(), kinds.end(), [&](const kind_row& k) { return k.name == name; });
    if (row == kinds.end()) {
        return wrong(whole,
                     shown(name) + " is none of kill, hang, slow:TIME, flap:UP/DOWN, partition");
    }
    into.kind = row->kind;
    if (into.kind == outage_kind::slow) {
        const auto latency = more ? read_time(*more) : std::nullopt;
        if (!latency) return wrong(whole, "slow needs a time: slow:80ms");
        into.latency = *latency;
    } else if (into.kind == outage_kind::flap) {
        const auto [up, down] = split(more.value_or(""), "/");
        const auto up_time = read_time(up);
        const auto down_time = down ? read_time(*down) : std::nullopt;
        if (!up_time || !down_time) return wrong(whole, "flap needs two times: flap:UP/DOWN");
        into.up = *up_time;
        into.down = *down_time;
    } else if (more) {
        return wrong(whole, std::string(name) + " takes nothing behind it");
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

config_result<void> read_span(std::string_view text, std::string_view whole, duration length,
                              outage& into) {
    const auto [first, second] = split(text, "..");
    const auto a = first == "0" && second ? std::optional(duration::zero()) : read_time(first);
    const auto b = second ? read_time(*second) : std::nullopt;
    if (!a || (second && !b)) return wrong(whole, "expected a time, or START..END");
    into.begin = second ? *a : length / 4;
    into.end = second ? *b : into.begin + *a;
    if (into.end <= into.begin) return wrong(whole, "it ends before it begins");
    if (into.end > length) {
        return wrong(whole, "it ends after " + short_time(into.end) + ", and the rehearsal after " +
                                short_time(length));
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

}  // namespace

std::string_view to_text(outage_kind kind) noexcept {
    return kinds[static_cast<std::size_t>(kind)].name;
}

config_result<outage> parse_outage(std::string_view text, std::size_t servers, duration whole) {
    outage made;
    const auto [name, rest] = split(text, ":");
    const bool is_server = name.size() > 1 && name.front() == 's';
    const char* const end = name.data() + name.size();
    const auto number = is_server
                            ? std::from_chars(name.data() + 1, end, made.server)
                            : std::from_chars_result{name.data(), std::errc::invalid_argument};
    if (number.ec != std::errc() || number.ptr != end) {
        return wrong(text, "expected a server, s0 to s" + std::to_string(servers - 1));
    }
    if (made.server >= servers) {
        return wrong(text, "there is no s" + std::to_string(made.server) +
                               ", the last server is s" + std::to_string(servers - 1));
    }
    if (!rest) return wrong(text, "expected a time behind the server: s0:30s, s0:10s..40s");
    const auto [span, kind] = split(*rest, ",");
    if (auto read = read_span(span, text, whole, made); !read) return read.error();
    if (kind) {
        if (auto read = read_kind(*kind, text, made); !read) return read.error();
    }
    return made;
}

config_result<void> check(const plan& p) {
    for (const outage& a : p.outages) {
        for (const outage& b : p.outages) {
            if (&a == &b || a.server != b.server || a.begin >= b.end || b.begin >= a.end) continue;
            return config_error("--outage: two of s" + std::to_string(a.server) + " overlap");
        }
    }
    auto ring = detail::topology::build(sim::sim_cluster::list_of(p.weights), p.ring);
    if (!ring) return ring.error();
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

std::string short_time(duration time) {
    const auto ms = std::chrono::duration_cast<milliseconds>(time).count();
    if (ms < 1000) return std::to_string(ms) + "ms";
    std::string text;
    if (ms >= 60'000) text = std::to_string(ms / 60'000) + "m";
    const auto rest = ms % 60'000;
    if (rest == 0) return text;
    text += std::to_string(rest / 1000);
    if (rest % 1000 != 0) {
        std::string digits = std::to_string(1000 + rest % 1000).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text + "s";
}

}  // namespace kmc::rehearsal
