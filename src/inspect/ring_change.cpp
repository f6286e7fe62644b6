#include "inspect/ring_change.hpp"

#include <algorithm>
#include <map>

#include "inspect/ring_digest.hpp"
#include "inspect/ring_share.hpp"

namespace kmc::detail {

namespace {

class counter {
public:
    counter(const ring_view& before, const ring_view& after) {
        for (const server& s : after.servers()) after_.push_back(line_of(s, true));
        for (const server& s : before.servers()) before_.push_back(line_of(s, false));
    }

    void add(server_index from, server_index to, double part) {
        if (from == nobody) change_.unserved_before += part;
        if (to == nobody) change_.unserved_after += part;
        const std::size_t old_line = from == nobody ? none : before_[from];
        const std::size_t new_line = to == nobody ? none : after_[to];
        if (old_line != none) change_.servers[old_line].before += part;
        if (new_line != none) change_.servers[new_line].after += part;
        if (old_line != new_line) {
            change_.moved += part;
        } else if (old_line != none) {
            change_.servers[old_line].kept += part;
        }
    }
    ring_change finish(std::size_t keys) {
        change_.keys = keys;
        return std::move(change_);
    }

private:
    static constexpr auto none = static_cast<std::size_t>(-1);

    std::size_t line_of(const server& s, bool is_new) {
        const auto [at, is_first] = lines_.emplace(address_of(s), change_.servers.size());
        if (is_first) {
            change_.servers.emplace_back();
            change_.servers.back().text = s.text;
            change_.servers.back().address = at->first;
        }
        server_change& line = change_.servers[at->second];
        (is_new ? line.is_new : line.is_old) = true;
        return at->second;
    }

    ring_change change_;
    std::map<std::string, std::size_t> lines_;
    std::vector<std::size_t> before_;
    std::vector<std::size_t> after_;
};

}  // namespace

ring_change change_of_keys(const ring_view& before, const ring_view& after,
                           std::span<const std::string> keys) {
    counter count(before, after);
    for (const std::string& key : keys) {
        count.add(before.owner_of(key), after.owner_of(key),
                  1.0 / static_cast<double>(keys.size()));
    }
    return count.finish(keys.size());
}

ring_change change_between(const ring_view& before, const ring_view& after) {
    if (!before.has_arcs() || !after.has_arcs() ||
        fingerprint_of(before.home().hasher()) != fingerprint_of(after.home().hasher())) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < sample_size; ++i) keys.push_back(sample_key(i));
        return change_of_keys(before, after, keys);
    }
    counter count(before, after);
    const std::vector<ring_arc> olds = before.arcs();
    const std::vector<ring_arc> news = after.arcs();
    std::uint64_t first = 0;
    for (std::size_t o = 0, n = 0; o < olds.size() && n < news.size();) {
        const std::uint32_t last = std::min(olds[o].last, news[n].last);
        count.add(olds[o].now, news[n].now, static_cast<double>(last - first + 1) / 4294967296.0);
        if (olds[o].last == last) ++o;
        if (news[n].last == last) ++n;
        first = std::uint64_t{last} + 1;
    }
    return count.finish(0);
}

}  // namespace kmc::detail
