// What callers asked of a simulated cluster and what they were told, on virtual time: the evidence
// that history_check.hpp judges. Judges nothing itself and starts nothing.
//
//   history log(world.net());
//   const auto id = log.begin({.what = deed::read, .key = "k", .deadline = 250ms, .server = 1});
//   const auto r = co_await world.mc().get("k", {.deadline = 250ms});
//   log.end(id, r ? ... : ending_of(r.error()));
//
// A call whose coroutine is destroyed never ends here, and counts as one that may have happened.
// Values are versions: numbers that the writer chose, unique per key. Order is the order in which
// things were told, which one thread makes exact; time only matters for deadlines and expiry.
//
// Where keys may move from server to server, servers have to be witnesses: what each of them
// carried out is told with executed(), and which server may have had to do with a key by begin(),
// moved() and died().

#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include <kmc/error.hpp>
#include <kmc/health.hpp>
#include <kmc/time.hpp>

#include "sim/sim_net.hpp"

namespace kmc::sim {

enum class deed : std::uint8_t {
    read,   // wants the value
    ask,    // wants to know whether there is one, as touch does
    store,  // puts a value; also only where there is none, as add does
    erase,  // removes what is there
    count,  // adds 1 to a number that nobody stores or removes
};

enum class ending : std::uint8_t {
    open,      // nobody was told anything (yet)
    done,      // it happened; a read has a value, an ask found one
    absent,    // there was nothing
    present,   // a store that was declined because there was something
    unknown,   // an error; it may have happened
    not_done,  // an error; it cannot have happened
};

[[nodiscard]] inline ending ending_of(const error& e) noexcept {
    return e.maybe_executed() ? ending::unknown : ending::not_done;
}

// A place in the order of everything that was told.
using moment = std::uint64_t;
inline constexpr moment end_of_time = std::numeric_limits<moment>::max();

inline constexpr std::size_t no_call = std::numeric_limits<std::size_t>::max();

struct past_call {
    deed what = deed::read;
    std::string key;
    std::uint64_t version = 0;  // that a store writes
    duration deadline{};        // zero: none to be held to
    duration ttl{};             // of a store; zero: for ever
    std::size_t server = 0;     // that owns the key when the call begins
    // The call on the same key that was asked to take effect before it: an earlier entry of the
    // same batch. no_call: none.
    std::size_t after = no_call;

    bool is_direct = false;  // done to a server's memory, without the client

    // The rest is the history's.
    ending how = ending::open;
    std::uint64_t seen = 0;  // the version that a read gave, or history::nobodys
    moment began = 0;
    moment ended = end_of_time;
    time_point began_at{};
    time_point ended_at{};
    duration frozen{};  // how long the client stood still meanwhile
};

class history {
public:
    // What a value is that is none of its key's: somebody else's, torn, stale.
    static constexpr std::uint64_t nobodys = std::numeric_limits<std::uint64_t>::max();

    using id = std::size_t;

    explicit history(const sim_net& net) noexcept : net_(&net) {}

    // --- what callers tell ----------------------------------------------------------------------

    id begin(past_call call);
    void end(id, ending how, std::uint64_t seen = 0);
    // The same for what is found in a server's memory, or was put there, without the client.
    void found(std::string key, std::size_t server, std::uint64_t version);
    void found_nothing(std::string key, std::size_t server);
    void planted(std::string key, std::size_t server, std::uint64_t version);
    // What a number that was counted up from 0 came to in the end.
    void counted(std::string key, std::size_t server, std::uint64_t number);

    // --- what the world tells -------------------------------------------------------------------

    // That server forgot everything: a new process, a flush.
    void lost_memory(std::size_t server);
    // From now on servers are witnesses, and the client does this with keys of dead ones.
    void expect_witnesses(on_dead policy) noexcept {
        has_witnesses_ = true;
        policy_ = policy;
    }
    // What that server did, when it did it. `version` of values that were found or stored;
    // `nobodys` of those that are none of their key's.
    void executed(deed what, std::string key, std::size_t server, ending how,
                  std::uint64_t version);
    // There is a new list of servers, and with it the key is that one's.
    void moved(std::string key, std::size_t server);
    // The client takes that server for dead: others may stand in for it.
    void died(std::size_t server);
    // What that server's silence seems to say (a miss, a removal) proves nothing: some of its
    // replies are withheld or overtaken, which no client can tell. Values have to be right all the
    // same.
    void distrust_silence(std::size_t server);
    // The client stood still for so long, and could not have ended any call.
    void froze(duration);
    // Nothing is under way any more, neither here nor at the servers: what may have happened has
    // happened by now, or never will.
    void settled() noexcept { settled_ = ++now_; }

    // --- the evidence ---------------------------------------------------------------------------

    struct loss {
        std::size_t server;
        moment when;
    };
    struct tally {
        std::string key;
        std::size_t server;
        std::uint64_t number;
    };
    struct execution {
        deed what;
        std::string key;
        std::size_t server;
        ending how;
        std::uint64_t version;
        moment when;
    };
    struct place {
        std::string key;
        std::size_t server;
        moment since;
    };
    [[nodiscard]] bool has_witnesses() const noexcept { return has_witnesses_; }
    [[nodiscard]] on_dead policy() const noexcept { return policy_; }
    [[nodiscard]] const std::deque<execution>& executions() const noexcept { return executions_; }
    [[nodiscard]] const std::deque<place>& moves() const noexcept { return moves_; }
    [[nodiscard]] const std::vector<loss>& deaths() const noexcept { return deaths_; }
    // Whether any server's silence proves nothing.
    [[nodiscard]] bool is_any_distrusted() const noexcept { return !distrusted_.empty(); }
    [[nodiscard]] const std::deque<past_call>& calls() const noexcept { return calls_; }
    [[nodiscard]] const std::vector<loss>& losses() const noexcept { return losses_; }
    [[nodiscard]] const std::vector<tally>& tallies() const noexcept { return tallies_; }
    [[nodiscard]] bool is_distrusted(std::size_t server) const noexcept;
    [[nodiscard]] moment settled_at() const noexcept { return settled_; }
    // Of everything that was told to callers, and when: same seed, same number.
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

private:
    void instant(past_call call, ending how, std::uint64_t seen);

    const sim_net* net_;
    std::deque<past_call> calls_;
    std::deque<execution> executions_;
    std::deque<place> moves_;
    std::vector<loss> losses_;
    std::vector<loss> deaths_;
    std::vector<tally> tallies_;
    std::vector<std::size_t> distrusted_;
    moment now_ = 0;
    moment settled_ = end_of_time;
    duration frozen_{};
    bool has_witnesses_ = false;
    on_dead policy_ = on_dead::fail_fast;
    std::uint64_t hash_ = 0;
};

// One line about a call: "store k version 3, began at 0.012 s, ended at 0.013 s: done".
[[nodiscard]] std::string to_text(const past_call& call);
[[nodiscard]] std::string to_text(const history::execution& done);

}  // namespace kmc::sim
