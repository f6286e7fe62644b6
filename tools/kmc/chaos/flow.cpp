#include "chaos/flow.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "chaos/frame.hpp"

namespace kmc::chaos {

struct flow::mark {
    std::size_t at;
    step what;
    bool drops_rest = false;
};

struct flow::plan {
    std::string bytes;
    bool is_dropped = false;
    bool is_doubled = false;
    bool is_overtaken = false;
    nanoseconds delay{};
    slicing pieces;
    std::uint64_t seed = 0;
    std::vector<mark> marks;  // by their place; those of one place in the order of their rules

    void add(mark m) {
        const auto behind = std::ranges::upper_bound(marks, m.at, {}, &mark::at);
        marks.insert(behind, std::move(m));
    }
};

namespace {

bool is_last(step_kind what) noexcept {
    return what == step_kind::cut || what == step_kind::reset || what == step_kind::end;
}

void flip_bit(std::string& bytes, std::uint64_t bit) noexcept {
    char& byte = bytes[bit / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (0x80U >> bit % 8));
}

// What a deed that happens in one place is as a step.
step step_of(const action& then) {
    switch (then.what) {
        case deed::delay:
            return {.what = step_kind::wait, .time = then.time};
        case deed::stall:
            return {.what = then.time > nanoseconds() ? step_kind::wait : step_kind::stall,
                    .time = then.time};
        case deed::stop_reading:
            return {.what = step_kind::stop_reading};
        case deed::cut:
            return {.what = step_kind::cut};
        case deed::reset:
            return {.what = step_kind::reset};
        default:
            return {.what = step_kind::pass, .bytes = then.bytes};
    }
}

void append(std::vector<step>& out, std::vector<step> more) {
    std::move(more.begin(), more.end(), std::back_inserter(out));
}

}  // namespace

std::size_t next_piece(const slicing& pieces, detail::rng& random, std::size_t left) {
    if (pieces.least == 0) return left;
    const std::uint64_t size = pieces.least + random.below(pieces.most - pieces.least + 1);
    return std::min<std::uint64_t>(size, left);
}

void flow::take(std::string_view bytes, std::vector<step>& out) {
    reader_.feed(bytes);
    while (const auto u = reader_.next()) handle(*u, out);
}

void flow::end(std::vector<step>& out) {
    const std::string rest = reader_.take_rest();
    if (!rest.empty()) handle({.is_frame = false, .bytes = rest}, out);
    release(out);
    if (!is_over_) out.push_back({.what = step_kind::end});
    is_over_ = true;
}

void flow::release(std::vector<step>& out) {
    if (!overtaken_) return;
    append(out, std::move(*overtaken_));
    overtaken_.reset();
}

void flow::handle(const unit& u, std::vector<step>& out) {
    const std::uint64_t begin = arrived_;
    arrived_ += u.bytes.size();
    if (u.is_frame) ++frames_;
    if (is_over_) return;
    plan p;
    p.bytes = u.bytes;
    for (listed_rule& entry : book_.rules()) {
        if (matches(entry, u, begin) && apply(entry, u, begin, p)) ++entry.hits;
    }
    emit(p, out);
}

detail::rng& flow::random_of(const listed_rule& entry) {
    return randoms_.try_emplace(entry.id, generator_for(seed_, connection_, about_, entry.id))
        .first->second;
}

// Always looks at what arrived, not at what earlier rules have made of it.
bool flow::matches(const listed_rule& entry, const unit& u, std::uint64_t begin) {
    const condition& when = entry.what.when;
    if (entry.what.about != about_ || entry.is_used_up()) return false;
    if (when.connection.value_or(connection_) != connection_) return false;
    if (when.after) {
        // A bit of the next byte needs that byte; everything else happens as soon as it can.
        const bool needs_byte = entry.what.then.what == deed::flip;
        const std::uint64_t end = begin + u.bytes.size();
        const bool is_here = needs_byte ? *when.after >= begin && *when.after < end
                                        : *when.after <= end && (*when.after > begin || begin == 0);
        if (!is_here || !places_passed_.insert(entry.id).second) return false;
    }
    if (when.asks_for_frame()) {
        if (!u.is_frame) return false;
        if (when.frame.value_or(frames_) != frames_) return false;
        const auto opcode = static_cast<std::uint8_t>(read(u.bytes, fields::opcode));
        if (!when.opcodes.empty() && std::ranges::find(when.opcodes, opcode) == when.opcodes.end())
            return false;
        if (when.status && *when.status != read(u.bytes, fields::status)) return false;
        if (when.opaque && *when.opaque != read(u.bytes, fields::opaque)) return false;
        if (when.key && *when.key != key_of(u.bytes)) return false;
    }
    return draws(when, random_of(entry));
}

bool flow::apply(const listed_rule& entry, const unit& u, std::uint64_t begin, plan& p) {
    const action& then = entry.what.then;
    const bool is_at_byte = entry.what.when.after.has_value();
    const std::uint64_t place = is_at_byte ? *entry.what.when.after - begin : then.at;
    const std::size_t at = std::min<std::uint64_t>(place, u.bytes.size());
    switch (then.what) {
        case deed::delay:
            if (is_at_byte) {
                p.add({.at = at, .what = step_of(then)});
            } else {
                p.delay += then.time;
            }
            return true;
        case deed::stall:
        case deed::stop_reading:
        case deed::cut:
        case deed::reset:
        case deed::inject:
            p.add({.at = at, .what = step_of(then)});
            return true;
        case deed::drop_rest:
            p.add({.at = at, .what = {}, .drops_rest = true});
            return true;
        case deed::drop:
            p.is_dropped = true;
            return true;
        case deed::flip: {
            const std::uint64_t bits = is_at_byte ? 8 : std::uint64_t{8} * u.bytes.size();
            const std::uint64_t bit = then.bit ? *then.bit : random_of(entry).below(bits);
            if (bit >= bits) return false;
            flip_bit(p.bytes, bit + (is_at_byte ? 8 * place : 0));
            return true;
        }
        case deed::slice:
            p.pieces = then.pieces;
            p.seed = random_of(entry).next();
            return true;
        case deed::set:
            if (u.is_frame) write(p.bytes, then.where, then.value);
            return u.is_frame;
        case deed::duplicate:
            p.is_doubled = p.is_doubled || u.is_frame;
            return u.is_frame;
        case deed::swap:
            if (!u.is_frame || overtaken_) return false;
            p.is_overtaken = true;
            return true;
        case deed::hold:
            break;
    }
    return false;
}

void flow::emit(plan& p, std::vector<step>& out) {
    std::vector<step> mine;
    const auto pass = [&](std::string_view bytes) {
        if (bytes.empty() || p.is_dropped) return;
        mine.push_back({.what = step_kind::pass,
                        .bytes = std::string(bytes),
                        .time = p.delay,
                        .pieces = p.pieces,
                        .seed = p.seed});
    };

    std::size_t sent = 0;
    for (mark& m : p.marks) {
        pass(std::string_view(p.bytes).substr(sent, m.at - sent));
        sent = m.at;
        is_over_ = m.drops_rest || is_last(m.what.what);
        if (!m.drops_rest) mine.push_back(std::move(m.what));
        if (is_over_) break;
    }
    if (!is_over_) {
        pass(std::string_view(p.bytes).substr(sent));
        if (p.is_doubled) pass(p.bytes);
    }

    if (p.is_overtaken && !is_over_ && !p.is_dropped) {
        overtaken_ = std::move(mine);
        return;
    }
    const bool overtakes = !mine.empty();
    append(out, std::move(mine));
    if (is_over_) {
        overtaken_.reset();
    } else if (overtakes) {
        release(out);
    }
}

}  // namespace kmc::chaos
