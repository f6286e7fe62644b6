#include "sim/history_check.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>

#include "sim/witness_check.hpp"

namespace kmc::sim {
namespace {

// When a write can have taken effect, and when it certainly had.
struct effect {
    const past_call* by = nullptr;  // null: nobody's call (the beginning, a loss of memory)
    bool stores = false;
    moment first = 0;
    moment last = end_of_time;
    moment certain = end_of_time;  // end_of_time: never for certain
    // When a later entry of its own batch had certainly replaced it.
    moment replaced = end_of_time;
};

[[nodiscard]] bool may_have_happened(const past_call& c) noexcept {
    return c.how == ending::done || c.how == ending::unknown || c.how == ending::open;
}

class key_judge {
public:
    key_judge(const history& log, const std::vector<const past_call*>& calls, judgement& out)
        : log_(log), calls_(calls), out_(out), server_(calls.front()->server) {
        collect();
        learn_from_reads();
        learn_from_order();
    }

    void judge_all() {
        for (const past_call* c : calls_) {
            switch (c->how) {
                case ending::done:
                    if (c->what == deed::read) judge_value(*c);
                    if (c->what == deed::ask || c->what == deed::erase) judge_presence(*c);
                    break;
                case ending::absent:
                    judge_absence(*c);
                    break;
                case ending::present:
                    judge_presence(*c);
                    break;
                case ending::open:
                case ending::unknown:
                case ending::not_done:
                    break;
            }
        }
    }

private:
    void collect() {
        effects_.push_back({.last = 0, .certain = 0});
        for (const history::loss& loss : log_.losses()) {
            if (loss.server != server_) continue;
            effects_.push_back({.first = loss.when, .last = loss.when, .certain = loss.when});
        }
        for (const past_call* c : calls_) {
            const bool stores = c->what == deed::store;
            if ((!stores && c->what != deed::erase) || !may_have_happened(*c)) continue;
            effect e{.by = c, .stores = stores, .first = c->began};
            if (c->how == ending::done) {
                e.last = e.certain = c->ended;
            } else {
                e.last = log_.settled_at();
            }
            effects_.push_back(e);
        }
    }

    // What was seen has happened by then.
    void learn_from_reads() {
        for (const past_call* c : calls_) {
            if (c->what != deed::read || c->how != ending::done) continue;
            for (effect& e : effects_) {
                if (!e.stores || e.by->version != c->seen || e.first > c->ended) continue;
                e.last = std::min(e.last, c->ended);
                e.certain = std::min(e.certain, c->ended);
            }
        }
    }

    // Entries of a batch come later than those they were asked to follow.
    void learn_from_order() {
        for (std::size_t i = effects_.size(); i-- > 0;) {
            const effect& e = effects_[i];
            if (e.by == nullptr || e.by->after == no_call) continue;
            const past_call* first = &log_.calls()[e.by->after];
            for (effect& f : effects_) {
                if (f.by == first) f.replaced = std::min({f.replaced, e.replaced, e.certain});
            }
        }
    }

    // The latest begin among what had certainly happened before: an effect that was over by then
    // had been overwritten.
    [[nodiscard]] moment overwritten_before(moment when) const noexcept {
        moment latest = 0;
        for (const effect& e : effects_) {
            if (e.certain < when) latest = std::max(latest, e.first);
        }
        return latest;
    }

    [[nodiscard]] static bool is_current(const effect& e, const past_call& c,
                                         moment overwritten) noexcept {
        return e.by != &c && e.first < c.ended && e.last >= overwritten && e.replaced >= c.began;
    }

    void judge_value(const past_call& c) {
        if (c.seen == history::nobodys) return blame(c, "another key's value, or a torn one");
        const moment overwritten = overwritten_before(c.began);
        bool was_written = false;
        for (const effect& e : effects_) {
            if (!e.stores || e.by->version != c.seen) continue;
            if (is_current(e, c, overwritten)) return;
            was_written = true;
        }
        if (was_written) return blame(c, "a value that something else had replaced, or too early");
        for (const past_call* each : calls_) {
            if (each->what == deed::store && each->version == c.seen) {
                return blame(c, "a value whose store was said not to have happened");
            }
        }
        blame(c, "a value that nobody wrote");
    }

