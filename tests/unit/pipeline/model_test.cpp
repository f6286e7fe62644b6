// Random conversations against a model that knows what each request must be told. Repeat a failing
// one with the seed it prints: KMC_SEED=... kmc_unit_tests "nobody gets*"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "harness.hpp"
#include "pipeline/pipeline.hpp"
#include "support/seed.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::detail::command;
using kmc::detail::pipeline_limits;
using kmc::detail::rng;
using kmc::detail::status;

namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

// What the model knows about one request.
struct fate {
    std::size_t settled_at = never;  // position in the server's stream that proves the answer
    status expected{};
    std::string value;
    std::uint64_t cas = 0;
    std::uint64_t number = 0;
    bool is_implied = false;
    std::vector<std::pair<std::string, std::string>> parts = {};  // of a stat
};

// The loud opcode of a quiet one; of a loud one, itself.
std::uint8_t loud_form(std::uint8_t code) {
    static const std::map<std::uint8_t, std::uint8_t> forms{
        {opcode::getq, opcode::get},         {opcode::gatq, opcode::gat},
        {opcode::setq, opcode::set},         {opcode::addq, opcode::add},
        {opcode::replaceq, opcode::replace}, {opcode::appendq, opcode::append},
        {opcode::prependq, opcode::prepend}, {opcode::delq, opcode::del},
        {opcode::incrq, opcode::incr},       {opcode::decrq, opcode::decr},
        {opcode::flushq, opcode::flush},
    };
    const auto found = forms.find(code);
    return found == forms.end() ? code : found->second;
}

// A caller and what it must be told.
struct caller {
    spy_node node;
    std::vector<fate> fates;
};

// A request on the wire: of a caller, or of one that left.
struct wired {
    std::shared_ptr<caller> from;  // null once abandoned
    std::size_t index = 0;
    request_frame frame;
    std::size_t settled_at = never;
};

class conversation {
public:
    explicit conversation(std::uint64_t seed) : random_(seed) { connect(); }

    void step() {
        const std::uint64_t dice = random_.below(100);
        if (dice < 20) {
            add_caller();
        } else if (dice < 45) {
            flush();
        } else if (dice < 65) {
            serve(1 + random_.below(8));
        } else if (dice < 95) {
            deliver(1 + random_.below(random_.below(4) == 0 ? 2000 : 60));
        } else if (dice < 99) {
            abandon_somebody();
        } else {
            lose_connection();
        }
        check();
    }

    // Lets everything end well: afterwards nothing is left anywhere.
    void finish() {
        while (!pending_.empty() || !wire_->pipeline.empty()) {
            flush();
            serve(1000);
            deliver(never);
            check();
        }
        CHECK(wire_->tx.empty());
        CHECK(wire_->rx.empty());
        for (const auto& c : callers_) CHECK(c->node.completions == 1);
    }

    std::size_t hits = 0, misses = 0, landed = 0, lost = 0, abandoned = 0;
    std::size_t counted = 0, with_parts = 0, without_end = 0, implied = 0;

private:
    bool one_in(std::uint64_t n) { return random_.below(n) == 0; }

    void connect() {
        const pipeline_limits limits{.max_slots = 16,
                                     .run_requests = 6,
                                     .run_bytes = 500,
                                     .landing_bytes = 64,
                                     .value_bytes_max = 600};
        const auto first = one_in(2) ? static_cast<std::uint32_t>(random_.next())
                                     : 0xffffffffU - static_cast<std::uint32_t>(random_.below(64));
        wire_ = std::make_unique<wire>(first, limits);
        next_sequence_ = first;
        on_wire_.clear();
        served_ = 0;
        stream_.clear();
        delivered_ = 0;
    }

