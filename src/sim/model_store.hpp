// What memcached 1.6.18 does with items: the rules of its commands, as functions of a store and a
// clock. Knows no frames: model_memcached.hpp turns bytes into these calls and answers into bytes.
//
// No slabs (memory is never full; ask for out of memory with refuse()), no LRU, no counters of
// prefixes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kmc::sim {

namespace answered {
inline constexpr std::uint16_t ok = 0x00;
inline constexpr std::uint16_t not_found = 0x01;
inline constexpr std::uint16_t exists = 0x02;
inline constexpr std::uint16_t too_large = 0x03;
inline constexpr std::uint16_t invalid = 0x04;
inline constexpr std::uint16_t not_stored = 0x05;
inline constexpr std::uint16_t not_a_number = 0x06;
inline constexpr std::uint16_t auth_error = 0x20;
inline constexpr std::uint16_t unknown_command = 0x81;
inline constexpr std::uint16_t out_of_memory = 0x82;
}  // namespace answered

struct model_options {
    std::size_t item_size_max = 1024 * 1024;
    bool cas = true;            // false: as with -C
    bool flush_enabled = true;  // false: as with -F
    bool text_only = false;     // as with -B ascii: answers ERROR to each newline
    std::uint32_t requests_per_event = 20;
    std::string version = "1.6.18";
};

// A request that is to be refused, for tables of errors. The server answers, and does what goes
// with the status: after 0x03 and 0x82 the old value of a set is gone, after 0x04 and 0x20 (but of
// a flush) it hangs up.
struct model_fault {
    std::optional<std::uint8_t> opcode = {};  // a loud one, meant for its quiet form too; none: any
    std::string key = {};                     // empty: any
    std::uint16_t status = answered::out_of_memory;
    std::uint32_t times = std::numeric_limits<std::uint32_t>::max();
};

class model_store {
public:
    struct item {
        std::string value;
        std::uint32_t flags = 0;
        std::uint32_t expires = 0;  // in `now` seconds; 0: never
        std::uint64_t cas = 0;
        std::uint64_t stored = 0;  // in `now` seconds
    };

    // What a command came to. `found` is the item it has left behind or read, if any.
    struct answer {
        std::uint16_t status = answered::ok;
        const item* found = nullptr;
        std::uint64_t number = 0;
    };

    enum class condition : std::uint8_t { none, absent, present };  // set, add, replace
    enum class side : std::uint8_t { back, front };                 // append, prepend
    enum class direction : std::uint8_t { up, down };               // incr, decr
    struct step {
        std::uint64_t delta = 0;
        std::uint64_t initial = 0;
        std::uint32_t expiry = 0;  // as on the wire; 0xffffffff: not created
    };

    explicit model_store(model_options options = {}) : options_(std::move(options)) {}

    [[nodiscard]] const model_options& options() const noexcept { return options_; }

    // The commands. A token of 0 is none; expiries are those of the wire.
    answer store(condition when, const std::string& key, std::string_view value,
                 std::uint32_t flags, std::uint32_t expiry, std::uint64_t token, std::uint64_t now);
    answer join(side where, const std::string& key, std::string_view value, std::uint64_t token,
                std::uint64_t now);
    answer count(direction where, const std::string& key, const step& by, std::uint64_t token,
                 std::uint64_t now);
    answer touch(const std::string& key, std::uint32_t expiry, std::uint64_t now);
    answer remove(const std::string& key, std::uint64_t token, std::uint64_t now);
    answer flush(std::uint32_t delay, std::uint64_t now);
    // A value that is refused by its size: the old value of a set goes with it.
    answer too_large(condition when, const std::string& key);

    // The live item, or null. Expired ones are dropped.
    [[nodiscard]] item* find(const std::string& key, std::uint64_t now);
    item& put(const std::string& key, item fresh) { return items_[key] = std::move(fresh); }
    [[nodiscard]] bool fits(std::size_t key_size, const item&) const noexcept;
    bool erase(const std::string& key) { return items_.erase(key) != 0; }
    [[nodiscard]] std::uint64_t next_cas() noexcept { return options_.cas ? ++cas_ : 0; }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

    // From now on such requests are refused. The first fault that fits a request is taken.
    void refuse(model_fault what) { faults_.push_back(std::move(what)); }
    void refuse_nothing() noexcept { faults_.clear(); }
    [[nodiscard]] std::optional<std::uint16_t> refusal_of(std::uint8_t opcode,
                                                          std::string_view key);

    // Sees every command on an item that a session carried out, as it is carried out: for those who
    // judge what callers were told of it. Of a get that touches, only the get.
    enum class done : std::uint8_t { get, store, join, count, touch, remove };
    std::function<void(done what, const std::string& key, const answer&, std::uint64_t now)> watch;

    // A process started anew: empty, CAS from 1.
    void clear();
    // Requests executed, for "was it sent once?" questions.
    std::uint64_t requests = 0;

private:
    [[nodiscard]] bool is_stale(const item& old, std::uint64_t token) const noexcept {
        return token != 0 && options_.cas && old.cas != token;
    }
    answer link(const std::string& key, item fresh, std::uint64_t now);

    model_options options_;
    std::unordered_map<std::string, item> items_;
    std::vector<model_fault> faults_;
    std::uint64_t cas_ = 0;
    std::optional<std::uint64_t> flush_at_;  // what was stored up to then is gone from then on
};

}  // namespace kmc::sim
