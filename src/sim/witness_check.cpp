#include "sim/witness_check.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace kmc::sim {
namespace {

using execution = history::execution;

[[nodiscard]] bool may_have_happened(const past_call& c) noexcept {
    return c.how != ending::not_done;
}

class witness_judge {
public:
    witness_judge(const history& log, const key_evidence& of, std::vector<std::string>& findings)
        : log_(log), of_(of), findings_(findings) {
        for (const past_call* c : of_.calls) {
            if (c->what == deed::store && !c->is_direct) writers_.emplace(c->version, c);
        }
        for (const execution* e : of_.did) {
            if (e->what == deed::store && e->how == ending::done) stored_.emplace(e->version, e);
        }
    }

    void judge_all() {
        for (const past_call* c : of_.calls) {
            if (!c->is_direct) judge_answer(*c);
        }
        for (const execution* e : of_.did) {
            judge_place(*e);
            if (e->what == deed::store && e->how == ending::done) judge_store(*e);
        }
        judge_numbers();
        for (const auto& [version, c] : writers_) judge_order(*c);
    }

private:
    void judge_answer(const past_call& c) {
        if (c.how == ending::open || c.how == ending::unknown || c.how == ending::not_done) return;
        // That there was nothing may have been told by silence.
        if (c.how == ending::absent && log_.is_any_distrusted()) return;
        // What is silently done of a liar is believed when something later is answered.
        if (c.what != deed::read && log_.is_any_distrusted()) return;
        const bool has_witness =
            std::any_of(of_.did.begin(), of_.did.end(), [&](const execution* e) {
                if (e->when < c.began || e->when > c.ended) return false;
                if (e->what != c.what || e->how != c.how) return false;
                if (c.what == deed::read) return e->version == c.seen;
                return c.what != deed::store || c.how != ending::done || e->version == c.version;
            });
        if (!has_witness) blame("an answer that no server gave", to_text(c));
    }

    // Writes are never sent again, once they may have come to a server.
    void judge_store(const execution& e) {
        const auto writer = writers_.find(e.version);
        if (writer == writers_.end() || writer->second->began > e.when) {
            return blame("a store that nobody asked for", to_text(e));
        }
        const past_call& c = *writer->second;
        if (c.how == ending::not_done || c.how == ending::present) {
            blame("a store that was said not to have happened", to_text(e));
        }
        if (stored_.count(e.version) > 1) blame("a store that was done twice", to_text(e));
    }

    // Removals and steps have no names: their number tells.
    void judge_numbers() {
        for (const deed what : {deed::erase, deed::count}) {
            const auto asked = std::count_if(
                of_.calls.begin(), of_.calls.end(),
                [&](const past_call* c) { return c->what == what && may_have_happened(*c); });
            std::ptrdiff_t done = 0;
            const execution* last = nullptr;
            for (const execution* e : of_.did) {
                if (e->what != what) continue;
                ++done;
                last = e;
            }
            if (done > asked) blame("more was done than was asked for", to_text(*last));
        }
    }

    void judge_order(const past_call& second) {
        if (second.after == no_call) return;
        const past_call& first = log_.calls()[second.after];
        if (first.what != deed::store) return;
        const auto later = stored_.find(second.version);
        const auto earlier = stored_.find(first.version);
        if (later == stored_.end() || earlier == stored_.end()) return;
        if (later->second->server != earlier->second->server) return;
        if (later->second->when > earlier->second->when) return;
        blame("a batch that was carried out in another order", to_text(*later->second));
    }

    void judge_place(const execution& e) {
        const auto belongs = [&](std::size_t server) {
            return std::any_of(of_.calls.begin(), of_.calls.end(),
                               [&](const past_call* c) {
                                   return c->server == server && c->began < e.when;
                               }) ||
                   std::any_of(of_.moves.begin(), of_.moves.end(), [&](const history::place* p) {
                       return p->server == server && p->since < e.when;
                   });
        };
        if (belongs(e.server)) return;
        const auto& deaths = log_.deaths();
        const bool may_stand_in =
            log_.policy() != on_dead::fail_fast &&
            std::any_of(deaths.begin(), deaths.end(), [&](const history::loss& death) {
                // A ring that is built anew may move anybody's keys.
                return death.when < e.when && death.server != e.server &&
                       (log_.policy() == on_dead::rebuild || belongs(death.server));
            });
        if (!may_stand_in) blame("a server that the key was never on", to_text(e));
    }

    void blame(std::string_view what, const std::string& whom) {
        std::string text = std::string(what) + ": " + whom;
        std::map<moment, std::string> all;
        for (const past_call* c : of_.calls) all.emplace(c->began, to_text(*c));
        for (const execution* e : of_.did) all.emplace(e->when, to_text(*e));
        for (const history::place* p : of_.moves) {
            all.emplace(p->since, "the key is now on server " + std::to_string(p->server) + " (" +
                                      std::to_string(p->since) + ")");
        }
        for (const history::loss& death : log_.deaths()) {
            all.emplace(death.when, "server " + std::to_string(death.server) +
                                        " is taken for dead (" + std::to_string(death.when) + ")");
        }
        for (const auto& [when, line] : all) text += "\n    " + line;
        findings_.push_back(std::move(text));
    }

    const history& log_;
    const key_evidence& of_;
    std::vector<std::string>& findings_;
    std::map<std::uint64_t, const past_call*> writers_;      // by version
    std::multimap<std::uint64_t, const execution*> stored_;  // by version
};

}  // namespace

bool key_evidence::stayed() const noexcept {
    if (calls.empty()) return false;
    const std::size_t server = calls.front()->server;
    const auto is_there = [&](const auto* each) { return each->server == server; };
    return std::all_of(calls.begin(), calls.end(), is_there) &&
           std::all_of(did.begin(), did.end(), is_there);
}

void judge_witnesses(const history& log, const key_evidence& of,
                     std::vector<std::string>& findings) {
    witness_judge(log, of, findings).judge_all();
}

}  // namespace kmc::sim