    void add_caller() {
        if (pending_.size() > 8) return;
        auto c = std::make_shared<caller>();
        const std::uint64_t count = one_in(3) ? 1 : 1 + random_.below(12);
        for (std::uint64_t i = 0; i < count; ++i) {
            add_request(c->node, "key" + std::to_string(serial_++));
            if (one_in(10)) c->node.loud();
        }
        c->node.takes_blocks = one_in(2);
        c->fates.resize(count);
        callers_.push_back(c);
        pending_.push_back(c);
    }

    void add_request(spy_node& node, const std::string& key) {
        static constexpr command stores[] = {command::set,     command::set,    command::add,
                                             command::replace, command::append, command::prepend};
        switch (random_.below(16)) {
            case 0:
            case 1:
                node.store(stores[random_.below(std::size(stores))], key,
                           std::string(random_.below(120), 's'));
                return;
            case 2:
                node.del(key);
                return;
            case 3:
                one_in(2) ? node.noop() : node.version();
                return;
            case 4:
                node.change(one_in(2) ? command::incr : command::decr, key, {.delta = 1});
                return;
            case 5:
                one_in(2) ? node.touch(key, 60) : node.gat(key, 60);
                return;
            case 6:
                one_in(4) ? node.flush() : node.stat(key);
                return;
            default:
                node.get(key);
        }
    }

    // As a connection does at the end of a turn.
    void flush() {
        const std::size_t room = random_.below(1500);
        while (!pending_.empty() && wire_->tx.size() <= room) {
            const std::shared_ptr<caller> c = pending_.front();
            std::size_t index = c->node.encoded;
            const auto sent = wire_->send(c->node, room - wire_->tx.size());
            if (!sent.empty()) CHECK(sent.back().opcode == loud_form(sent.back().opcode));
            for (const request_frame& frame : sent) {
                REQUIRE(frame.opaque == next_sequence_++);
                REQUIRE(frame.key == c->node.requests[index].key_view());
                if (c->node.requests[index].is_loud) {
                    REQUIRE(frame.opcode == loud_form(frame.opcode));
                }
                on_wire_.push_back({.from = c, .index = index++, .frame = frame});
            }
            REQUIRE(index == c->node.encoded);
            if (c->node.encoded == c->node.count) pending_.pop_front();
            if (sent.empty()) break;
        }
        wire_->tx.clear();
    }

    void serve(std::uint64_t requests) {
        for (; requests != 0 && served_ < on_wire_.size(); --requests) decide(on_wire_[served_++]);
    }

    void decide(wired& w) {
        fate f{.value = ""};
        const std::string bytes =
            w.frame.opcode == opcode::stat ? stat_answer(w, f) : answer_to(w, f);
        stream_ += bytes;
        f.is_implied = bytes.empty() || lacks_end_;
        if (w.from) w.from->fates[w.index] = f;
        if (bytes.empty() || lacks_end_) return;
        settle(served_, stream_.size());
    }

    // A reply that ends here proves itself and the silence before it.
    void settle(std::size_t until, std::size_t ends_at) {
        for (std::size_t i = until; i-- > 0 && on_wire_[i].settled_at == never;) {
            on_wire_[i].settled_at = ends_at;
            if (on_wire_[i].from) on_wire_[i].from->fates[on_wire_[i].index].settled_at = ends_at;
        }
    }

