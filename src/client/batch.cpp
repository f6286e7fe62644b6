#include "client/batch.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <numeric>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "client/client_view.hpp"
#include "client/key_places.hpp"
#include "client/remote_batch.hpp"
#include "client/stop_link.hpp"
#include "hash/key_hash.hpp"
#include "io/clocks.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail {
namespace {

constexpr std::uint32_t no_entry = 0xffff'ffff;

// Values above this, which no server stores, were not taken in by the write_batch.
constexpr std::uint32_t value_bytes_max = 1U << 30;

}  // namespace

batch::batch(const op_hooks& hooks) noexcept : hooks_(hooks) {
    ready_node::run = &batch::resume;
    timer::on_fire = [](timer& t) noexcept { static_cast<batch&>(t).give_up(errc::timed_out); };
    cancel_hook::cancel = [](cancel_hook& c) noexcept {
        static_cast<batch&>(c).give_up(errc::cancelled);
    };
}

void batch::recycle() noexcept {
    arena_.recycle();
    drafts_ = {};
    keys_ = {};
    hashes_ = {};
    servers_ = {};
    fates_ = {};
    group_ = {};
    first_ = {};
    runs_ = {};
    traces_ = {};
    open_runs_ = 0;
    has_twins_ = false;
    was_rerouted_ = false;
    elsewhere_ = nullptr;
    left_ = nullptr;
}

void batch::resumes(std::coroutine_handle<> waiting, std::atomic<unsigned>* left) noexcept {
    waiting_ = waiting;
    left_ = left;
}

void batch::resumes(remote_batch& elsewhere) noexcept {
    elsewhere_ = &elsewhere;
}

time_point batch::now() const noexcept {
    return view_->loop().now();
}

// ---- what is asked --------------------------------------------------------------------------

void batch::load(const router& route, const key_routing& routing, const batch_spec& spec,
                 bytes_of writes) {
    options_ = spec.options;
    const std::string_view prefix = routing.prefix();
    const std::size_t count =
        spec.writes != nullptr ? spec.writes->entries_.size() : spec.keys.size();
    make_results(count);
    first_ = arena_.make_array<std::uint32_t>(count);
    std::iota(first_.begin(), first_.end(), 0U);
    if (spec.writes != nullptr) {
        load_writes(spec, prefix, writes);
    } else {
        load_keys(spec, prefix);
    }
    if (options_.group.size() > key_bytes_max) {
        for (std::size_t i = 0; i < count; ++i) refuse(i, errc::bad_key);
        return;
    }
    hashes_tell_keys_apart_ =
        options_.group.empty() && routing.tells_keys_apart() && route.home().tells_keys_apart();
    if (!options_.group.empty()) {
        group_ = arena_.try_copy(options_.group);  // the caller may take it away
        if (group_.data() == nullptr) throw std::bad_alloc();
        options_.group = {};
    }
    const key_places places = find_places(arena_, route, routing, group_, keys_);
    hashes_ = places.hashes;
    servers_ = places.servers;
    fates_ = places.fates;
    if (route.has_dead()) refuse_dead();
    if (spec.writes == nullptr) first_ = find_twins();
}

void batch::refuse(std::size_t entry, errc why) noexcept {
    if (first_[entry] == no_entry) return;
    fail(static_cast<std::uint32_t>(entry), {.code = why});
    first_[entry] = no_entry;
}

// Those for which no server is in service, and comparisons with a token of one that is not.
void batch::refuse_dead() noexcept {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        const bool compares = !drafts_.empty() && drafts_[i].cas != 0;
        const bool is_homeless =
            fates_[i] == fate::dead || (fates_[i] == fate::stand_in && compares);
        if (!is_homeless || first_[i] == no_entry) continue;
        fail(static_cast<std::uint32_t>(i), {.code = errc::server_dead, .server = servers_[i]});
        first_[i] = no_entry;
    }
}

