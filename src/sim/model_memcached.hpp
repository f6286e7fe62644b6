// memcached 1.6.18 as a function of bytes: what it answers, in which bursts, and when it hangs up.
// No sockets, no clock. One store per server process, one session per connection.
//
//   model_store store;
//   model_session session(store);
//   session.feed(request_bytes);
//   std::string out;
//   while (session.step(now_seconds, out) == model_session::state::more) {}
//
// Frames, bursts and hang-ups are told here; what a command does with items, in model_store.hpp.
// Knows GET SET ADD REPLACE DELETE INCR DECR APPEND PREPEND TOUCH GAT (quiet and K forms too),
// FLUSH, NOOP, VERSION, QUIT and STAT, whose groups have fewer lines than the real ones. No SASL,
// no text protocol beyond saying ERROR.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sim/model_store.hpp"

namespace kmc::sim {

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
    [[nodiscard]] verdict obey(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict get(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict store(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict concatenate(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict arithmetic(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict touch(const frame& f, std::uint64_t now);
    [[nodiscard]] verdict stat(const frame& f, std::uint64_t now);
    void tell(model_store::done what, const frame& f, const model_store::answer& a,
              std::uint64_t now);
    [[nodiscard]] verdict refuse(const frame& f, std::uint16_t status);
    [[nodiscard]] verdict reply_to(const frame& f, const model_store::answer& a);
    [[nodiscard]] verdict miss(const frame& f);
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

}  // namespace kmc::sim
