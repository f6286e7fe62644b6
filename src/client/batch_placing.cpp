// Which connection each entry of a batch goes to, and the requests for each as one run.

#include <algorithm>
#include <bit>
#include <new>
#include <string>

#include "client/batch.hpp"
#include "client/client_view.hpp"
#include "hash/key_hash.hpp"

namespace kmc::detail {

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

}  // namespace kmc::detail
