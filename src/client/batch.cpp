#include "client/batch.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include <kmc/detail/batch_operations.hpp>

#include "base/bytes.hpp"
#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "protocol/command.hpp"
#include "protocol/status.hpp"

namespace kmc::detail {
namespace {

// What a key's result is before there is one. No real error has code 0.
const get_result no_answer_yet{error{}};

bool lacks_answer(const get_result& r) noexcept {
    return r.has_error() && r.error().code == errc{};
}

}  // namespace

// The requests of one server.
struct batch::run : op_node {
    batch* owner = nullptr;
    std::uint32_t first_request = 0;
};

batch::batch() noexcept {
    ready_node::run = &batch::resume;
    timer_.owner = this;
    timer_.on_fire = &batch::on_deadline;
}

batch::~batch() {
    // A batch that ended may outlive the view.
    if (open_runs_ == 0) return;
    for (run* r : runs_) view_->withdraw(*r);
}

std::unique_ptr<batch> batch::take_from(many_reply* earlier) {
    if (earlier == nullptr || earlier->batch_ == nullptr) return std::make_unique<batch>();
    std::unique_ptr<batch> again(std::exchange(earlier->batch_, nullptr));
    earlier->results_ = {};
    again->recycle();
    return again;
}

many_reply batch::into_reply(std::unique_ptr<batch> done) noexcept {
    many_reply reply;
    reply.results_ = done->results_;
    reply.batch_ = done.release();
    return reply;
}

void batch::recycle() noexcept {
    arena_.recycle();
    keys_ = {};
    first_ = {};
    results_ = {};
    requests_ = {};
    key_of_request_ = {};
    runs_ = {};
    open_runs_ = 0;
    has_duplicates_ = false;
}

bool batch::start(client_state& client, std::span<const std::string_view> keys, duration deadline,
                  std::coroutine_handle<> caller) {
    caller_ = caller;
    results_ = arena_.make_array<get_result>(keys.size(), no_answer_yet);
    view_ = client.view();
    if (view_ == nullptr) {
        for (get_result& r : results_) r = error{.code = errc::wrong_thread};
        return false;
    }
    if (deadline < duration::zero()) {
        for (get_result& r : results_) r = error{.code = errc::timed_out};
        finish();
        return true;
    }
    copy_keys(keys);
    const auto hashes = arena_.make_array<std::uint32_t>(keys.size());
    const auto servers = arena_.make_array<server_index>(keys.size());
    view_->ring().locate(keys_, hashes, servers);
    find_duplicates(hashes);
    place(servers, view_->ring().servers().size());

    view_->loop().timers().add(timer_,
                               view_->deadline_of(deadline, view_->options().batch_timeout));
    ++open_runs_;  // held until every run was handed over
    for (run* r : runs_) view_->submit(*r);
    if (--open_runs_ == 0) finish();
    return true;
}

void batch::copy_keys(std::span<const std::string_view> keys) {
    std::size_t total = 0;
    for (std::string_view key : keys) total += key.size();
    char* to = arena_.make_array<char>(total).data();
    keys_ = arena_.make_array<std::string_view>(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        copy_bytes(to, keys[i].data(), keys[i].size());
        keys_[i] = {to, keys[i].size()};
        to += keys[i].size();
    }
}

// An open-addressing table from hash to the first key that has it. The ring's own hashes serve
// again; equal hashes are told apart by the keys.
void batch::find_duplicates(std::span<const std::uint32_t> hashes) {
    constexpr std::uint32_t vacant = 0xffff'ffff;
    const std::size_t slots = std::bit_ceil(2 * keys_.size() + 1);
    const auto table = arena_.make_array<std::uint32_t>(slots, vacant);
    first_ = arena_.make_array<std::uint32_t>(keys_.size());
    for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        // Fibonacci hashing spreads ring hashes that share their low bits.
        std::size_t at = (std::uint64_t{hashes[i]} * 0x9e3779b97f4a7c15U >> 32) & (slots - 1);
        while (table[at] != vacant && keys_[table[at]] != keys_[i]) at = (at + 1) & (slots - 1);
        if (table[at] == vacant) table[at] = i;
        first_[i] = table[at];
        has_duplicates_ |= first_[i] != i;
    }
}

// Two passes: count by server, then place. Afterwards the requests of a server stand together, in
// key order, and each touched server has a run.
void batch::place(std::span<const server_index> servers, std::size_t server_count) {
    const auto is_sent = [&](std::uint32_t i) {
        return first_[i] == i && lacks_answer(results_[i]);
    };
    const auto counts = arena_.make_array<std::uint32_t>(server_count, 0);
    std::uint32_t total = 0;
    std::size_t touched = 0;
    for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        request probe;
        probe.what = command::get;
        probe.key = keys_[i].data();
        probe.key_size = static_cast<std::uint16_t>(std::min<std::size_t>(keys_[i].size(), 0xffff));
        if (const auto objection = view_->objection_to(probe)) {
            results_[i] = error{.code = *objection};
        } else if (is_sent(i)) {
            touched += counts[servers[i]]++ == 0;
            ++total;
        }
    }
    requests_ = arena_.make_array<request>(total);
    key_of_request_ = arena_.make_array<std::uint32_t>(total);
    const auto runs = arena_.make_array<run*>(touched);

    const auto next = arena_.make_array<std::uint32_t>(server_count, 0);
    std::uint32_t begin = 0;
    std::size_t made = 0;
    for (std::size_t s = 0; s < server_count; ++s) {
        if (counts[s] == 0) continue;
        void* memory = arena_.try_allocate(sizeof(run), alignof(run));
        if (memory == nullptr) throw std::bad_alloc();
        run* r = new (memory) run;
        r->owner = this;
        r->hooks = &hooks_;
        r->first_request = begin;
        r->requests = requests_.data() + begin;
        r->count = r->open = counts[s];
        r->server = static_cast<std::uint16_t>(s);
        r->link = view_->link_to(r->server, 0, false);
        runs[made] = r;
        runs_ = runs.first(++made);  // never shows a place that is not filled: the next may throw
        next[s] = begin;
        begin += counts[s];
    }
    open_runs_ = static_cast<std::uint32_t>(made);
    for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        if (!is_sent(i)) continue;
        const std::uint32_t at = next[servers[i]]++;
        requests_[at].what = command::get;
        requests_[at].key = keys_[i].data();
        requests_[at].key_size = static_cast<std::uint16_t>(keys_[i].size());
        key_of_request_[at] = i;
    }
}

