#include "rehearsal/report.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace kmc::rehearsal {
namespace {

using cli::json;

constexpr std::string_view nothing = "-";

std::string formatted(const char* format, double number) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, number);
    return text.data();
}

double ms_of(duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

std::string time_text(const std::optional<duration>& time) {
    if (!time) return std::string(nothing);
    const double ms = ms_of(*time);
    if (ms < 10) return formatted("%.2f ms", ms);
    return ms < 10'000 ? formatted("%.0f ms", ms) : formatted("%.1f s", ms / 1000);
}

std::string rate_text(const reads& of) {
    return of.count == 0 ? std::string(nothing) : formatted("%.2f %%", 100 * of.hit_rate());
}

// Their names in text, "server_dead" for the document and "server dead" for people.
struct reason {
    errc code;
    std::string_view name;
};
constexpr std::array reasons{reason{errc::timed_out, "timed_out"},
                             reason{errc::server_dead, "server_dead"},
                             reason{errc::connect_failed, "connect_failed"},
                             reason{errc::connection_lost, "connection_lost"},
                             reason{errc::protocol_error, "protocol_error"},
                             reason{errc::server_busy, "server_busy"},
                             reason{errc::overloaded, "overloaded"},
                             reason{errc::server_error, "server_error"}};

std::string server_name(std::size_t number) {
    return "s" + std::to_string(number);
}

std::string names_of_outages(const plan& p) {
    std::vector<std::string> names;
    for (const outage& o : p.outages) {
        if (std::find(names.begin(), names.end(), server_name(o.server)) == names.end()) {
            names.push_back(server_name(o.server));
        }
    }
    std::string text;
    for (const std::string& each : names) text += (text.empty() ? "" : ", ") + each;
    return text;
}

std::string story_of(const outage& o) {
    std::string text = server_name(o.server);
    switch (o.kind) {
        case outage_kind::kill:
            text += " is killed, and comes back without its memory";
            break;
        case outage_kind::hang:
            text += " hangs: takes connections and answers nothing";
            break;
        case outage_kind::slow:
            text += " is slow: requests wait up to " + short_time(o.latency);
            break;
        case outage_kind::flap:
            text += " flaps: " + short_time(o.down) + " down, " + short_time(o.up) + " up";
            break;
        case outage_kind::partition:
            text += " is cut off, and keeps its memory";
            break;
    }
    return text + ", from " + short_time(o.begin) + " to " + short_time(o.end);
}

std::string head_of(const plan& p) {
    std::string text = std::to_string(p.weights.size()) + " servers, " + std::to_string(p.clients) +
                       " clients, " + std::to_string(p.keys) + " keys (skew " +
                       formatted("%g", p.skew) + "), " + formatted("%g", 100 * p.writes) +
                       " % writes, " + short_time(p.length) + ", seed " + std::to_string(p.seed) +
                       "\n";
    text += "dead after " + std::to_string(p.health.remove_failed) + " failures, retry after " +
            short_time(p.health.retry_timeout) + ", probe after " +
            short_time(p.health.dead_timeout) + ", calls end after " + short_time(p.deadline) +
            "\n";
    for (const outage& o : p.outages) text += story_of(o) + "\n";
    return text;
}

struct row {
    std::string name;
    std::function<std::string(const outcome&)> cell;
};

std::vector<row> rows_of(const plan& p, std::span<const act> acts) {
    const auto number = [](std::uint64_t outcome::*which) {
        return [which](const outcome& o) { return std::to_string(o.*which); };
    };
    const auto rate = [](reads outcome::*which) {
        return [which](const outcome& o) { return rate_text(o.*which); };
    };
    const auto time = [](reads outcome::*which, unsigned of_a_hundred) {
        return [=](const outcome& o) { return time_text((o.*which).percentile(of_a_hundred)); };
    };
    const std::string named = names_of_outages(p);
    const bool has_outage = !p.outages.empty();
    std::vector<row> rows;
    rows.push_back({"reads", [](const outcome& o) { return std::to_string(o.all.count); }});
    rows.push_back({"hit rate", rate(&outcome::all)});
    if (has_outage) {
        rows.push_back({"  while something is wrong", rate(&outcome::in_outage)});
        rows.push_back({"  keys of " + named, rate(&outcome::affected)});
        rows.push_back({"  those, while wrong", rate(&outcome::affected_in_outage)});
    }
    rows.push_back({"errors", [](const outcome& o) { return std::to_string(o.all.errors); }});
    for (const reason& why : reasons) {
        const auto at = static_cast<std::size_t>(why.code);
        const bool has_any = std::any_of(acts.begin(), acts.end(),
                                         [&](const act& a) { return a.came_to.errors[at] != 0; });
        if (!has_any) continue;
        std::string name = "  " + std::string(why.name);
        std::replace(name.begin(), name.end(), '_', ' ');
        rows.push_back({name, [at](const outcome& o) { return std::to_string(o.errors[at]); }});
    }
    rows.push_back({"read p50", time(&outcome::all, 50)});
    rows.push_back({"read p99", time(&outcome::all, 99)});
    if (has_outage) {
        rows.push_back({"  p50 while wrong", time(&outcome::in_outage, 50)});
        rows.push_back({"  p99 while wrong", time(&outcome::in_outage, 99)});
    }
    rows.push_back({"asked of the source", number(&outcome::loads)});
    rows.push_back({"  peak in a second", number(&outcome::loads_peak)});
    rows.push_back({"changes not acknowledged", [](const outcome& o) {
                        return std::to_string(o.updates_failed) + " of " +
                               std::to_string(o.updates);
                    }});
    rows.push_back({"stale reads", number(&outcome::stale)});
    rows.push_back({"  longest after the change", [](const outcome& o) {
                        return o.stale == 0 ? std::string(nothing) : time_text(o.stale_longest);
                    }});
    rows.push_back({"reads behind the source", number(&outcome::outdated)});
    rows.push_back({"ejections", number(&outcome::ejections)});
    rows.push_back({"  refused", number(&outcome::ejections_refused)});
    rows.push_back({"  readmissions", number(&outcome::readmissions)});
    rows.push_back({"probes", number(&outcome::probes)});
    rows.push_back({"requests to stand-ins", number(&outcome::stand_ins)});
    for (std::size_t i = 0; i < p.outages.size(); ++i) {
        const std::string what =
            server_name(p.outages[i].server) + " at " + short_time(p.outages[i].begin);
        rows.push_back({what + ": to ejection",
                        [i](const outcome& o) { return time_text(o.outages[i].to_ejection); }});
        rows.push_back({"  return to first success", [i](const outcome& o) {
                            return time_text(o.outages[i].to_first_success);
                        }});
        rows.push_back({"  dials a second, mean", [i](const outcome& o) {
                            return formatted("%.1f", o.outages[i].dials_mean);
                        }});
        rows.push_back({"  dials a second, peak",
                        [i](const outcome& o) { return std::to_string(o.outages[i].dials_peak); }});
    }
    return rows;
}

std::string incidents_of(const outcome& o) {
    std::string text;
    for (const incident& each : o.incidents) {
        text += formatted("%9.3f s  ", std::chrono::duration<double>(each.when).count()) +
                server_name(each.server) + ": " + std::string(kmc::to_text(each.kind));
        if (each.reason != errc{}) text += ", " + std::string(kmc::to_text(each.reason));
        if (each.kind == event_kind::server_dead) {
            text += " (" + std::to_string(each.failures) + " in a row)";
        }
        text += "\n";
    }
    return text;
}

// --- the document -------------------------------------------------------------------------------

json time_json(const std::optional<duration>& time) {
    return time ? json(ms_of(*time)) : json(nullptr);
}

json reads_json(const reads& of) {
    return {{"count", of.count},
            {"hits", of.hits},
            {"errors", of.errors},
            {"hit_rate", of.count == 0 ? json(nullptr) : json(of.hit_rate())},
            {"p50_ms", time_json(of.percentile(50))},
            {"p99_ms", time_json(of.percentile(99))}};
}

json plan_json(const plan& p) {
    json document;
    document["servers"] = p.weights.size();
    document["weights"] = p.weights;
    document["ring"] = kmc::to_text(p.ring.ring);
    document["clients"] = p.clients;
    document["keys"] = p.keys;
    document["skew"] = p.skew;
    document["duration_ms"] = ms_of(p.length);
    cli::put_number(document, "seed", p.seed);
    document["deadline_ms"] = ms_of(p.deadline);
    document["remove_failed"] = p.health.remove_failed;
    document["retry_timeout_ms"] = ms_of(p.health.retry_timeout);
    document["dead_timeout_ms"] = ms_of(p.health.dead_timeout);
    document["max_ejected"] = p.health.max_ejected;
    json& outages = document["outages"] = json::array();
    for (const outage& o : p.outages) {
        outages.push_back({{"server", server_name(o.server)},
                           {"kind", to_text(o.kind)},
                           {"begin_ms", ms_of(o.begin)},
                           {"end_ms", ms_of(o.end)}});
    }
    return document;
}

json outcome_json(const plan& p, const act& a) {
    const outcome& o = a.came_to;
    json document;
    document["on_dead"] = kmc::to_text(a.policy);
    document["reads"] = {{"all", reads_json(o.all)},
                         {"in_outage", reads_json(o.in_outage)},
                         {"affected", reads_json(o.affected)},
                         {"affected_in_outage", reads_json(o.affected_in_outage)}};
    json& errors = document["errors"] = json::object();
    for (const reason& why : reasons) {
        const std::uint64_t count = o.errors[static_cast<std::size_t>(why.code)];
        if (count != 0) errors[std::string(why.name)] = count;
    }
    document["loads"] = {{"count", o.loads}, {"peak_per_second", o.loads_peak}};
    document["updates"] = {{"count", o.updates}, {"not_acknowledged", o.updates_failed}};
    document["fills_failed"] = o.fills_failed;
    document["stale"] = {
        {"reads", o.stale},
        {"longest_ms", o.stale == 0 ? json(nullptr) : json(ms_of(o.stale_longest))},
        {"behind_source", o.outdated}};
    document["health"] = {{"ejections", o.ejections},
                          {"refused", o.ejections_refused},
                          {"readmissions", o.readmissions},
                          {"probes", o.probes},
                          {"stand_ins", o.stand_ins}};
    json& outages = document["outages"] = json::array();
    for (std::size_t i = 0; i < o.outages.size(); ++i) {
        const outage_news& news = o.outages[i];
        outages.push_back({{"server", server_name(p.outages[i].server)},
                           {"to_ejection_ms", time_json(news.to_ejection)},
                           {"to_first_success_ms", time_json(news.to_first_success)},
                           {"dials_per_second_mean", news.dials_mean},
                           {"dials_per_second_peak", news.dials_peak}});
    }
    json& events = document["events"] = json::array();
    for (const incident& each : o.incidents) {
        json entry = {{"at_ms", ms_of(each.when)},
                      {"what", kmc::to_text(each.kind)},
                      {"server", server_name(each.server)}};
        if (each.reason != errc{}) entry["why"] = kmc::to_text(each.reason);
        events.push_back(std::move(entry));
    }
    json& seconds = document["timeline"] = json::array();
    for (const second& s : o.timeline) {
        seconds.push_back(
            {{"reads", s.reads}, {"hits", s.hits}, {"errors", s.errors}, {"loads", s.loads}});
    }
    cli::put_number(document, "trace_hash", o.trace_hash);
    return document;
}

}  // namespace

std::string to_text(const plan& p, std::span<const act> acts) {
    const std::vector<row> rows = rows_of(p, acts);
    std::size_t name_width = 0;
    for (const row& r : rows) name_width = std::max(name_width, r.name.size());
    std::string text = head_of(p) + "\n" + std::string(name_width, ' ');
    constexpr std::size_t cell_width = 16;
    const auto add = [&](std::string_view cell) {
        text += std::string(cell_width - std::min(cell_width - 1, cell.size()), ' ');
        text += cell;
    };
    for (const act& a : acts) add(kmc::to_text(a.policy));
    text += "\n";
    for (const row& r : rows) {
        text += r.name + std::string(name_width - r.name.size(), ' ');
        for (const act& a : acts) add(r.cell(a.came_to));
        text += "\n";
    }
    if (acts.size() == 1 && !acts.front().came_to.incidents.empty()) {
        text += "\n" + incidents_of(acts.front().came_to);
    }
    return text;
}

cli::json to_json(const plan& p, std::span<const act> acts) {
    json document;
    document["plan"] = plan_json(p);
    json& runs = document["runs"] = json::array();
    for (const act& a : acts) runs.push_back(outcome_json(p, a));
    return document;
}

}  // namespace kmc::rehearsal