void batch::load_keys(const batch_spec& spec, std::string_view prefix) {
    pattern_ = {};
    pattern_.what = spec.what;
    if (spec.what == command::gat || spec.what == command::touch) {
        pattern_.expiry = spec.ttl.wire(wall_clock_seconds());
    }
    keys_ = copy_keys(arena_, prefix, spec.keys);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i].empty()) refuse(i, errc::bad_key);
    }
}

// Keys without a prefix, values and steps are read where the caller's batch has them, unless the
// caller may go before the end.
void batch::load_writes(const batch_spec& spec, std::string_view prefix, bytes_of writes) {
    const std::span<const write_entry> entries = spec.writes->entries_;
    const char* bytes = spec.writes->bytes_.data();
    const bool copies = writes == bytes_of::the_batch;
    const std::int64_t wall_now = entries.empty() ? 0 : wall_clock_seconds();
    const auto in_memory = [&](std::string_view first, std::string_view second) {
        char* at = arena_.make_array<char>(first.size() + second.size()).data();
        copy_bytes(at, first.data(), first.size());
        copy_bytes(at + first.size(), second.data(), second.size());
        return std::string_view(at, first.size() + second.size());
    };
    keys_ = arena_.make_array<std::string_view>(entries.size(), "");
    drafts_ = arena_.make_array<request>(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const write_entry& entry = entries[i];
        request& r = drafts_[i];
        r = entry.what;
        r.is_loud = spec.ack == ack::all || (r.cas != 0 && r.what == command::set);
        if (entry.has_ttl) r.expiry = entry.ttl.wire(wall_now);
        if (r.key_size == 0 || r.key_size + prefix.size() > key_bytes_max) {
            refuse(i, errc::bad_key);
            continue;
        }
        if (entry.needs_token && r.cas == 0) {
            refuse(i, errc::no_cas);
            continue;
        }
        std::string_view key(bytes + entry.key_at, r.key_size);
        if (copies || !prefix.empty()) key = in_memory(prefix, key);
        keys_[i] = key;
        r.key = key.data();
        r.key_size = static_cast<std::uint16_t>(key.size());
        if (is_counter(r.what)) {
            r.step = copies ? arena_.make_array<counter_step>(1, entry.step).data() : &entry.step;
        } else if (r.value_size <= value_bytes_max) {
            r.value =
                entry.borrowed_value != nullptr ? entry.borrowed_value : bytes + entry.value_at;
            if (copies) r.value = in_memory(r.value_view(), {}).data();
        }
    }
}

// ---- where it goes --------------------------------------------------------------------------

// An open-addressing table from hash to the first entry that has it. The ring's own hashes serve
// again, unless they are the same for many keys by design or by weakness; equal hashes are told
// apart by the keys.
std::span<std::uint32_t> batch::find_twins() {
    std::span<std::uint32_t> hashes = hashes_;
    if (!hashes_tell_keys_apart_) {
        hashes = arena_.make_array<std::uint32_t>(keys_.size());
        md5_many(keys_, hashes);
    }
    const std::size_t slots = std::bit_ceil(2 * keys_.size() + 1);
    const auto table = arena_.make_array<std::uint32_t>(slots, no_entry);
    const auto first = arena_.make_array<std::uint32_t>(keys_.size());
    for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        first[i] = no_entry;
        if (first_[i] == no_entry) continue;
        // Fibonacci hashing spreads ring hashes that share their low bits.
        std::size_t at = (std::uint64_t{hashes[i]} * 0x9e3779b97f4a7c15U >> 32) & (slots - 1);
        while (table[at] != no_entry && keys_[table[at]] != keys_[i]) at = (at + 1) & (slots - 1);
        if (table[at] == no_entry) table[at] = i;
        first[i] = table[at];
        has_twins_ |= first[i] != i;
    }
    return first;
}

