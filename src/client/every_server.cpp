// The calls that ask every server the same.

#include <cstddef>
#include <utility>
#include <vector>

#include <kmc/client.hpp>
#include <kmc/when_all.hpp>

namespace kmc {
namespace {

// @param ask  makes the call to the server of that number.
template <class Ask>
auto each_server(const client& mc, Ask ask) {
    std::vector<decltype(ask(std::size_t{0}))> calls;
    const server_snapshot servers = mc.servers();
    calls.reserve(servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i) calls.push_back(ask(servers.number(i)));
    return when_all(std::move(calls));
}

}  // namespace

task<std::vector<result<void>>> client::flush_all(flush_options options) const {
    auto calls = each_server(*this, [&](std::size_t i) { return flush(i, options); });
    co_return co_await std::move(calls);
}

task<std::vector<result<statistics>>> client::stats_all(std::string_view group,
                                                        call_options options) const {
    auto calls = each_server(*this, [&](std::size_t i) { return stats(i, group, options); });
    co_return co_await std::move(calls);
}

task<std::vector<result<std::string>>> client::version_all(call_options options) const {
    auto calls = each_server(*this, [&](std::size_t i) { return version(i, options); });
    co_return co_await std::move(calls);
}

task<std::vector<result<void>>> client::ping_all(call_options options) const {
    auto calls = each_server(*this, [&](std::size_t i) { return ping(i, options); });
    co_return co_await std::move(calls);
}

}  // namespace kmc