    // Empty: silence.
    std::string answer_to(wired& w, fate& f) {
        lacks_end_ = false;
        const std::uint8_t code = w.frame.opcode;
        const std::uint8_t form = loud_form(code);
        const bool is_quiet = code != form;
        if (form == opcode::get || form == opcode::gat) {
            const std::uint64_t dice = random_.below(10);
            if (dice >= 9) return refuse(w, f, 0x86, "busy: " + w.frame.key);
            if (dice >= 5) {
                f.expected = status::not_found;
                return is_quiet ? "" : refuse(w, f, 0x01, "Not found");
            }
            const std::size_t padding = one_in(3) ? random_.below(500) : random_.below(40);
            f.value = w.frame.key + "=" + std::string(padding, 'v');
            f.cas = random_.next() | 1;
            return hit(w.frame.opaque, f.value, code, 0, f.cas);
        }
        if (form == opcode::noop) return success(w.frame.opaque, code);
        if (form == opcode::version) {
            f.value = "1.6.18";
            return to_bytes({.opcode = code, .opaque = w.frame.opaque, .value = f.value});
        }
        if (one_in(4)) {
            return refuse(w, f, form == opcode::flush ? 0x20 : 0x02, "refused: " + w.frame.key);
        }
        if (is_quiet) return "";
        f.cas = form == opcode::del || form == opcode::flush ? 0 : random_.next();
        if (form == opcode::touch) return hit(w.frame.opaque, "", code, 0, f.cas);
        if (form == opcode::incr || form == opcode::decr) {
            f.number = random_.next();
            std::string bytes = kmc::testing::counted(w.frame.opaque, code, f.number, f.cas);
            f.value = bytes.substr(24);
            return bytes;
        }
        return success(w.frame.opaque, code, f.cas);
    }

    // Parts and an end; or no end, if somebody else's reply will tell it.
    std::string stat_answer(wired& w, fate& f) {
        lacks_end_ = false;
        if (one_in(4)) return refuse(w, f, 0x01, "Not found");
        std::string bytes;
        for (std::uint64_t i = random_.below(5); i != 0; --i) {
            const std::string name = w.frame.key + std::to_string(i);
            f.parts.emplace_back(name, std::string(random_.below(150), 't'));
            bytes += statistic(w.frame.opaque, name, f.parts.back().second);
            // The first part is proof already of the silence before it.
            if (f.parts.size() == 1) settle(served_ - 1, stream_.size() + bytes.size());
        }
        lacks_end_ = !f.parts.empty() && served_ < on_wire_.size() && one_in(4);
        return lacks_end_ ? bytes : bytes + statistic(w.frame.opaque);
    }

    static std::string refuse(const wired& w, fate& f, std::uint16_t raw, std::string text) {
        f.expected = static_cast<status>(raw);
        f.value = std::move(text);
        return refusal(w.frame.opaque, w.frame.opcode, raw, f.value);
    }

    void deliver(std::size_t bytes) {
        const std::string_view part = std::string_view(stream_).substr(delivered_, bytes);
        const std::size_t piece = one_in(3) ? 1 : 1 + random_.below(300);
        wire_->receive(
            part, piece,
            one_in(4) ? wire::receiving::through_feed_only : wire::receiving::as_a_connection);
        delivered_ += part.size();
    }

    void forget(const std::shared_ptr<caller>& c) {
        pending_.erase(std::remove(pending_.begin(), pending_.end(), c), pending_.end());
        callers_.erase(std::remove(callers_.begin(), callers_.end(), c), callers_.end());
        for (wired& w : on_wire_) {
            if (w.from == c) w.from = nullptr;
        }
    }

    void abandon_somebody() {
        if (callers_.empty()) return;
        std::shared_ptr<caller> c = callers_[random_.below(callers_.size())];
        // Complete ones are of no interest: they only make room.
        if (c->node.open != 0) ++abandoned;
        const std::uint32_t in_flight = wire_->pipeline.in_flight();
        wire_->pipeline.abandon(c->node);
        CHECK(wire_->pipeline.in_flight() == in_flight);
        forget(c);
        CHECK(c.use_count() == 1);  // and dies here
    }

    void lose_connection() {
        wire_->pipeline.drain(errc::connection_lost);
        CHECK(wire_->pipeline.empty());
        for (const std::shared_ptr<caller>& c : callers_) {
            for (std::size_t i = 0; i < c->node.count; ++i) {
                const outcome& o = c->node.got[i];
                if (c->fates[i].settled_at <= delivered_) continue;  // checked in every step
                if (i < c->node.encoded) {
                    CHECK(o.is_lost());
                    ++lost;
                } else {
                    CHECK(o.times == 0);
                }
            }
            CHECK(c->node.completions == (c->node.encoded == c->node.count));
        }
        callers_.clear();
        pending_.clear();
        connect();
    }

