#include "bench/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "columns.hpp"

namespace kmc::cli::bench {
namespace {

using load::failures;
using load::figures;
using load::histogram;

constexpr const char* nothing = "-";

struct percentile {
    const char* name;
    double part;
};
constexpr std::array percentiles{percentile{"p50", 0.5}, percentile{"p90", 0.9},
                                 percentile{"p99", 0.99}, percentile{"p99.9", 0.999}};

std::string formatted(const char* format, double number) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, number);
    return text.data();
}

double per(double amount, std::uint64_t count) {
    return count == 0 ? 0 : amount / static_cast<double>(count);
}

double a_second(const figures& f, double amount) {
    return f.used.seconds > 0 ? amount / f.used.seconds : 0;
}

// Of values that came, or were stored.
double megabytes(const subject& s) {
    return static_cast<double>(s.seen.hits) * static_cast<double>(s.value_bytes) / 1e6;
}

std::string rate_text(const figures& f, std::uint64_t count) {
    return formatted("%.0f a second", a_second(f, static_cast<double>(count)));
}

std::string spoken(errc code) {
    std::string name(name_of(code));
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

// Calls use(code, count) for each reason there was.
template <class Use>
void each_reason(const failures& of, Use&& use) {
    for (std::size_t i = 0; i < failures::codes; ++i) {
        if (of.by_code[i] != 0) use(static_cast<errc>(i), of.by_code[i]);
    }
}

std::string counted(std::size_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::vector<row> counts_of(const subject& s) {
    const figures& f = s.seen;
    std::vector<row> rows = {{"calls", std::to_string(f.calls), rate_text(f, f.calls)},
                             {"keys", std::to_string(f.keys), rate_text(f, f.keys)},
                             {"values", formatted("%.1f MB", megabytes(s)),
                              formatted("%.2f MB a second", a_second(f, megabytes(s)))},
                             {s.stores() ? "stored" : "hits", std::to_string(f.hits)},
                             {s.stores() ? "not stored" : "misses", std::to_string(f.misses)},
                             {"errors", std::to_string(f.errors.count())}};
    each_reason(f.errors, [&](errc code, std::uint64_t count) {
        rows.push_back({"  " + spoken(code), std::to_string(count)});
    });
    if (f.errors.wrong_values != 0) {
        rows.push_back({"  wrong value", std::to_string(f.errors.wrong_values)});
    }
    if (f.errors_outside.count() != 0) {
        rows.push_back({"errors before and after", std::to_string(f.errors_outside.count())});
    }
    return rows;
}

std::vector<row> costs_of(const figures& f) {
    std::vector<row> rows = {
        {"processor per call", formatted("%.3f us", per(f.used.cpu_seconds() * 1e6, f.calls))},
        {"processor per key", formatted("%.1f ns", per(f.used.cpu_seconds() * 1e9, f.keys))},
        {"  user", formatted("%.2f s", f.used.user_seconds)},
        {"  system", formatted("%.2f s", f.used.system_seconds)},
        {"sleeps per call", formatted("%.3f", per(static_cast<double>(f.used.slept), f.calls))}};
    if (f.pacing.seconds > 0) {
        rows.push_back({"pacing, not in these", formatted("%.2f s", f.pacing.cpu_seconds())});
    }
    return rows;
}

std::vector<row> times_of(const histogram& times, const std::string& what) {
    std::vector<row> rows;
    const bool is_empty = times.count() == 0;
    for (const percentile& p : percentiles) {
        rows.push_back(
            {what + " " + p.name, is_empty ? nothing : time_text(times.quantile(p.part))});
    }
    rows.push_back(
        {what + " max", is_empty ? nothing : time_text(static_cast<double>(times.max()))});
    return rows;
}

std::string load_words(const subject& s) {
    const std::string callers = std::to_string(s.plan.in_flight);
    if (!s.open) {
        return "closed loop: " + counted(s.plan.in_flight, "caller") +
               ", each begins its next call when the last one is answered";
    }
    return "open loop: " + formatted("%g", s.open->per_second) + " calls a second, " +
           (s.open->how == load::arrival::poisson ? "at random" : "at a steady rate") +
           ", at most " + callers + " at a time; times count from when a call was due";
}

json times_json(const histogram& times) {
    json document;
    document["count"] = times.count();
    const auto put = [&](const char* name, double ns) {
        document[name] = times.count() == 0 ? json(nullptr) : json(ns / 1e3);
    };
    for (const percentile& p : percentiles) put(p.name, times.quantile(p.part));
    put("max", static_cast<double>(times.max()));
    return document;
}

json errors_json(const figures& f) {
    json reasons = json::object();
    each_reason(f.errors, [&](errc code, std::uint64_t count) {
        reasons[std::string(name_of(code))] = count;
    });
    if (f.errors.wrong_values != 0) reasons["wrong_value"] = f.errors.wrong_values;
    return {{"count", f.errors.count()},
            {"by_reason", std::move(reasons)},
            {"before_and_after", f.errors_outside.count()}};
}

json plan_json(const subject& s) {
    json document = {{"workload", s.workload},
                     {"loop", s.open ? "open" : "closed"},
                     {"servers", s.servers},
                     {"ring", s.ring},
                     {"backend", s.backend},
                     {"threads", s.threads},
                     {"connections", s.connections},
                     {"inflight", s.plan.in_flight},
                     {"batch", s.keys_of_call()},
                     {"keys", s.keys},
                     {"key_bytes", s.key_bytes},
                     {"value_bytes", s.value_bytes},
                     {"warmup_seconds", s.plan.warm_up.count()},
                     {"duration_seconds", s.plan.time.count()},
                     {"verify", s.plan.verify}};
    if (s.open) {
        document["rate"] = s.open->per_second;
        document["arrivals"] = s.open->how == load::arrival::poisson ? "poisson" : "constant";
    }
    put_number(document, "seed", s.plan.seed);
    return document;
}

}  // namespace

std::string time_text(double ns) {
    const auto with_unit = [](double number, const char* unit) {
        const char* const format = number < 10 ? "%.2f" : number < 100 ? "%.1f" : "%.0f";
        return formatted(format, number) + " " + unit;
    };
    if (ns < 999.5) return formatted("%.0f ns", ns);
    if (ns < 999.5e3) return with_unit(ns / 1e3, "us");
    if (ns < 999.5e6) return with_unit(ns / 1e6, "ms");
    return with_unit(ns / 1e9, "s");
}

std::vector<std::string> story_of(const subject& s) {
    const bool is_batch = s.keys_of_call() != 1;
    std::vector<std::string> lines = {
        counted(s.servers, "server") + ", ring " + s.ring + ", " + s.backend + ", " +
            counted(s.threads, "thread") + ", " + counted(s.connections, "connection") +
            " to each server and thread",
        s.workload + (is_batch ? " of " + std::to_string(s.plan.batch) + " keys" : "") + " from " +
            std::to_string(s.keys) + " of " + std::to_string(s.key_bytes) + " bytes, values of " +
            counted(s.value_bytes, "byte"),
        load_words(s)};
    if (s.prepared) {
        lines.push_back(
            "stored before: " + counted(s.prepared->items - s.prepared->failed, "item") + " in " +
            time_text(s.prepared->seconds * 1e9));
    }
    lines.push_back("measured for " + formatted("%.2f s", s.seen.used.seconds) +
                    (s.seen.ended_early ? ", ended early" : ""));
    return lines;
}

std::vector<std::vector<row>> table_of(const subject& s) {
    std::vector<std::vector<row>> groups = {counts_of(s), costs_of(s.seen),
                                            times_of(s.seen.times, "time")};
    if (s.open) {
        groups.push_back(times_of(s.seen.lateness, "begun late"));
        groups.back().push_back({"never begun", std::to_string(s.seen.not_begun)});
    }
    return groups;
}

std::string to_text(const subject& s) {
    std::string text;
    for (const std::string& line : story_of(s)) text += line + "\n";
    const auto groups = table_of(s);
    std::size_t name_width = 0;
    std::size_t amount_width = 0;
    for (const auto& group : groups) {
        for (const row& r : group) {
            name_width = std::max(name_width, r.name.size());
            amount_width = std::max(amount_width, r.amount.size());
        }
    }
    for (const auto& group : groups) {
        text += "\n";
        for (const row& r : group) {
            text += left(r.name, name_width) + "  " + right(r.amount, amount_width);
            if (!r.rate.empty()) text += "   " + r.rate;
            text += "\n";
        }
    }
    return text;
}

json to_json(const subject& s) {
    const figures& f = s.seen;
    json document;
    document["plan"] = plan_json(s);
    if (s.prepared) {
        json& stored = document["stored_before"] = {{"items", s.prepared->items},
                                                    {"failed", s.prepared->failed},
                                                    {"seconds", s.prepared->seconds}};
        if (s.prepared->failed != 0) stored["reason"] = name_of(s.prepared->why.code);
    }
    document["seconds"] = f.used.seconds;
    document["ended_early"] = f.ended_early;
    document["calls"] = f.calls;
    document["keys"] = f.keys;
    document["hits"] = f.hits;
    document["misses"] = f.misses;
    document["errors"] = errors_json(f);
    document["calls_per_second"] = a_second(f, static_cast<double>(f.calls));
    document["keys_per_second"] = a_second(f, static_cast<double>(f.keys));
    document["megabytes_per_second"] = a_second(f, megabytes(s));
    document["cpu"] = {{"user_seconds", f.used.user_seconds},
                       {"system_seconds", f.used.system_seconds},
                       {"us_per_call", per(f.used.cpu_seconds() * 1e6, f.calls)},
                       {"ns_per_key", per(f.used.cpu_seconds() * 1e9, f.keys)}};
    document["sleeps_per_call"] = per(static_cast<double>(f.used.slept), f.calls);
    document["time_us"] = times_json(f.times);
    if (s.open) {
        document["begun_late_us"] = times_json(f.lateness);
        document["never_begun"] = f.not_begun;
        document["pacing_cpu_seconds"] = f.pacing.cpu_seconds();
    }
    json& timeline = document["timeline"] = json::array();
    for (const load::progress& each : f.timeline) {
        timeline.push_back({{"seconds", each.seconds}, {"calls", each.calls}, {"keys", each.keys}});
    }
    return document;
}

exit_code verdict_of(const subject& s) {
    tally count;
    count.hit(s.seen.hits);
    count.miss(s.seen.misses);
    for (const failures* of : {&s.seen.errors, &s.seen.errors_outside}) {
        const stage at = of->was_refused ? stage::answered : stage::not_sent;
        each_reason(*of, [&](errc code, std::uint64_t times) {
            count.fail({.code = code, .at = at}, times);
        });
        if (of->wrong_values != 0) {
            count.fail({.code = errc::bad_value, .at = stage::answered}, of->wrong_values);
        }
    }
    if (s.prepared) {
        count.hit(s.prepared->items - s.prepared->failed);
        if (s.prepared->failed != 0) count.fail(s.prepared->why, s.prepared->failed);
    }
    return count.verdict();
}

}  // namespace kmc::cli::bench
