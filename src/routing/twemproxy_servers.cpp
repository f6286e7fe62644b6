#include "routing/twemproxy_servers.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/quoted.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint16_t default_port = 11211;

// The given name; else the path and the colon before its weight; else the host, with its port
// unless that is 11211. IPv6 addresses have no brackets there.
std::string name_of(const server& s) {
    if (!s.name.empty()) return s.name;
    if (s.kind == server::transport::unix_socket) return s.host + ':';
    const bool is_bracketed = s.host.size() > 1 && s.host.front() == '[' && s.host.back() == ']';
    const std::string host = is_bracketed ? s.host.substr(1, s.host.size() - 2) : s.host;
    if (s.port == 0 || s.port == default_port) return host;
    return host + ':' + std::to_string(s.port);
}

}  // namespace

config_result<std::vector<named_member>> twemproxy_order(const ring_plan& plan,
                                                         ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    std::vector<named_member> named;
    for (const ring_member& m : members) named.push_back({m, name_of(*m.what)});
    std::sort(named.begin(), named.end(), [](const named_member& a, const named_member& b) {
        const auto rank = [](const named_member& n) {
            return std::tuple<std::size_t, const std::string&, server_index>(n.name.size(), n.name,
                                                                             n.member.index);
        };
        return rank(a) < rank(b);
    });
    for (std::size_t i = 1; i < named.size(); ++i) {
        if (named[i].name != named[i - 1].name) continue;
        return member_error(named[i].member,
                            "twemproxy refuses a second server named " + quoted(named[i].name));
    }
    return named;
}

}  // namespace kmc::detail