void batch::refuse_oversized() noexcept {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
        if (!is_sent(i)) continue;
        if (const auto objection = view_->objection_to(drafts_[i])) refuse(i, *objection);
    }
}

// The connection of each entry. Writes to one key stay together even where their values are of
// different size, or a small one could overtake a large one.
std::span<std::uint32_t> batch::choose_links() {
    const auto links = arena_.make_array<std::uint32_t>(keys_.size(), 0U);
    const bool sizes_matter = !drafts_.empty() && view_->options().bulk_bytes != 0;
    std::span<std::uint32_t> twins;
    std::span<bool> is_bulk;
    if (sizes_matter) {
        twins = find_twins();
        is_bulk = arena_.make_array<bool>(keys_.size(), false);
        for (std::size_t i = 0; i < drafts_.size(); ++i) {
            if (is_sent(i)) is_bulk[twins[i]] |= view_->is_bulk(drafts_[i], options_.large);
        }
        has_twins_ = false;  // each of them has an answer of its own
    }
    const bool all_bulk = !sizes_matter && view_->is_bulk(pattern_, options_.large);
    const std::size_t known_servers = view_->server_count();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (!is_sent(i)) continue;
        if (servers_[i] >= known_servers) throw std::bad_alloc();
        const bool bulk = sizes_matter ? is_bulk[twins[i]] : all_bulk;
        links[i] = view_->link_to(servers_[i], hashes_[i], bulk);
    }
    return links;
}

std::span<batch::run*> batch::place() {
    refuse_oversized();
    return make_runs(choose_links(), [this](auto&& use) {
        for (std::uint32_t i = 0; i < keys_.size(); ++i) {
            if (is_sent(i)) use(i);
        }
    });
}

// Two passes: count by connection, then place. Afterwards the requests for a connection stand
// together, in the order of the entries, and each touched connection has a run.
template <class Entries>
std::span<batch::run*> batch::make_runs(std::span<const std::uint32_t> links,
                                        const Entries& each_entry) {
    const auto counts = arena_.make_array<std::uint32_t>(view_->link_count(), 0U);
    std::uint32_t total = 0;
    std::size_t touched = 0;
    each_entry([&](std::uint32_t i) {
        ++total;
        if (counts[links[i]]++ == 0) ++touched;
    });
    const auto requests = arena_.make_array<request>(total);
    const auto entries = arena_.make_array<std::uint32_t>(total);
    const auto run_of_link = arena_.make_array<run*>(counts.size(), nullptr);
    const auto next = arena_.make_array<std::uint32_t>(counts.size(), 0U);
    const auto made = arena_.make_array<run*>(touched);
    std::size_t count = 0;
    std::uint32_t begin = 0;
    for (std::uint32_t link = 0; link < counts.size(); ++link) {
        if (counts[link] == 0) continue;
        run& r = make_run(link, counts[link]);
        r.requests = requests.data() + begin;
        r.entries = entries.data() + begin;
        made[count++] = run_of_link[link] = &r;
        next[link] = begin;
        begin += counts[link];
    }
    each_entry([&](std::uint32_t i) {
        const std::uint32_t at = next[links[i]]++;
        run& mine = *run_of_link[links[i]];
        fill(requests[at], i);
        mine.bytes += std::uint64_t{requests[at].key_size} + requests[at].value_size;
        mine.has_stand_ins |= requests[at].is_stand_in;
        entries[at] = i;
    });
    add_runs(made);
    return made;
}

batch::run& batch::make_run(std::uint32_t link, std::uint32_t count) {
    void* memory = arena_.try_allocate(sizeof(run), alignof(run));
    if (memory == nullptr) throw std::bad_alloc();
    run* r = new (memory) run;
    r->owner = this;
    r->hooks = &hooks_;
    r->count = r->open = count;
    r->server = view_->server_of_link(link);
    r->link = link;
    return *r;
}

