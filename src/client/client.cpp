#include <kmc/client.hpp>

#include "client/client_state.hpp"
#include "loop/embedded_state.hpp"
#include "loop/runtime_state.hpp"

namespace kmc {

config_result<client> client::open(runtime& rt, std::string_view servers,
                                   const client_options& options) {
    auto list = server_list::parse(servers);
    if (!list) return list.error();
    return open(rt, std::move(list.value()), options);
}

config_result<client> client::open(runtime& rt, server_list servers,
                                   const client_options& options) {
    return detail::client_state::open(detail::runtime_access::state_of(rt).reactors(),
                                      std::move(servers), options);
}

config_result<client> client::open(embedded_runtime& rt, std::string_view servers,
                                   const client_options& options) {
    auto list = server_list::parse(servers);
    if (!list) return list.error();
    return open(rt, std::move(list.value()), options);
}

config_result<client> client::open(embedded_runtime& rt, server_list servers,
                                   const client_options& options) {
    return detail::client_state::open({&detail::embedded_access::state_of(rt).loop()},
                                      std::move(servers), options);
}

server_snapshot client::servers() const {
    return state_->snapshot();
}

const server& client::server_at(std::size_t number) const {
    return state_->servers().at(number).what;
}

config_result<void> client::set_servers(std::string_view servers) const {
    auto list = server_list::parse(servers);
    if (!list) return list.error();
    return set_servers(std::move(list.value()));
}

config_result<void> client::set_servers(server_list servers) const {
    return state_->set_servers(std::move(servers));
}

server_counters client::counters(std::size_t number) const {
    return state_->servers().counters(number);
}

std::size_t client::locate(std::string_view key, std::string_view group) const {
    const detail::key_routing& routing = state_->routing();
    const auto route = state_->route();
    const detail::topology& ring = route->home();
    std::string room;
    if (!group.empty()) {
        return ring.number_of(ring.place_of(routing.hashed_group(group, room)).server);
    }
    // As on the wire; one that is too long for it has a place nevertheless.
    room = routing.prefix();
    room += key;
    return ring.number_of(ring.place_of(routing.hashed_part(room)).server);
}

std::string client::describe(const error& e) const {
    std::string text;
    if (e.server < state_->servers().known()) {
        text += server_at(e.server).text;
        text += ": ";
    }
    text += to_text(e.code);
    if (e.code == errc::foreign_value) {
        text += ": ";
        text += describe_flags(state_->options().values.dialect, e.status);
    } else if (e.status != 0) {
        text += " (status ";
        text += std::to_string(e.status);
        text += ")";
    }
    text += ", ";
    text += to_text(e.at);
    return text;
}

}  // namespace kmc
