#include "session/connection_fsm.hpp"

namespace kmc::detail {

link_action connection_fsm::step(link_event event, time_point now) noexcept {
    using enum link_event;
    if (event == retire) {
        switch (phase_) {
            case link_phase::retired:
                return link_action::none;
            case link_phase::closing:
                retiring_ = true;
                return link_action::none;
            case link_phase::connecting:
            case link_phase::greeting:
            case link_phase::ready:
                retiring_ = true;
                return go(link_phase::closing, link_action::close);
            case link_phase::idle:
            case link_phase::resolving:
            case link_phase::resting:
                return go(link_phase::retired, link_action::retire);
        }
    }
    switch (phase_) {
        case link_phase::idle:
            if (event == demand) return go(link_phase::resolving, link_action::resolve);
            break;
        case link_phase::resolving:
            if (event == resolved) return go(link_phase::connecting, link_action::connect);
            if (event == let_be) return go(link_phase::idle, link_action::none);
            if (event == refused || event == lost) return lose(now);
            break;
        case link_phase::connecting:
            if (event == connected) return go(link_phase::greeting, link_action::greet);
            if (event == refused || event == lost) return lose(now);
            break;
        case link_phase::greeting:
            if (event == greeted) {
                ready_since_ = now;
                return go(link_phase::ready, link_action::open);
            }
            if (event == lost) return lose(now);
            break;
        case link_phase::ready:
            if (event == lost) return lose(now);
            if (event == renew) {
                proven_ = true;
                return go(link_phase::closing, link_action::close);
            }
            break;
        case link_phase::closing:
            if (event == settled) return settle();
            break;
        case link_phase::resting:
            if (event == rested) return go(link_phase::idle, link_action::revive);
            break;
        case link_phase::retired:
            break;
    }
    return link_action::none;
}

// Every loss goes through `closing`, also when there is no socket: one way out, one place where the
// next step is decided.
link_action connection_fsm::lose(time_point now) noexcept {
    proven_ = phase_ == link_phase::ready && now - ready_since_ >= proven_after;
    return go(link_phase::closing, link_action::close);
}

link_action connection_fsm::settle() noexcept {
    if (retiring_) return go(link_phase::retired, link_action::retire);
    if (proven_) return go(link_phase::idle, link_action::revive);
    return go(link_phase::resting, link_action::rest);
}

link_action connection_fsm::go(link_phase next, link_action action) noexcept {
    phase_ = next;
    return action;
}

std::string_view to_text(link_phase phase) noexcept {
    switch (phase) {
        case link_phase::idle:
            return "idle";
        case link_phase::resolving:
            return "resolving";
        case link_phase::connecting:
            return "connecting";
        case link_phase::greeting:
            return "greeting";
        case link_phase::ready:
            return "ready";
        case link_phase::closing:
            return "closing";
        case link_phase::resting:
            return "resting";
        case link_phase::retired:
            return "retired";
    }
    return "unknown";
}

}  // namespace kmc::detail
