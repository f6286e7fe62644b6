#include "protocol/outcome.hpp"

#include <cstddef>
#include <iterator>

namespace kmc::detail {
namespace {

// What a status that is neither success nor trouble says about the condition of a command.
struct conditions {
    command what;
    bool not_found;   // 0x01 is one of its answers
    bool exists;      // 0x02 likewise, of a request without a token
    bool not_stored;  // 0x05 likewise
};

constexpr conditions table[] = {
    {command::get, true, false, false},     {command::gat, true, false, false},
    {command::touch, true, false, false},   {command::set, false, false, false},
    {command::add, false, true, true},      {command::replace, true, false, true},
    {command::append, true, false, true},   {command::prepend, true, false, true},
    {command::del, true, false, false},     {command::incr, true, false, false},
    {command::decr, true, false, false},    {command::flush, false, false, false},
    {command::stat, true, false, false},    {command::noop, false, false, false},
    {command::version, false, false, false}};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(table); ++i) {
        if (static_cast<std::size_t>(table[i].what) != i) return false;
    }
    return std::size(table) == command_count;
}
static_assert(is_in_order());

}  // namespace

outcome outcome_of(command what, bool guarded, status raw) noexcept {
    const conditions& c = table[static_cast<std::size_t>(what)];
    switch (raw) {
        case status::ok:
            return outcome::done;
        case status::not_found:
            return c.not_found || guarded ? outcome::absent : outcome::refused;
        case status::exists:
            if (guarded) return outcome::exists;
            return c.exists ? outcome::absent : outcome::refused;
        case status::not_stored:
            return c.not_stored ? outcome::absent : outcome::refused;
        default:
            return outcome::refused;
    }
}

}  // namespace kmc::detail
