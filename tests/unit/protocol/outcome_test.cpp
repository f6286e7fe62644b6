// What each status means for each command, as measured on memcached 1.6.18: written down by
// status here, where the code has it by command.

#include "protocol/outcome.hpp"

#include <map>
#include <set>
#include <utility>

#include <catch2/catch.hpp>

using kmc::detail::command;
using kmc::detail::command_count;
using kmc::detail::outcome;
using kmc::detail::outcome_of;
using kmc::detail::status;

namespace {

using commands = std::set<command>;

// "Not found": the key is not there, or there is no such group of statistics. Append and prepend
// say 0x05 in its place, and nobody would misread this one of them.
const commands told_not_found{command::get,    command::gat,     command::touch, command::replace,
                              command::append, command::prepend, command::del,   command::incr,
                              command::decr,   command::stat};
// "Data exists for key": somebody else has stored it.
const commands told_exists{command::add};
// "Not stored": the condition does not hold.
const commands told_not_stored{command::append, command::prepend, command::add, command::replace};
// With a token, a missing key is 0x01 and another token's is 0x02.
const commands guardable{command::set, command::del};

outcome expected(command what, bool guarded, unsigned raw) {
    const bool is_compared = guarded && guardable.contains(what);
    if (raw == 0x00) return outcome::done;
    if (raw == 0x01 && (told_not_found.contains(what) || is_compared)) return outcome::absent;
    if (raw == 0x02 && is_compared) return outcome::exists;
    if (raw == 0x02 && told_exists.contains(what)) return outcome::absent;
    if (raw == 0x05 && told_not_stored.contains(what)) return outcome::absent;
    return outcome::refused;
}

}  // namespace

TEST_CASE("every status has one meaning for every command", "[outcome]") {
    std::map<outcome, int> seen;
    for (std::size_t i = 0; i < command_count; ++i) {
        const auto what = static_cast<command>(i);
        for (const bool guarded : {false, true}) {
            for (unsigned raw = 0; raw <= 0x90; ++raw) {
                CAPTURE(i, guarded, raw);
                const outcome got = outcome_of(what, guarded, static_cast<status>(raw));
                if (got != expected(what, guarded, raw)) FAIL_CHECK(static_cast<int>(got));
                ++seen[got];
            }
        }
    }
    CHECK(seen[outcome::done] == 30);
    CHECK(seen[outcome::absent] == 31);
    CHECK(seen[outcome::exists] == 2);
}

TEST_CASE("what a caller of each command may be told", "[outcome]") {
    struct told {
        command what;
        bool guarded;
        unsigned raw;
        outcome means;
    };
    const auto [what, guarded, raw, means] = GENERATE(values<told>({
        {command::get, false, 0x01, outcome::absent},
        {command::set, false, 0x01, outcome::refused},  // no honest server says so
        {command::set, true, 0x01, outcome::absent},
        {command::set, true, 0x02, outcome::exists},
        {command::set, true, 0x03, outcome::refused},
        {command::set, true, 0x82, outcome::refused},
        {command::add, false, 0x02, outcome::absent},
        {command::add, true, 0x02, outcome::absent},  // add takes no token
        {command::replace, false, 0x01, outcome::absent},
        {command::append, false, 0x05, outcome::absent},
        {command::del, true, 0x02, outcome::exists},
        {command::del, false, 0x02, outcome::refused},
        {command::incr, false, 0x01, outcome::absent},
        {command::incr, false, 0x06, outcome::refused},
        {command::flush, false, 0x20, outcome::refused},
        {command::stat, false, 0x01, outcome::absent},
        {command::noop, true, 0x01, outcome::refused},
        {command::get, false, 0xffff, outcome::refused},
    }));
    CAPTURE(static_cast<int>(what), guarded, raw);
    CHECK(outcome_of(what, guarded, static_cast<status>(raw)) == means);
}
