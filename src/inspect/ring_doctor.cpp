#include "inspect/ring_doctor.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "inspect/ring_digest.hpp"
#include "routing/rings.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

namespace {

// How many runners-up are kept.
constexpr std::size_t runners_up = 10;
// Up to this sum of weights pecl_consistent is always tried.
constexpr std::uint64_t cheap_units = 100;

// The keys as one of the ways to hash them sees them.
struct key_form {
    bool hashes_prefix = false;
    std::string hash_tag;
    std::vector<std::string> hashed;
};

struct sample {
    std::vector<server_index> where;     // by key; servers of one address have the first's place
    std::vector<server_index> first_of;  // by place
    std::vector<key_form> forms;
    bool has_high_bytes = false;
};

// With the order of the list unknown: whose slot each place would have to be to explain most keys.
// The pairs that most keys speak for first; what no key speaks for keeps its order.
std::vector<server_index> best_order(std::span<const server_index> predicted,
                                     std::span<const server_index> seen, std::size_t servers) {
    std::map<std::size_t, std::size_t> together;
    for (std::size_t i = 0; i < seen.size(); ++i) ++together[predicted[i] * servers + seen[i]];
    std::vector<std::pair<std::size_t, std::size_t>> pairs(together.begin(), together.end());
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<server_index> order(servers, 0);
    std::vector<bool> is_set(servers), is_used(servers);
    const auto settle = [&](std::size_t slot, std::size_t place) {
        is_set[slot] = is_used[place] = true;
        order[slot] = static_cast<server_index>(place);
    };
    for (const auto& [pair, keys] : pairs) {
        if (!is_set[pair / servers] && !is_used[pair % servers]) {
            settle(pair / servers, pair % servers);
        }
    }
    for (std::size_t slot = 0, place = 0; slot < servers; ++slot) {
        if (is_set[slot]) continue;
        while (is_used[place]) ++place;
        settle(slot, place);
    }
    return order;
}

// Rings where the place in the list is all that a server is.
bool is_made_of_places(const ring_spec& spec, std::span<const server> servers) {
    switch (spec.ring) {
        case ring::libmemcached_modula:
        case ring::spymemcached_modula:
        case ring::jump:
            return true;
        case ring::pecl_standard:
            return std::all_of(servers.begin(), servers.end(),
                               [&](const server& s) { return s.weight == servers[0].weight; });
        default:
            return false;
    }
}

// A ring over a list; null where it cannot hold the list.
struct made {
    ring_spec spec;
    std::vector<server> list;
    std::unique_ptr<const distribution> ring;
};

class search {
public:
    search(std::span<const server> servers, std::span<const key_place> places,
           std::string_view prefix)
        : servers_(servers) {
        std::map<std::string, server_index> firsts;
        for (const server& s : servers) {
            const auto place = static_cast<server_index>(sample_.first_of.size());
            sample_.first_of.push_back(firsts.emplace(address_of(s), place).first->second);
        }
        bool has_tags = false;
        for (const key_place& p : places) {
            sample_.where.push_back(sample_.first_of.at(p.server));
            for (const char c : p.key)
                sample_.has_high_bytes |= (static_cast<unsigned char>(c) > 127);
            const auto open = p.key.find('{');
            has_tags |= open != std::string::npos && p.key.find('}', open) > open + 1;
        }
        add_form(false, "", places, prefix);
        if (!prefix.empty()) add_form(true, "", places, prefix);
        if (has_tags) add_form(false, "{}", places, prefix);
    }

    ring_diagnosis run() {
        for (const ring_entry& entry : ring_table()) {
            if (is_hopeless(entry)) continue;
            made_.clear();
            for (const key_hash hash : entry.hashes) {
                ring_spec spec{entry.which};
                if (hash != entry.own_hash) spec.settings.hash = hash;
                try_weights(entry, spec);
            }
        }
        return finish();
    }

private:
    void add_form(bool hashes_prefix, const std::string& hash_tag,
                  std::span<const key_place> places, std::string_view prefix) {
        ring_dialect how;
        how.hashes_prefix = hashes_prefix;
        how.hash_tag = hash_tag;
        key_form form{hashes_prefix, hash_tag, {}};
        for (const key_place& p : places) form.hashed.push_back(how.hashed_part(p.key, prefix));
        sample_.forms.push_back(std::move(form));
    }

