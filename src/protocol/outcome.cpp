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
    bool is_guarded;  // may carry a token, and then has 0x01 and 0x02 among its answers
};

// 0x05 says of append and prepend that there is nothing to append to, or that the sum would be too
// large: servers do not tell which. Of add and replace memcached says 0x02 and 0x01, never 0x05,
// but the text protocol's word for a failed condition is the same, and so is the meaning.
// clang-format off
constexpr conditions table[] = {
    //                 not found, exists, not stored, guarded
    {command::get,     true,  false, false, false},
    {command::gat,     true,  false, false, false},
    {command::touch,   true,  false, false, false},
    {command::set,     false, false, false, true},
    {command::add,     false, true,  true,  false},
    {command::replace, true,  false, true,  false},
    {command::append,  true,  false, true,  false},
    {command::prepend, true,  false, true,  false},
    {command::del,     true,  false, false, true},
    {command::incr,    true,  false, false, false},
    {command::decr,    true,  false, false, false},
    {command::flush,   false, false, false, false},
    {command::stat,    true,  false, false, false},
    {command::noop,    false, false, false, false},
    {command::version, false, false, false, false},
};
// clang-format on

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(table); ++i) {
        if (static_cast<std::size_t>(table[i].what) != i) return false;
    }
    return std::size(table) == command_count;
}
static_assert(is_in_order());

}  // namespace

outcome outcome_of_refusal(command what, bool guarded, status raw) noexcept {
    const conditions& c = table[static_cast<std::size_t>(what)];
    const bool compared = guarded && c.is_guarded;
    switch (raw) {
        case status::not_found:
            return c.not_found || compared ? outcome::absent : outcome::refused;
        case status::exists:
            if (compared) return outcome::exists;
            return c.exists ? outcome::absent : outcome::refused;
        case status::not_stored:
            return c.not_stored ? outcome::absent : outcome::refused;
        default:
            return outcome::refused;
    }
}

}  // namespace kmc::detail