    void judge_absence(const past_call& c) {
        if (log_.is_distrusted(server_)) return;
        const moment overwritten = overwritten_before(c.began);
        for (const effect& e : effects_) {
            if (!is_current(e, c, overwritten)) continue;
            if (!e.stores || may_have_expired(*e.by, c)) return;
        }
        blame(c, "a miss of what was there");
    }

    void judge_presence(const past_call& c) {
        if (c.what == deed::erase && log_.is_distrusted(server_)) return;
        const moment overwritten = overwritten_before(c.began);
        for (const effect& e : effects_) {
            if (e.stores && is_current(e, c, overwritten)) return;
        }
        blame(c, "said to be there, and was not");
    }

    // Servers count whole seconds, so up to one of them is cut off.
    [[nodiscard]] static bool may_have_expired(const past_call& store,
                                               const past_call& c) noexcept {
        if (store.ttl == duration::zero()) return false;
        return c.ended_at >= store.began_at + store.ttl - std::chrono::seconds(1);
    }

    void blame(const past_call& c, std::string_view what) {
        std::string text = std::string(what) + ": " + to_text(c);
        for (const past_call* each : calls_) {
            if (each->began < c.ended) text += "\n    " + to_text(*each);
        }
        for (const history::loss& loss : log_.losses()) {
            if (loss.server != server_) continue;
            text += "\n    the server lost its memory (" + std::to_string(loss.when) + ")";
        }
        out_.findings.push_back(std::move(text));
    }

    const history& log_;
    const std::vector<const past_call*>& calls_;
    judgement& out_;
    std::size_t server_;
    std::vector<effect> effects_;
};

void judge_time(const past_call& c, const check_limits& limits, judgement& out) {
    if (c.how == ending::open || c.deadline == duration::zero()) return;
    const duration took = c.ended_at - c.began_at;
    if (took <= c.deadline + c.frozen + limits.lateness) return;
    const duration over = took - c.deadline - c.frozen;
    out.findings.push_back(
        "too late by " +
        std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(over).count()) +
        " us: " + to_text(c));
}

void judge_number(const history& log, const history::tally& tally, judgement& out) {
    const bool was_lost =
        std::any_of(log.losses().begin(), log.losses().end(),
                    [&](const history::loss& loss) { return loss.server == tally.server; });
    std::uint64_t certain = 0;
    std::uint64_t possible = 0;
    for (const past_call& c : log.calls()) {
        if (c.what != deed::count || c.key != tally.key) continue;
        certain += c.how == ending::done;
        possible += may_have_happened(c);
    }
    if ((was_lost || tally.number >= certain) && tally.number <= possible) return;
    out.findings.push_back("a number that cannot be: '" + tally.key + "' is " +
                           std::to_string(tally.number) + " after " + std::to_string(certain) +
                           " acknowledged steps of " + std::to_string(possible) + " possible ones");
}

void count(const past_call& c, evidence& seen) noexcept {
    seen.values += c.what == deed::read && c.how == ending::done;
    seen.misses += c.how == ending::absent;
    seen.stores += c.what == deed::store && c.how == ending::done;
    seen.unknowns += c.how == ending::unknown;
    seen.errors += c.how == ending::unknown || c.how == ending::not_done;
}

}  // namespace

evidence& evidence::operator+=(const evidence& more) noexcept {
    values += more.values;
    misses += more.misses;
    stores += more.stores;
    errors += more.errors;
    unknowns += more.unknowns;
    executions += more.executions;
    movers += more.movers;
    return *this;
}

judgement judge(const history& log, const check_limits& limits) {
    judgement out;
    std::map<std::string_view, key_evidence> by_key;
    for (const past_call& c : log.calls()) {
        judge_time(c, limits, out);
        count(c, out.seen);
        by_key[c.key].calls.push_back(&c);
    }
    for (const history::execution& e : log.executions()) by_key[e.key].did.push_back(&e);
    for (const history::place& p : log.moves()) by_key[p.key].moves.push_back(&p);
    for (const auto& [key, of] : by_key) {
        if (log.has_witnesses()) {
            judge_witnesses(log, of, out.findings);
            out.seen.executions += of.did.size();
            if (!of.stayed()) {
                ++out.seen.movers;
                continue;
            }
        }
        if (of.calls.front()->what != deed::count) key_judge(log, of.calls, out).judge_all();
    }
    for (const history::tally& tally : log.tallies()) judge_number(log, tally, out);
    return out;
}

}  // namespace kmc::sim