    void try_weights(const ring_entry& entry, ring_spec spec) {
        try_labels(entry, spec);
        const bool any_above_1 = std::any_of(servers_.begin(), servers_.end(),
                                             [](const server& s) { return s.weight > 1; });
        if (entry.weights == weight_rule::if_any_above_1) {
            spec.settings.weights = any_above_1 ? ring_weights::ignored : ring_weights::used;
            try_labels(entry, spec);
        } else if (entry.weights == weight_rule::unless_ignored && any_above_1) {
            spec.settings.weights = ring_weights::ignored;
            try_labels(entry, spec);
        }
    }

    void try_labels(const ring_entry& entry, ring_spec spec) {
        try_point_hashes(entry, spec);
        if (!entry.has_labels) return;
        spec.settings.labels = ring_labels::libmemcached;
        try_point_hashes(entry, spec);
    }

    void try_point_hashes(const ring_entry& entry, ring_spec spec) {
        try_bytes(entry, spec);
        if (!entry.has_point_hash || weights_count(spec, servers_)) return;
        // A hash that was set when the ring stood already: the points are of the one before, which
        // is hardly ever another than these.
        for (const key_hash points : {entry.own_hash, key_hash::md5}) {
            if (points == hash_in_use(spec)) continue;
            spec.settings.point_hash = points;
            try_bytes(entry, spec);
        }
    }

    void try_bytes(const ring_entry& entry, ring_spec spec) {
        try_forms(spec);
        if (!sample_.has_high_bytes || entry.alphabet != key_alphabet::bytes) return;
        if (!depends_on_sign(hash_in_use(spec))) return;
        spec.settings.bytes = kmc::key_bytes::without_sign;
        try_forms(spec);
    }

    void try_forms(const ring_spec& spec) {
        using enum address_form;
        std::vector<std::vector<server>> seen;
        for (const address_form form :
             {as_given, with_port, without_port, path_as_host, slash_in_front, literal_twice}) {
            if ((form == with_port || form == without_port) && !hashes_text(spec.ring)) continue;
            if ((form == slash_in_front || form == literal_twice) &&
                (spec.ring != ring::spymemcached || spec.settings.labels != ring_labels::own)) {
                continue;
            }
            ring_dialect dialect;
            dialect.spec = spec;
            dialect.form = form;
            auto list = dialect.servers(servers_);
            if (std::find(seen.begin(), seen.end(), list) != seen.end()) continue;
            try_list(std::move(dialect), list);
            seen.push_back(std::move(list));
        }
    }

    void try_list(ring_dialect dialect, const std::vector<server>& list) {
        const distribution* const ring = ring_of(dialect.spec, list);
        if (ring == nullptr) return;  // this one cannot hold the list
        const key_hasher hasher = key_hasher_of(dialect.spec).assume_value();
        for (const key_form& form : sample_.forms) {
            dialect.hashes_prefix = form.hashes_prefix;
            dialect.hash_tag = form.hash_tag;
            dialect.order.clear();
            const auto predicted = predict(hasher, *ring, form);
            dialect.matches = count(predicted, {});
            ++tried_;
            add(dialect);
            if (dialect.matches == sample_.where.size() || servers_.size() == 1 ||
                !is_made_of_places(dialect.spec, list)) {
                continue;
            }
            dialect.order = best_order(predicted, sample_.where, servers_.size());
            dialect.matches = count(predicted, dialect.order);
            add(dialect);
        }
    }

    // PECL's 160 points for each unit of weight take longer than everything else together, and no
    // other ring is the same: once one explains every key, this one could only do so by accident.
    [[nodiscard]] bool is_hopeless(const ring_entry& entry) const {
        if (entry.which != ring::pecl_consistent) return false;
        std::uint64_t units = 0;
        for (const server& s : servers_) units += s.weight;
        return units > cheap_units && most_matches_ == sample_.where.size();
    }

    // Most of the time goes into making points, and few hashes of keys make others.
    const distribution* ring_of(const ring_spec& spec, const std::vector<server>& list) {
        ring_spec drawn = spec;
        if (!points_follow_hash(spec, list)) drawn.settings.hash = key_hash::own;
        for (const made& each : made_) {
            if (each.spec == drawn && each.list == list) return each.ring.get();
        }
        std::unique_ptr<const distribution> ring;
        if (server_list::of(list)) {
            if (auto one = make_distribution(drawn, list)) ring = std::move(one).assume_value();
        }
        made_.push_back({drawn, list, std::move(ring)});
        return made_.back().ring.get();
    }