get_result& batch::result_of(run& r, std::uint32_t index) noexcept {
    return results_[key_of_request_[r.first_request + index]];
}

void batch::on_reply(op_node& node, std::uint32_t index, reply& r) noexcept {
    run& mine = static_cast<run&>(node);
    get_result& result = mine.owner->result_of(mine, index);
    arena& memory = mine.owner->arena_;
    if (r.status == status::not_found) {
        result = std::optional<value_view>();
        return;
    }
    if (r.status != status::ok) {
        result = error{.code = error_of_status(r.status),
                       .at = stage::answered,
                       .server = node.server,
                       .status = static_cast<std::uint16_t>(r.status)};
        return;
    }
    std::string_view bytes = r.value;
    if (!r.landed) {
        bytes = memory.try_copy(r.value);
    } else if (memory.try_adopt(r.landed.data(), r.landed.size())) {
        static_cast<void>(r.landed.release());
    } else {
        bytes = {};
    }
    if (bytes.data() == nullptr) {
        result = error{.code = errc::overloaded, .at = stage::answered, .server = node.server};
        return;
    }
    result = std::optional<value_view>(value_view{
        bytes.data(), static_cast<std::uint32_t>(bytes.size()), r.flags, cas_token{r.cas}});
}

void batch::on_error(op_node& node, std::uint32_t index, error e) noexcept {
    run& mine = static_cast<run&>(node);
    e.server = node.server;
    mine.owner->result_of(mine, index) = e;
}

void batch::on_complete(op_node& node) noexcept {
    batch& self = *static_cast<run&>(node).owner;
    self.view_->withdraw(node);
    if (--self.open_runs_ == 0) self.finish();
}

const op_hooks batch::hooks_ = {
    .on_reply = &batch::on_reply,
    .on_error = &batch::on_error,
    .on_complete = &batch::on_complete,
};

// Keys that were answered keep their answers; the others learn how far they had come.
void batch::on_deadline(timer& t) noexcept {
    batch& self = *static_cast<deadline_timer&>(t).owner;
    for (run* r : self.runs_) {
        if (r->open == 0) continue;
        self.view_->withdraw(*r);
        for (std::uint32_t i = 0; i < r->count; ++i) {
            get_result& result = self.result_of(*r, i);
            if (!lacks_answer(result)) continue;
            const stage at = i < r->encoded ? stage::sent : stage::not_sent;
            result = error{.code = errc::timed_out, .at = at, .server = r->server};
        }
    }
    self.finish();
}

void batch::finish() noexcept {
    open_runs_ = 0;
    timer_.unlink();
    if (has_duplicates_) {
        for (std::size_t i = 0; i < results_.size(); ++i) results_[i] = results_[first_[i]];
    }
    view_->loop().make_ready(*this);
}

void batch::resume(ready_node& node) noexcept {
    static_cast<batch&>(node).caller_.resume();
}

// ---- the awaiter ----------------------------------------------------------------------------

bool many_awaiter::await_suspend(std::coroutine_handle<> caller) {
    std::unique_ptr<batch> mine = batch::take_from(into_);
    const bool suspended = mine->start(*who_.client, keys_, options_.deadline, caller);
    batch_ = mine.release();
    return suspended;
}

many_awaiter::~many_awaiter() {
    delete batch_;
}

many_reply many_awaiter::take_reply() noexcept {
    return batch::into_reply(std::unique_ptr<batch>(std::exchange(batch_, nullptr)));
}

}  // namespace kmc::detail

namespace kmc {

many_reply::many_reply(many_reply&& other) noexcept
    : batch_(std::exchange(other.batch_, nullptr)), results_(std::exchange(other.results_, {})) {}

many_reply& many_reply::operator=(many_reply&& other) noexcept {
    many_reply moved(std::move(other));
    std::swap(batch_, moved.batch_);
    std::swap(results_, moved.results_);
    return *this;
}

many_reply::~many_reply() {
    delete batch_;
}

many_reply::totals many_reply::summary() const noexcept {
    totals t;
    for (const get_result& r : results_) {
        if (!r) {
            ++t.errors;
        } else if (r.assume_value()) {
            ++t.hits;
        } else {
            ++t.misses;
        }
    }
    return t;
}

}  // namespace kmc