    void check() {
        REQUIRE_FALSE(wire_->is_broken);
        std::size_t settled = 0;
        for (const wired& w : on_wire_) settled += w.settled_at <= delivered_;
        REQUIRE(wire_->pipeline.in_flight() == on_wire_.size() - settled);
        REQUIRE(wire_->pipeline.in_flight() + wire_->pipeline.room() == 16);

        for (auto it = callers_.begin(); it != callers_.end();) {
            it = check_caller(**it) ? callers_.erase(it) : it + 1;
        }
    }

    // True when the caller has all it asked for; it is then destroyed.
    bool check_caller(const caller& c) {
        std::size_t open = 0;
        for (std::size_t i = 0; i < c.node.count; ++i) {
            const fate& f = c.fates[i];
            const outcome& o = c.node.got[i];
            if (f.settled_at > delivered_) {
                ++open;
                REQUIRE(o.times == 0);
                continue;
            }
            REQUIRE(o.times == 1);
            REQUIRE(o.is_answer);
            REQUIRE(o.status == f.expected);
            REQUIRE(o.value == f.value);
            REQUIRE(o.cas == f.cas);
            REQUIRE(o.number == f.number);
            REQUIRE(o.is_implied == f.is_implied);
            REQUIRE(o.parts == f.parts);
        }
        REQUIRE(c.node.open == open);
        REQUIRE(c.node.completions == (open == 0));
        REQUIRE((c.node.where == nullptr) == (open == 0));
        if (open != 0) return false;
        for (const outcome& o : c.node.got) {
            hits += o.is(status::ok) && !o.value.empty();
            misses += o.is(status::not_found);
            landed += o.has_landed;
            counted += o.number != 0;
            with_parts += !o.parts.empty();
            without_end += !o.parts.empty() && o.is_implied;
            implied += o.is_implied && o.is(status::ok);
        }
        for (wired& w : on_wire_) {
            if (w.from.get() == &c) w.from = nullptr;
        }
        return true;
    }

    rng random_;
    std::unique_ptr<wire> wire_;
    std::vector<std::shared_ptr<caller>> callers_;  // not complete
    std::deque<std::shared_ptr<caller>> pending_;   // not all encoded
    std::deque<wired> on_wire_;                     // all of this connection
    std::size_t served_ = 0;                        // of on_wire_
    std::string stream_;                            // all that the server said on this connection
    std::size_t delivered_ = 0;
    bool lacks_end_ = false;  // the last answer was a stat's without an end
    std::uint32_t next_sequence_ = 0;
    std::uint64_t serial_ = 0;
};

}  // namespace

TEST_CASE("nobody gets anybody else's answer, whatever happens", "[model]") {
    const std::uint64_t first_seed = seed();
    std::size_t hits = 0, misses = 0, landed = 0, lost = 0, abandoned = 0;
    std::size_t counted = 0, with_parts = 0, without_end = 0, implied = 0;
    for (std::uint64_t seed = first_seed; seed < first_seed + 300; ++seed) {
        INFO("KMC_SEED=" << seed);
        conversation talk(seed);
        for (int i = 0; i < 300; ++i) talk.step();
        talk.finish();
        hits += talk.hits;
        misses += talk.misses;
        landed += talk.landed;
        lost += talk.lost;
        abandoned += talk.abandoned;
        counted += talk.counted;
        with_parts += talk.with_parts;
        without_end += talk.without_end;
        implied += talk.implied;
    }
    // The conversations were about something.
    CHECK(hits > 1000);
    CHECK(misses > 1000);
    CHECK(landed > 100);
    CHECK(lost > 100);
    CHECK(abandoned > 100);
    CHECK(counted > 100);
    CHECK(with_parts > 100);
    CHECK(without_end > 20);
    CHECK(implied > 1000);
}