void batch::fill(request& r, std::uint32_t entry) noexcept {
    if (drafts_.empty()) {
        r = pattern_;
        r.key = keys_[entry].data();
        r.key_size = static_cast<std::uint16_t>(keys_[entry].size());
    } else {
        r = drafts_[entry];
    }
    // Without tokens, which refuse_dead() looked for, it always fits.
    if (fates_[entry] == fate::stand_in) (void)view_->fit_for_stand_in(r, servers_[entry]);
}

// Behind those there are: a batch gets more runs when keys go to stand-ins after all.
void batch::add_runs(std::span<run*> more) {
    std::span<run*> runs = more;
    if (!runs_.empty()) {
        runs = arena_.make_array<run*>(runs_.size() + more.size());
        std::copy(more.begin(), more.end(), std::copy(runs_.begin(), runs_.end(), runs.begin()));
    }
    const auto traces = arena_.make_array<server_trace>(runs.size(), server_trace{});
    std::copy(traces_.begin(), traces_.end(), traces.begin());
    for (std::size_t i = 0; i < runs.size(); ++i) {
        runs[i]->trace = &traces[i];
        traces[i].server = runs[i]->server;
        traces[i].keys = runs[i]->count;
    }
    runs_ = runs;
    traces_ = traces;
}

// ---- under way ------------------------------------------------------------------------------

void batch::begin(client_view& view) noexcept {
    view_ = &view;
    view.refresh();  // it may have been loaded elsewhere, with servers that are new here
    is_running_ = true;
    ++open_runs_;  // held until every run was handed over
    try {
        if (const auto why = listen()) {
            fail_all_open(*why);
        } else {
            send(place());
        }
    } catch (const std::bad_alloc&) {
        fail_all_open(errc::overloaded);
    }
    if (--open_runs_ == 0) return finish();
    say_who_is_due(servers_due());
}

void batch::send(std::span<run*> fresh) noexcept {
    open_runs_ += static_cast<std::uint32_t>(fresh.size());
    const time_point start = view_->loop().engine().read_clock();
    for (run* r : fresh) {
        r->trace->queued = start;
        view_->submit(*r);
    }
}

// The server of a run is out, and nothing was sent: its keys go to those that stand in. All of them
// do, or none.
bool batch::reroute(op_node& node) noexcept {
    run& old = static_cast<run&>(node);
    batch& self = *old.owner;
    if (self.is_withdrawing_) return false;
    std::span<run*> fresh;
    try {
        fresh = self.place_again(old);
    } catch (const std::bad_alloc&) {
        return false;
    }
    if (fresh.empty()) return false;
    self.view_->withdraw(old);
    self.was_rerouted_ = true;
    for (run* r : fresh) r->is_resent = old.is_resent;
    old.count = old.open = 0;
    old.bytes = 0;
    old.trace->keys = 0;
    self.send(fresh);
    self.run_ended();
    return true;
}

std::span<batch::run*> batch::place_again(const run& old) {
    const auto links = arena_.make_array<std::uint32_t>(keys_.size(), 0U);
    const std::span<const std::uint32_t> entries(old.entries, old.count);
    const key_routing& routing = view_->routing();
    std::string room;
    for (const std::uint32_t i : entries) {
        const destination to = view_->route().of(
            group_.empty() ? routing.hashed_part(keys_[i]) : routing.hashed_group(group_, room));
        const bool compares = !drafts_.empty() && drafts_[i].cas != 0;
        if (to.how != fate::stand_in || to.server == old.server || compares) return {};
        links[i] = view_->link_to(to.server, to.hash, view_->is_bulk_link(old.link));
    }
    for (const std::uint32_t i : entries) {
        servers_[i] = view_->server_of_link(links[i]);
        fates_[i] = fate::stand_in;
    }
    return make_runs(links, [&](auto&& use) {
        for (const std::uint32_t i : entries) use(i);
    });
}

