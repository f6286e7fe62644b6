#include "ring/scene.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "columns.hpp"
#include "inspect/ring_digest.hpp"
#include "ring/colours.hpp"
#include "ring_words.hpp"

namespace kmc::cli {
namespace {

using detail::ring_arc;
using detail::ring_shares;
using detail::ring_view;

constexpr double all_hashes = 4294967296.0;
// Beyond it neighbours are thinner than a screen can show.
constexpr std::size_t most_slices = 20'000;
constexpr std::uint32_t coarse_slices = 7'200;
constexpr std::size_t most_points = 8'000;

std::string counted(std::size_t count, const std::string& what) {
    return (count == 0 ? "no" : std::to_string(count)) + " " + what + (count == 1 ? "" : "s");
}

class picture_maker {
public:
    explicit picture_maker(const scene& from) : from_(from) {
        picture_.has_before = from.change.has_value();
        if (from.before) {
            for (const server& s : from.before->servers()) line_of(s);
        }
        for (const server& s : from.now.servers()) line_of(s);
        for (std::size_t i = 0; i < from.now.servers().size(); ++i) fill(i);
        if (from.change) fill_changes();
        const auto colours = server_colours(picture_.lines.size());
        for (std::size_t i = 0; i < colours.size(); ++i) picture_.lines[i].colour = colours[i];
        draw();
        tell();
    }

    [[nodiscard]] const ring_picture& picture() const noexcept { return picture_; }

private:
    std::size_t line_of(const server& s) {
        const auto [at, is_new] = lines_.emplace(detail::address_of(s), picture_.lines.size());
        if (is_new) {
            picture_.lines.emplace_back();
            picture_.lines.back().text = s.text;
        }
        return at->second;
    }

    void fill(std::size_t i) {
        picture_line& line = picture_.lines[line_of(from_.now.servers()[i])];
        const auto& share = from_.shares.servers[i];
        line.text = from_.now.servers()[i].text;
        line.load += share.load;
        line.weight += share.weight;
        line.points += share.points;
        if (from_.now.is_out(static_cast<detail::server_index>(i))) line.note = "out";
    }

    void fill_changes() {
        for (const auto& s : from_.change->servers) {
            picture_line& line = picture_.lines[lines_.at(s.address)];
            line.before = s.before;
            if (!s.is_old) line.note = line.note.empty() ? "new" : "new, out";
            if (!s.is_new) line.note = "gone";
        }
    }

    std::vector<picture_slice> slices_of(const ring_view& view) {
        const auto place = [&](detail::server_index at) {
            return at == detail::nobody ? picture_nobody : line_of(view.servers()[at]);
        };
        const std::vector<ring_arc> arcs = view.has_arcs() ? view.arcs() : std::vector<ring_arc>();
        std::vector<picture_slice> slices;
        if (arcs.empty()) return proportional(view);
        if (arcs.size() > most_slices) {
            is_coarse_ = true;
            std::size_t arc = 0;
            for (std::uint32_t i = 0; i < coarse_slices; ++i) {
                const auto hash =
                    static_cast<std::uint64_t>((i + 0.5) / coarse_slices * all_hashes);
                while (arcs[arc].last < hash) ++arc;
                slices.push_back({static_cast<double>(i) / coarse_slices,
                                  static_cast<double>(i + 1) / coarse_slices, place(arcs[arc].now),
                                  out_of(view, arcs[arc].home)});
            }
            return slices;
        }
        for (const ring_arc& arc : arcs) {
            slices.push_back({arc.first / all_hashes,
                              static_cast<double>(std::uint64_t{arc.last} + 1) / all_hashes,
                              place(arc.now), out_of(view, arc.home)});
        }
        return slices;
    }

    std::size_t out_of(const ring_view& view, detail::server_index home) {
        return view.is_out(home) ? line_of(view.servers()[home]) : picture_nobody;
    }

    // Without arcs: a slice each, as large as the load.
    std::vector<picture_slice> proportional(const ring_view& view) {
        is_proportional_ = true;
        const ring_shares shares = &view == &from_.now ? from_.shares : detail::shares_of(view);
        std::vector<picture_slice> slices;
        double first = 0;
        const auto add = [&](double size, std::size_t line) {
            if (size <= 0) return;
            slices.push_back({first, std::min(first + size, 1.0), line, picture_nobody});
            first += size;
        };
        for (std::size_t i = 0; i < shares.servers.size(); ++i) {
            add(shares.servers[i].load, line_of(view.servers()[i]));
        }
        add(shares.unserved, picture_nobody);
        return slices;
    }

    void draw() {
        picture_.ring = slices_of(from_.now);
        if (from_.before) {
            picture_.before = slices_of(*from_.before);
            if (!is_proportional_) mark_moved();
        }
        const auto points = from_.now.home().ring_points().points();
        if (is_proportional_ || points.size() > most_points) return;
        for (const auto& p : points) {
            picture_.points.emplace_back(p.value / all_hashes,
                                         line_of(from_.now.servers()[p.server]));
        }
    }

    void mark_moved() {
        const auto& olds = picture_.before;
        const auto& news = picture_.ring;
        double first = 0;
        for (std::size_t o = 0, n = 0; o < olds.size() && n < news.size();) {
            const double last = std::min(olds[o].last, news[n].last);
            if (olds[o].line != news[n].line) picture_.moved.push_back({first, last});
            if (olds[o].last <= last) ++o;
            if (news[n].last <= last) ++n;
            first = last;
        }
    }

    void tell() {
        const ring_view& now = from_.now;
        std::string sentence = sentence_of(now.home().spec());
        picture_.title = sentence.substr(0, sentence.find(", "));
        picture_.digest = detail::digest_of(now.home()).text;
        auto& facts = picture_.facts;
        // A line each: together they are too long for the middle of a ring.
        for (std::size_t at = sentence.find(", "); at != sentence.npos;) {
            const std::size_t next = sentence.find(", ", at + 2);
            facts.push_back(sentence.substr(at + 2, next == sentence.npos ? next : next - at - 2));
            at = next;
        }
        facts.push_back(counted(now.servers().size(), "server") + ", " +
                        counted(now.home().ring_points().points().size(), "point"));
        facts.push_back("standard deviation " + percent(from_.shares.deviation));
        if (from_.change) facts.push_back("moved: " + percent(from_.change->moved));

        const auto explain = [&](const std::string& what) {
            picture_.legend += (picture_.legend.empty() ? "" : ", ") + what;
        };
        if (from_.before) explain("inner ring: before");
        if (is_proportional_) explain("slices are loads, not arcs");
        if (!from_.policy.empty() && !is_proportional_) explain("striped: out, " + from_.policy);
        if (from_.shares.unserved > 0) {
            explain("grey: no answer, " + percent(from_.shares.unserved));
        }
        if (is_coarse_) explain("drawn in 7200 steps");
    }

    const scene& from_;
    ring_picture picture_;
    std::map<std::string, std::size_t> lines_;
    bool is_coarse_ = false;
    bool is_proportional_ = false;
};

}  // namespace

ring_picture picture_of(const scene& from) {
    return picture_maker(from).picture();
}

}  // namespace kmc::cli
