// One request as the codecs see it: views and numbers, no protocol bytes.

#pragma once

#include <cstdint>
#include <string_view>

#include <kmc/shared_bytes.hpp>

namespace kmc::detail {

/// What is asked. Values are kmc's own; src/protocol/command.hpp says what each means and the
/// codecs what it looks like on the wire.
enum class command : std::uint8_t {
    get,
    gat,
    touch,
    set,
    add,
    replace,
    append,
    prepend,
    del,
    incr,
    decr,
    flush,
    stat,
    noop,
    version,
};

/// What incr and decr carry instead of a value.
struct counter_step {
    std::uint64_t delta = 0;
    std::uint64_t initial = 0;  ///< Stored as it is when the counter is created.
};

struct request {
    /// As `expiry` of incr and decr: a counter that is not there is not created.
    static constexpr std::uint32_t no_creation = 0xffffffff;

    const char* key = nullptr;
    union {
        const char* value = nullptr;  ///< Of stores; `value_size` bytes.
        shared_block* block;          ///< The same, if is_shared.
        const counter_step* step;     ///< Of incr and decr, whose value_size is 0.
    };
    std::uint32_t value_size = 0;
    std::uint16_t key_size = 0;  ///< 1..250 once checked; 0 for commands without a key.
    command what = command::noop;
    bool is_loud : 1 = false;      ///< Wants an answer of its own even where silence would tell.
    bool is_shared : 1 = false;    ///< The value is sent from its block, without a copy.
    bool is_stand_in : 1 = false;  ///< Goes to another server than the key's: no tokens.
    std::uint32_t flags = 0;       ///< Of stores.
    std::uint32_t expiry = 0;  ///< As on the wire (kmc::expiry::wire); flush: the delay in seconds.
    std::uint64_t cas = 0;     ///< 0: unconditional. Of set and del only.

    [[nodiscard]] std::string_view key_view() const noexcept { return {key, key_size}; }
    [[nodiscard]] std::string_view value_view() const noexcept {
        return is_shared ? block->bytes() : std::string_view(value, value_size);
    }
};

}  // namespace kmc::detail