// Whoever may end the batch early.
std::optional<errc> batch::listen() {
    if (options_.deadline < duration::zero()) return errc::timed_out;
    if (options_.stop != nullptr && options_.stop->stop_requested()) return errc::cancelled;
    if (options_.scope != nullptr) {
        if (options_.scope->is_cancelled()) return errc::cancelled;
        options_.scope->enter(*this);
    }
    if (options_.stop != nullptr && options_.stop->stop_possible()) {
        stop_link_ = stop_link::make(*options_.stop, view_->loop(), this, [](void* self) noexcept {
            static_cast<batch*>(self)->give_up(errc::cancelled);
        });
    }
    view_->loop().timers().add(
        *this, view_->deadline_of(options_.deadline, view_->options().batch_timeout));
    return std::nullopt;
}

void batch::on_error(op_node& node, std::uint32_t index, error e) noexcept {
    run& mine = static_cast<run&>(node);
    e.server = node.server;
    mine.owner->fail(mine.owner->entry_of(mine, index), e);
}

void batch::on_complete(op_node& node) noexcept {
    batch& self = *static_cast<run&>(node).owner;
    self.view_->withdraw(node);
    self.run_ended();
}

void batch::run_ended() noexcept {
    if (--open_runs_ == 0) return finish();
    if (due_ != 0) say_who_is_due(servers_due());
}

// Nobody, before everything was sent and after the end.
void batch::say_who_is_due(std::uint32_t servers) noexcept {
    wait_rule& rule = view_->loop().waiting();
    const std::uint32_t before = std::exchange(due_, servers);
    if (before == 0) {
        if (servers != 0) rule.begin(servers);
    } else if (servers == 0) {
        rule.end(before);
    } else {
        rule.change(before, servers);
    }
}

// The last ones first: those that wait for their turn must not get it now. `why` null: nobody
// wants to know.
void batch::withdraw_runs(const errc* why) noexcept {
    ++open_runs_;  // a run may come to its end meanwhile; the batch does not
    is_withdrawing_ = true;
    for (std::size_t i = runs_.size(); i-- > 0;) {
        run& r = *runs_[i];
        if (r.open == 0) continue;
        if (why != nullptr && *why == errc::timed_out) {
            client_view::note_timeout(
                r, client_view::time_for(options_.deadline, view_->options().batch_timeout));
        }
        view_->withdraw(r);
        if (why != nullptr) fail_open(r, *why);
    }
}

// Entries that were answered keep their answers; the others learn how far they had come.
void batch::give_up(errc why) noexcept {
    if (!is_running_) return;
    withdraw_runs(&why);
    finish();
}

void batch::leave() noexcept {
    if (!is_running_) return;  // a batch that ended may outlive the view
    withdraw_runs(nullptr);
    detach();
}

void batch::detach() noexcept {
    is_running_ = false;
    say_who_is_due(0);
    is_withdrawing_ = false;
    open_runs_ = 0;
    timer::unlink();
    cancel_hook::unlink();
    if (stop_link_ != nullptr) std::exchange(stop_link_, nullptr)->detach();
}

void batch::finish() noexcept {
    detach();
    for (run* r : runs_) {
        r->trace->first_out = r->first_out;
        r->trace->bytes_out = r->encoded == r->count ? r->bytes : 0;
        if (r->encoded == r->count) continue;
        for (std::uint32_t i = 0; i < r->encoded; ++i) {
            r->trace->bytes_out +=
                std::uint64_t{r->requests[i].key_size} + r->requests[i].value_size;
        }
    }
    if (has_twins_) copy_to_twins();
    view_->loop().make_ready(*this);
}

void batch::refuse_all(errc why) noexcept {
    fail_all_open(why);
}

void batch::resume(ready_node& node) noexcept {
    batch& self = static_cast<batch&>(node);
    if (self.elsewhere_ != nullptr) return remote_batch::inner_ended(*self.elsewhere_);
    if (self.left_ != nullptr && self.left_->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    self.waiting_.resume();
}

}  // namespace kmc::detail
