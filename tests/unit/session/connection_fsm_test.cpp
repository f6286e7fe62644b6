// The whole table of states and events, and the walks that matter.

#include "session/connection_fsm.hpp"

#include <map>
#include <vector>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using kmc::detail::connection_fsm;
using kmc::detail::link_action;
using kmc::detail::link_event;
using kmc::detail::link_phase;

namespace {

const kmc::time_point t0{};

using enum link_event;

// The shortest way into each phase.
const std::map<link_phase, std::vector<link_event>> ways = {
    {link_phase::idle, {}},
    {link_phase::resolving, {demand}},
    {link_phase::connecting, {demand, resolved}},
    {link_phase::greeting, {demand, resolved, connected}},
    {link_phase::ready, {demand, resolved, connected, greeted}},
    {link_phase::closing, {demand, resolved, connected, lost}},
    {link_phase::resting, {demand, resolved, connected, lost, settled}},
    {link_phase::retired, {retire}},
};

connection_fsm in(link_phase phase) {
    connection_fsm fsm;
    for (link_event e : ways.at(phase)) static_cast<void>(fsm.step(e, t0));
    REQUIRE(fsm.phase() == phase);
    return fsm;
}

struct row {
    link_phase from;
    link_event event;
    link_phase to;
    link_action action;
};

// Every pair that does something. All others change nothing.
const std::vector<row> table = {
    {link_phase::idle, demand, link_phase::resolving, link_action::resolve},
    {link_phase::idle, retire, link_phase::retired, link_action::retire},
    {link_phase::resolving, resolved, link_phase::connecting, link_action::connect},
    {link_phase::resolving, let_be, link_phase::idle, link_action::none},
    {link_phase::resolving, refused, link_phase::closing, link_action::close},
    {link_phase::resolving, lost, link_phase::closing, link_action::close},
    {link_phase::resolving, retire, link_phase::retired, link_action::retire},
    {link_phase::connecting, connected, link_phase::greeting, link_action::greet},
    {link_phase::connecting, refused, link_phase::closing, link_action::close},
    {link_phase::connecting, lost, link_phase::closing, link_action::close},
    {link_phase::connecting, retire, link_phase::closing, link_action::close},
    {link_phase::greeting, greeted, link_phase::ready, link_action::open},
    {link_phase::greeting, lost, link_phase::closing, link_action::close},
    {link_phase::greeting, retire, link_phase::closing, link_action::close},
    {link_phase::ready, lost, link_phase::closing, link_action::close},
    {link_phase::ready, renew, link_phase::closing, link_action::close},
    {link_phase::ready, retire, link_phase::closing, link_action::close},
    {link_phase::closing, settled, link_phase::resting, link_action::rest},
    {link_phase::resting, rested, link_phase::idle, link_action::revive},
    {link_phase::resting, retire, link_phase::retired, link_action::retire},
};

}  // namespace

TEST_CASE("each phase answers each event as the table says, and no other way") {
    for (const auto& [phase, way] : ways) {
        for (link_event event : {demand, let_be, resolved, refused, connected, greeted, lost, renew,
                                 settled, rested, retire}) {
            connection_fsm fsm = in(phase);
            row expected{phase, event, phase, link_action::none};
            for (const row& r : table) {
                if (r.from == phase && r.event == event) expected = r;
            }
            INFO(to_text(phase) << " + event " << static_cast<int>(event));
            CHECK(fsm.step(event, t0) == expected.action);
            CHECK(fsm.phase() == expected.to);
        }
    }
}

TEST_CASE("after good service the next attempt is free of waiting") {
    connection_fsm fsm = in(link_phase::ready);
    CHECK(fsm.step(lost, t0 + 1s) == link_action::close);
    CHECK(fsm.step(settled, t0 + 1s) == link_action::revive);
    CHECK(fsm.phase() == link_phase::idle);
    CHECK(fsm.proven());
}

TEST_CASE("a connection that is to be replaced is replaced at once, however young it is") {
    connection_fsm fsm = in(link_phase::ready);
    CHECK(fsm.step(renew, t0) == link_action::close);
    CHECK(fsm.step(settled, t0) == link_action::revive);
    CHECK(fsm.proven());
}

TEST_CASE("a server that accepts and closes is not dialled in a loop") {
    connection_fsm fsm = in(link_phase::ready);
    CHECK(fsm.step(lost, t0 + 999ms) == link_action::close);
    CHECK(fsm.step(settled, t0 + 999ms) == link_action::rest);
    CHECK_FALSE(fsm.proven());
}

TEST_CASE("a connection that is closing when the client goes retires when it settled") {
    connection_fsm fsm = in(link_phase::closing);
    CHECK(fsm.step(retire, t0) == link_action::none);
    CHECK(fsm.step(settled, t0) == link_action::retire);
    CHECK(fsm.phase() == link_phase::retired);
}

TEST_CASE("every phase has its own name") {
    std::map<std::string_view, int> names;
    for (const auto& [phase, way] : ways) ++names[to_text(phase)];
    CHECK(names.size() == ways.size());
}
