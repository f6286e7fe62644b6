// The measurement as a page: two pictures and the table. Everything inside, nothing fetched, no
// script.

#include <algorithm>
#include <cmath>

#include "bench/charts.hpp"
#include "bench/report.hpp"
#include "markup.hpp"

namespace kmc::cli::bench {
namespace {

std::string digits(double number) {
    std::string text = svg_number(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

// "12 k", "1.5 M".
std::string amount_text(double number) {
    if (number >= 1e9) return digits(number / 1e9) + " G";
    if (number >= 1e6) return digits(number / 1e6) + " M";
    if (number >= 1e3) return digits(number / 1e3) + " k";
    return digits(number);
}

// "99.9 %", with as many nines as it takes.
std::string percentile_text(unsigned nines) {
    std::string text = "99";
    if (nines > 2) text += "." + std::string(nines - 2, '9');
    return text + " %";
}

// Percentiles on the scale 1/(1-p): each step to the right is ten times as rare. Times in powers of
// ten upwards.
class latency_scales {
public:
    explicit latency_scales(const load::histogram& times) {
        tenths_ = std::max(1.0, std::log10(static_cast<double>(times.count())));
        double least = static_cast<double>(times.max());
        times.each([&](std::uint64_t ns, std::uint64_t) {
            least = std::min(least, static_cast<double>(ns));
        });
        low_ = std::floor(std::log10(std::max(least, 1.0)));
        high_ = std::max(low_ + 1, std::ceil(std::log10(static_cast<double>(times.max()) + 1)));
    }

    // @param part  up to 1, which is the end of the axis.
    [[nodiscard]] double x(double part) const {
        const double rarer = part < 1 ? -std::log10(1 - part) : tenths_;
        return std::min(rarer / tenths_, 1.0);
    }
    [[nodiscard]] double y(double ns) const {
        return std::clamp((std::log10(std::max(ns, 1.0)) - low_) / (high_ - low_), 0.0, 1.0);
    }

    [[nodiscard]] std::vector<axis_mark> percentiles() const {
        std::vector<axis_mark> marks = {{0, "0 %"}, {x(0.5), "50 %"}, {x(0.9), "90 %"}};
        for (unsigned nines = 2; nines <= tenths_; ++nines) {
            marks.push_back({nines / tenths_, percentile_text(nines)});
        }
        return marks;
    }
    [[nodiscard]] std::vector<axis_mark> times() const {
        std::vector<axis_mark> marks;
        for (double power = low_; power <= high_; ++power) {
            for (const double digit : {1, 2, 5}) {
                const double ns = digit * std::pow(10, power);
                const bool is_wanted = digit == 1 || high_ - low_ <= 2;
                if (is_wanted && std::log10(ns) <= high_ + 1e-9) {
                    marks.push_back({y(ns), time_text(ns)});
                }
            }
        }
        return marks;
    }

private:
    double tenths_;  // how often the axis is ten times as rare
    double low_;
    double high_;
};

chart latency_chart(const load::histogram& times) {
    const latency_scales scales(times);
    chart drawn{.title = "time of a call, by percentile",
                .below = scales.percentiles(),
                .beside = scales.times()};
    const auto total = static_cast<double>(times.count());
    std::uint64_t so_far = 0;
    times.each([&](std::uint64_t ns, std::uint64_t count) {
        const double y = scales.y(static_cast<double>(ns));
        drawn.line.push_back({scales.x(static_cast<double>(so_far) / total), y});
        so_far += count;
        drawn.line.push_back({scales.x(static_cast<double>(so_far) / total), y});
    });
    drawn.line.push_back({1, scales.y(static_cast<double>(times.max()))});
    for (const double part : {0.5, 0.9, 0.99, 0.999}) {
        if (total * (1 - part) < 1) break;
        const double ns = times.quantile(part);
        drawn.points.push_back({{scales.x(part), scales.y(ns)}, time_text(ns)});
    }
    return drawn;
}

chart throughput_chart(const subject& s) {
    const auto& timeline = s.seen.timeline;
    double most = s.open ? s.open->per_second : 0;
    double before = 0;
    std::vector<spot> rates;  // when, and calls a second since the one before
    for (const load::progress& each : timeline) {
        const double length = each.seconds - before;
        if (length <= 0) continue;
        rates.push_back({each.seconds, static_cast<double>(each.calls) / length});
        most = std::max(most, rates.back().y);
        before = each.seconds;
    }
    const scale height = round_scale(most * 1.05, 5);
    const scale length = round_scale(before, 10);
    const double end = before > 0 ? before : length.most;
    chart drawn{.title = "calls a second, over the measured time"};
    for (double at = 0; at <= end * 1.0001; at += length.step) {
        drawn.below.push_back({at / end, digits(at) + " s"});
    }
    for (double at = 0; at <= height.most * 1.0001; at += height.step) {
        drawn.beside.push_back({at / height.most, amount_text(at)});
    }
    double from = 0;
    for (const spot& each : rates) {
        drawn.line.push_back({from / end, each.y / height.most});
        drawn.line.push_back({each.x / end, each.y / height.most});
        from = each.x;
    }
    if (s.open) drawn.levels.push_back({s.open->per_second / height.most, "asked for"});
    return drawn;
}

std::string html_table(const subject& s) {
    std::string out = "<table>\n";
    for (const auto& group : table_of(s)) {
        out += "<tbody>\n";
        for (const row& r : group) {
            out += "<tr><td>" + escaped(r.name) + "</td><td>" + escaped(r.amount) + "</td><td>" +
                   escaped(r.rate) + "</td></tr>\n";
        }
        out += "</tbody>\n";
    }
    return out + "</table>\n";
}

constexpr const char* table_styles = R"(tbody::before { content: ""; display: block; height: 12px; }
td { white-space: pre; }
)";

}  // namespace

std::string to_page(const subject& s) {
    const std::string title = "kmc bench: " + s.workload;
    std::string body = "<h1>" + escaped(title) + "</h1>\n";
    for (const std::string& line : story_of(s)) body += "<p>" + escaped(line) + "</p>\n";
    if (s.seen.times.count() != 0) body += svg_of(latency_chart(s.seen.times));
    body += svg_of(throughput_chart(s));
    body += html_table(s);
    return page_with(title, chart_styles() + table_styles, body);
}

}  // namespace kmc::cli::bench
