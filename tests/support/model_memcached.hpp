// memcached 1.6.18 as a function of bytes: what it answers, in which bursts, and when it hangs up.
// No sockets, no clock. One store per server process, one session per connection.
//
//   model_store store;
//   model_session session(store);
//   session.feed(request_bytes);
//   std::string out;
//   while (session.step(now_seconds, out) == model_session::state::more) {}
//
// Knows GET SET ADD REPLACE DELETE INCR DECR APPEND PREPEND TOUCH GAT (quiet and K forms too),
// FLUSH, NOOP, VERSION, QUIT and a little STAT. No SASL, no slabs (memory is never full), no text
// protocol beyond saying ERROR.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace kmc::testing {

struct model_options {
    std::size_t item_size_max = 1024 * 1024;
    bool cas = true;         // false: as with -C
    bool text_only = false;  // as with -B ascii: answers ERROR to each newline
    std::uint32_t requests_per_event = 20;
    std::string version = "1.6.18";
};

class model_store {
public:
    struct item {
        std::string value;
        std::uint32_t flags = 0;
        std::uint32_t expires = 0;  // in `now` seconds; 0: never
        std::uint64_t cas = 0;
    };

    explicit model_store(model_options options = {}) : options_(std::move(options)) {}

    [[nodiscard]] const model_options& options() const noexcept { return options_; }
    // The live item, or null. Expired ones are dropped.
    [[nodiscard]] item* find(const std::string& key, std::uint64_t now);
    item& put(const std::string& key, item fresh) { return items_[key] = std::move(fresh); }
    [[nodiscard]] bool fits(std::size_t key_size, const item&) const noexcept;
    bool erase(const std::string& key) { return items_.erase(key) != 0; }
    [[nodiscard]] std::uint64_t next_cas() noexcept { return options_.cas ? ++cas_ : 0; }
    void flush(std::uint64_t now, std::uint32_t delay);
    // A process started anew: empty, CAS from 1.
    void clear();
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    // Requests executed, for "was it sent once?" questions.
    std::uint64_t requests = 0;

private:
    model_options options_;
    std::unordered_map<std::string, item> items_;
    std::uint64_t cas_ = 0;
    std::optional<std::uint64_t> flush_at_;
};

class model_session {
public:
    enum class state : std::uint8_t {
        idle,      // needs more input
        more,      // a burst is done; step again
        finished,  // send what was given out, then FIN
        broken,    // RST, or FIN with unread input: nothing more is given out
    };

    explicit model_session(model_store& store) noexcept : store_(&store) {}

    void feed(std::string_view bytes);
    // Handles one burst of requests and appends what the server sends now to `out`.
    state step(std::uint64_t now_seconds, std::string& out);

private:
    struct frame;
    // What a request leaves the connection in.
    enum class verdict : std::uint8_t {
        next,   // the reply waits for the end of the burst
        flush,  // the replies so far are sent at once
        wait,   // more input is needed, and what was answered already may be sent
        hold,   // more input is needed, and nothing is sent until it is there
        close,  // send, then FIN
        abort,  // close, unsent replies are lost
    };

    [[nodiscard]] verdict one(std::uint64_t now);
    [[nodiscard]] verdict execute(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict get(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict store(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict concatenate(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict arithmetic(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict touch(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict del(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict stat(const frame& f);
    [[nodiscard]] verdict invalid(const frame& f);
    [[nodiscard]] verdict unknown(const frame& f, std::uint64_t swallow);
    [[nodiscard]] verdict fail(const frame& f, std::uint16_t status);
    [[nodiscard]] verdict done(const frame& f, std::uint64_t cas, std::string_view value = {});
    void answer(const frame& f, std::uint16_t status, std::uint64_t cas, std::string_view extras,
                std::string_view key, std::string_view value);
    state answer_text(std::string& out);

    model_store* store_;
    std::string input_;
    std::size_t used_ = 0;
    std::string replies_;  // made, not yet handed to the socket
    std::uint64_t swallow_ = 0;
    std::uint32_t budget_ = 0;  // requests before the next yield
    bool seen_any_ = false;
    bool is_text_ = false;
};

}  // namespace kmc::testing
