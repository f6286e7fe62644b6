// Random conversations against a model that knows what each request must be told. Repeat a failing
// one with the seed it prints: KMC_SEED=... kmc_unit_tests "nobody gets*"

#include <algorithm>
#include <deque>
#include <limits>
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
};

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
            std::string key = "key" + std::to_string(serial_++);
            switch (random_.below(10)) {
                case 0:
                    c->node.set(key, std::string(random_.below(120), 's'));
                    break;
                case 1:
                    c->node.del(key);
                    break;
                case 2:
                    one_in(2) ? c->node.noop() : c->node.version();
                    break;
                default:
                    c->node.get(key);
            }
        }
        c->node.takes_blocks = one_in(2);
        c->fates.resize(count);
        callers_.push_back(c);
        pending_.push_back(c);
    }

    // As a connection does at the end of a turn.
    void flush() {
        const std::size_t room = random_.below(1500);
        while (!pending_.empty() && wire_->tx.size() <= room) {
            const std::shared_ptr<caller> c = pending_.front();
            std::size_t index = c->node.encoded;
            const auto sent = wire_->send(c->node, room - wire_->tx.size());
            if (!sent.empty()) {
                const std::uint8_t last = sent.back().opcode;
                CHECK((last != opcode::getq && last != opcode::setq && last != opcode::delq));
            }
            for (const request_frame& frame : sent) {
                REQUIRE(frame.opaque == next_sequence_++);
                REQUIRE(frame.key == c->node.requests[index].key_view());
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
        const std::uint8_t code = w.frame.opcode;
        fate f{.value = ""};
        std::string bytes;
        if (code == opcode::get || code == opcode::getq) {
            const std::uint64_t dice = random_.below(10);
            if (dice < 5) {
                const std::size_t padding = one_in(3) ? random_.below(500) : random_.below(40);
                f.value = w.frame.key + "=" + std::string(padding, 'v');
                f.cas = random_.next() | 1;
                bytes = hit(w.frame.opaque, f.value, code, 0, f.cas);
            } else if (dice < 9) {
                f.expected = status::not_found;
                if (code == opcode::get) bytes = refuse(w, f, 0x01, "Not found");
            } else {
                bytes = refuse(w, f, 0x86, "busy: " + w.frame.key);
            }
        } else if (one_in(4) && code != opcode::noop && code != opcode::version) {
            bytes = refuse(w, f, 0x02, "exists: " + w.frame.key);
        } else if (code == opcode::version) {
            f.value = "1.6.18";
            bytes = to_bytes({.opcode = code, .opaque = w.frame.opaque, .value = f.value});
        } else if (code == opcode::set || code == opcode::del || code == opcode::noop) {
            f.cas = code == opcode::set ? random_.next() : 0;
            bytes = to_bytes({.opcode = code, .opaque = w.frame.opaque, .cas = f.cas});
        }
        stream_ += bytes;
        if (w.from) w.from->fates[w.index] = f;
        if (bytes.empty()) return;
        // This reply proves itself and the silence before it.
        for (std::size_t i = served_; i-- > 0 && on_wire_[i].settled_at == never;) {
            on_wire_[i].settled_at = stream_.size();
            if (on_wire_[i].from) {
                on_wire_[i].from->fates[on_wire_[i].index].settled_at = stream_.size();
            }
        }
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
        }
        REQUIRE(c.node.open == open);
        REQUIRE(c.node.completions == (open == 0));
        REQUIRE((c.node.where == nullptr) == (open == 0));
        if (open != 0) return false;
        for (const outcome& o : c.node.got) {
            hits += o.is(status::ok) && !o.value.empty();
            misses += o.is(status::not_found);
            landed += o.has_landed;
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
    std::uint32_t next_sequence_ = 0;
    std::uint64_t serial_ = 0;
};

}  // namespace

TEST_CASE("nobody gets anybody else's answer, whatever happens", "[model]") {
    const std::uint64_t first_seed = seed();
    std::size_t hits = 0, misses = 0, landed = 0, lost = 0, abandoned = 0;
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
    }
    // The conversations were about something.
    CHECK(hits > 1000);
    CHECK(misses > 1000);
    CHECK(landed > 100);
    CHECK(lost > 100);
    CHECK(abandoned > 100);
}
