#include "client/chunk_source.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "client/key_places.hpp"
#include "client/refusal.hpp"
#include "client/stop_link.hpp"
#include "protocol/key_rules.hpp"
#include "protocol/outcome.hpp"

namespace kmc::detail {

chunk_source::chunk_source(const stream_question& question, client_view& view)
    : question_(question), view_(view), key_count_(question.keys.size()) {
    ready_node::run = &chunk_source::resume;
    timer::on_fire = [](timer& t) noexcept {
        static_cast<chunk_source&>(t).give_up(errc::timed_out);
    };
    cancel_hook::cancel = [](cancel_hook& c) noexcept {
        static_cast<chunk_source&>(c).give_up(errc::cancelled);
    };
    sort_by_link();
    queue_size_ = std::min(std::max<std::size_t>(question.options.max_unread, 1), key_count_);
    queue_ = std::make_unique<answer_slot[]>(queue_size_);
    chunk_size_ = std::clamp<std::size_t>(queue_size_ / (2 * std::max<std::size_t>(lane_count_, 1)),
                                          1, chunk_max);
    for (std::size_t i = 0; i < lane_count_; ++i) {
        for (chunk& c : lanes_[i].chunks) {
            c.asked = std::make_unique<request[]>(chunk_size_);
            c.requests = c.asked.get();
            c.hooks = &hooks;
            c.owner = this;
            c.server = lanes_[i].server;
            c.link = lanes_[i].link;
        }
    }
    gave_up_ = listen();
    if (gave_up_) detach();
    issue();
}

chunk_source::~chunk_source() {
    gave_up_ = errc::cancelled;
    withdraw_chunks(false);
    detach();
}

// As a batch does it: count by connection, then place.
void chunk_source::sort_by_link() {
    const bool is_bad_group = question_.options.group.size() > key_bytes_max;
    arena scratch;
    view_.refresh();
    const key_places places = find_places(
        scratch, view_.route(), view_.routing(),
        is_bad_group ? std::string_view() : question_.options.group, question_.wire_keys);
    const bool bulk = view_.is_bulk({}, question_.options.large);
    std::vector<std::uint32_t> links(key_count_);
    std::vector<std::size_t> next(view_.link_count() + 1);
    for (std::uint32_t i = 0; i < key_count_; ++i) {
        const bool is_bad = question_.wire_keys[i].empty() || is_bad_group;
        if (is_bad || places.fates[i] == fate::dead) {
            const errc why = is_bad ? errc::bad_key : errc::server_dead;
            const std::uint16_t server = is_bad ? error::no_server : places.servers[i];
            refused_.push_back({i, {.code = why, .server = server}});
            links[i] = view_.link_count();
            continue;
        }
        links[i] = view_.link_to(places.servers[i], places.hashes[i], bulk);
        if (places.fates[i] == fate::stand_in) {
            if (is_stand_in_.empty()) is_stand_in_.resize(key_count_);
            is_stand_in_[i] = true;
        }
        ++next[links[i]];
    }
    order_.resize(key_count_ - refused_.size());
    lanes_ = std::make_unique<lane[]>(view_.link_count());
    std::size_t begin = 0;
    for (std::uint32_t link = 0; link < view_.link_count(); ++link) {
        const std::size_t count = std::exchange(next[link], begin);
        if (count == 0) continue;
        lane& l = lanes_[lane_count_++];
        l.link = link;
        l.server = view_.server_of_link(link);
        l.next = begin;
        l.end = begin + count;
        begin += count;
    }
    for (std::uint32_t i = 0; i < key_count_; ++i) {
        if (links[i] != view_.link_count()) order_[next[links[i]]++] = i;
    }
}

std::optional<errc> chunk_source::listen() {
    const stream_options& o = question_.options;
    if (o.deadline < duration::zero()) return errc::timed_out;
    is_listening_ = true;
    if (o.stop != nullptr && o.stop->stop_requested()) return errc::cancelled;
    if (o.scope != nullptr) {
        if (o.scope->is_cancelled()) return errc::cancelled;
        o.scope->enter(*this);
    }
    if (o.stop != nullptr && o.stop->stop_possible()) {
        stop_link_ = stop_link::make(*o.stop, view_.loop(), this, [](void* self) noexcept {
            static_cast<chunk_source*>(self)->give_up(errc::cancelled);
        });
    }
    view_.loop().timers().add(*this, view_.deadline_of(o.deadline, view_.options().batch_timeout));
    return std::nullopt;
}

// ---- asking ---------------------------------------------------------------------------------

// As much as there is room for, in turns; nothing while there is room for less than a chunk, which
// reading on will make. May be called from inside itself, by a chunk that is
// refused at once: then the outer one goes on.
void chunk_source::issue() noexcept {
    if (issuing_ || gave_up_ || queue_size_ - queued_ - promised_ < chunk_size_) return;
    issuing_ = true;
    std::size_t idle_lanes = 0;
    while (idle_lanes < lane_count_) {
        lane& l = lanes_[turn_];
        turn_ = (turn_ + 1) % lane_count_;
        idle_lanes = issue_from(l) ? 0 : idle_lanes + 1;
    }
    issuing_ = false;
}

bool chunk_source::issue_from(lane& from) noexcept {
    const std::size_t wanted = std::min(chunk_size_, from.end - from.next);
    const std::size_t room = queue_size_ - queued_ - promised_;
    if (wanted == 0 || wanted > room) return false;
    chunk* const c = from.chunks[0].is_idle()   ? &from.chunks[0]
                     : from.chunks[1].is_idle() ? &from.chunks[1]
                                                : nullptr;
    if (c == nullptr) return false;
    c->first = from.next;
    c->count = c->open = static_cast<std::uint32_t>(wanted);
    c->encoded = 0;
    c->is_resent = false;
    c->bytes = 0;
    c->answered.reset();
    for (std::size_t i = 0; i < wanted; ++i) {
        const std::uint32_t entry = order_[c->first + i];
        const std::string_view key = question_.wire_keys[entry];
        c->asked[i].what = command::get;
        c->asked[i].key = key.data();
        c->asked[i].key_size = static_cast<std::uint16_t>(key.size());
        c->asked[i].is_stand_in = false;
        if (!is_stand_in_.empty() && is_stand_in_[entry]) {
            (void)view_.fit_for_stand_in(c->asked[i], c->server);
            c->has_stand_ins = true;
        }
        c->bytes += key.size();
    }
    from.next += wanted;
    promised_ += wanted;
    view_.submit(*c);
    return true;
}

// ---- answers --------------------------------------------------------------------------------

void chunk_source::push(const chunk& from, std::uint32_t index,
                        result<std::optional<value>> answer) noexcept {
    answer_slot& place = queue_[(queue_head_ + queued_) % queue_size_];
    place.key = order_[from.first + index];
    place.answer = std::move(answer);
    ++queued_;
    --promised_;
    wake();
}

void chunk_source::on_reply(op_node& node, std::uint32_t index, reply& r) noexcept {
    chunk& c = static_cast<chunk&>(node);
    c.answered.set(index);
    switch (outcome_of(r.what, false, r.status)) {
        case outcome::absent:
            return c.owner->push(c, index, std::optional<value>());
        case outcome::done:
            break;
        default:
            return c.owner->push(c, index, refused(c.server, r));
    }
    value v;
    if (r.landed) {
        const std::uint32_t size = r.landed.size();
        v.adopt(r.landed.release(), size, r.flags, cas_token{r.cas});
    } else if (!v.assign(r.value, r.flags, cas_token{r.cas})) {
        return c.owner->push(c, index, out_of_memory(c.server));
    }
    c.owner->push(c, index, std::optional<value>(std::move(v)));
}

void chunk_source::on_error(op_node& node, std::uint32_t index, error e) noexcept {
    chunk& c = static_cast<chunk&>(node);
    c.answered.set(index);
    e.server = c.server;
    c.owner->push(c, index, e);
}

void chunk_source::on_complete(op_node& node) noexcept {
    chunk& c = static_cast<chunk&>(node);
    c.owner->view_.withdraw(c);
    c.count = 0;
    c.owner->issue();
}

const op_hooks chunk_source::hooks = {
    .on_reply = &chunk_source::on_reply,
    .on_error = &chunk_source::on_error,
    .on_complete = &chunk_source::on_complete,
};

// ---- reading --------------------------------------------------------------------------------

bool chunk_source::is_ready() const noexcept {
    return queued_ != 0 || !refused_.empty() || gave_up_ || has_all_answers();
}

bool chunk_source::wait(std::coroutine_handle<> waiting) {
    if (is_ready()) return false;
    waiting_ = waiting;
    view_.loop().waiting().begin(1);  // any answer is news to the reader
    return true;
}

void chunk_source::stop_waiting() noexcept {
    end_wait();
    ready_node::unlink();
}

std::coroutine_handle<> chunk_source::end_wait() noexcept {
    view_.loop().waiting().pause(1);
    return std::exchange(waiting_, nullptr);
}

void chunk_source::wake() noexcept {
    if (waiting_ && !ready_node::is_linked()) view_.loop().make_ready(*this);
}

void chunk_source::resume(ready_node& node) noexcept {
    static_cast<chunk_source&>(node).end_wait().resume();
}

stream_entry chunk_source::entry(std::size_t key, result<std::optional<value>> answer) noexcept {
    ++read_;
    return {key, question_.keys[key], std::move(answer)};
}

std::optional<stream_entry> chunk_source::take() noexcept {
    if (queued_ != 0) {
        answer_slot& place = queue_[queue_head_];
        queue_head_ = (queue_head_ + 1) % queue_size_;
        --queued_;
        stream_entry e = entry(place.key, std::exchange(place.answer, error{}));
        if (has_all_answers()) detach();
        issue();
        return e;
    }
    if (!refused_.empty()) {
        const refused_key key = refused_.back();
        refused_.pop_back();
        return entry(key.key, key.why);
    }
    // What was given up was asked for or not; those that were have their answers in the queue.
    for (std::size_t i = 0; gave_up_ && i < lane_count_; ++i) {
        lane& l = lanes_[i];
        if (l.next == l.end) continue;
        return entry(order_[l.next++], error{.code = *gave_up_, .server = l.server});
    }
    detach();
    return std::nullopt;
}

// ---- the end --------------------------------------------------------------------------------

// The last ones first: those that wait for their turn must not get it now.
void chunk_source::withdraw_chunks(bool tell) noexcept {
    for (std::size_t i = lane_count_; i-- > 0;) {
        for (chunk& c : lanes_[i].chunks) {
            if (c.is_idle()) continue;
            if (gave_up_ == errc::timed_out) {
                client_view::note_timeout(c, client_view::time_for(question_.options.deadline,
                                                                   view_.options().batch_timeout));
            }
            view_.withdraw(c);
            for (std::uint32_t k = 0; tell && k < c.count; ++k) {
                if (c.answered.test(k)) continue;
                push(c, k, error{.code = *gave_up_, .at = c.stage_of(k), .server = c.server});
            }
            c.count = 0;
        }
    }
}

void chunk_source::give_up(errc why) noexcept {
    if (!is_listening_) return;
    gave_up_ = why;
    withdraw_chunks(true);
    detach();
    wake();
}

void chunk_source::detach() noexcept {
    is_listening_ = false;
    timer::unlink();
    cancel_hook::unlink();
    if (stop_link_ != nullptr) std::exchange(stop_link_, nullptr)->detach();
}

}  // namespace kmc::detail