    [[nodiscard]] std::vector<server_index> predict(const key_hasher& hasher,
                                                    const distribution& ring,
                                                    const key_form& form) const {
        const std::vector<std::string_view> keys(form.hashed.begin(), form.hashed.end());
        std::vector<std::uint32_t> hashes(keys.size());
        std::vector<server_index> places(keys.size(), 0);
        hasher.many(keys, hashes);
        if (servers_.size() == 1) return places;  // what a topology does with a single server
        ring.locate(hashes, places);
        return places;
    }

    [[nodiscard]] std::size_t count(std::span<const server_index> predicted,
                                    std::span<const server_index> order) const {
        std::size_t matches = 0;
        for (std::size_t i = 0; i < predicted.size(); ++i) {
            const server_index at = order.empty() ? predicted[i] : order[predicted[i]];
            if (sample_.first_of[at] == sample_.where[i]) ++matches;
        }
        return matches;
    }

    void add(const ring_dialect& dialect) {
        most_matches_ = std::max(most_matches_, dialect.matches);
        const bool is_worth_saying = dialect.matches * 2 > sample_.where.size();
        if (dialect.matches == most_matches_ || is_worth_saying) found_.push_back(dialect);
    }

    // A plain dialect is likelier than one with settings.
    [[nodiscard]] static int oddness(const ring_dialect& d) {
        const ring_settings& set = d.spec.settings;
        return (d.order.empty() ? 0 : 32) + (set.point_hash == key_hash::own ? 0 : 16) +
               (set.bytes == kmc::key_bytes::with_sign ? 0 : 8) +
               (d.form == address_form::as_given ? 0 : 4) +
               (set.weights == ring_weights::automatic ? 0 : 2) +
               (set.hash == key_hash::own ? 0 : 1) + (d.hashes_prefix ? 1 : 0);
    }

    [[nodiscard]] std::string digest_text(const ring_dialect& d) const {
        auto list = server_list::of(d.servers(servers_));
        if (!list) return {};
        const auto ring = topology::build(std::move(list).assume_value(), d.spec);
        return ring ? digest_of(*ring.assume_value()).text : std::string();
    }

    // By matches, then the plainer, then the one that was tried first.
    [[nodiscard]] std::vector<ring_dialect> in_order() const {
        std::vector<std::size_t> order(found_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            const ring_dialect& x = found_[a];
            const ring_dialect& y = found_[b];
            if (x.matches != y.matches) return x.matches > y.matches;
            return oddness(x) != oddness(y) ? oddness(x) < oddness(y) : a < b;
        });
        std::vector<ring_dialect> dialects;
        for (const std::size_t i : order) dialects.push_back(found_[i]);
        return dialects;
    }

    ring_diagnosis finish() {
        ring_diagnosis out;
        out.keys = sample_.where.size();
        out.tried = tried_;
        out.dialects = in_order();
        if (out.best().size() + runners_up < out.dialects.size()) {
            out.dialects.resize(out.best().size() + runners_up);
        }
        for (ring_dialect& each : out.dialects) each.digest = digest_text(each);
        std::vector<double> shares(servers_.size());
        for (const server_index at : sample_.where) ++shares[at];
        const double largest = *std::max_element(shares.begin(), shares.end()) /
                               static_cast<double>(std::max<std::size_t>(out.keys, 1));
        out.accidents =
            static_cast<double>(tried_) * std::pow(largest, static_cast<double>(most_matches_));
        if (!out.dialects.empty() && !out.dialects.front().order.empty()) {
            out.accidents *= std::tgamma(static_cast<double>(servers_.size()) + 1);
        }
        return out;
    }

    std::span<const server> servers_;
    sample sample_;
    std::vector<made> made_;
    std::vector<ring_dialect> found_;
    std::size_t most_matches_ = 0;
    std::size_t tried_ = 0;
};

}  // namespace

std::span<const ring_dialect> ring_diagnosis::best() const noexcept {
    std::size_t count = 0;
    while (count < dialects.size() && dialects[count].matches == dialects[0].matches) ++count;
    return std::span(dialects).first(count);
}

ring_diagnosis diagnose(std::span<const server> servers, std::span<const key_place> places,
                        std::string_view prefix) {
    if (servers.empty() || places.empty()) return {};
    return search(servers, places, prefix).run();
}

}  // namespace kmc::detail
