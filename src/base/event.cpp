// The words of include/kmc/events.hpp and health.hpp.

#include <kmc/events.hpp>
#include <kmc/health.hpp>

namespace kmc {

std::string_view to_text(event_kind kind) noexcept {
    switch (kind) {
        case event_kind::none:
            return "nothing";
        case event_kind::connected:
            return "connected";
        case event_kind::connection_lost:
            return "connection lost";
        case event_kind::server_resting:
            return "server resting";
        case event_kind::server_recovered:
            return "server recovered";
        case event_kind::server_dead:
            return "server dead";
        case event_kind::ejection_refused:
            return "ejection refused";
        case event_kind::probe_failed:
            return "probe failed";
        case event_kind::server_back:
            return "server back";
        case event_kind::servers_changed:
            return "servers changed";
        case event_kind::servers_refused:
            return "servers refused";
        case event_kind::server_added:
            return "server added";
        case event_kind::server_removed:
            return "server removed";
    }
    return "unknown";
}

std::string_view to_text(server_health health) noexcept {
    switch (health) {
        case server_health::alive:
            return "alive";
        case server_health::resting:
            return "resting";
        case server_health::dead:
            return "dead";
        case server_health::probing:
            return "probing";
    }
    return "unknown";
}

std::string_view to_text(on_dead policy) noexcept {
    switch (policy) {
        case on_dead::fail_fast:
            return "fail_fast";
        case on_dead::next_server:
            return "next_server";
        case on_dead::rebuild:
            return "rebuild";
    }
    return "unknown";
}

}  // namespace kmc
