// kmc ring doctor: which dialect placed these keys?

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <span>

#include <kmc/translate.hpp>

#include "arguments.hpp"
#include "cluster.hpp"
#include "columns.hpp"
#include "inspect/ring_change.hpp"
#include "inspect/ring_digest.hpp"
#include "inspect/ring_doctor.hpp"
#include "inspect/ring_share.hpp"
#include "output.hpp"
#include "ring/evidence.hpp"
#include "ring/subcommands.hpp"
#include "ring_words.hpp"
#include "translation_text.hpp"

namespace kmc::cli {
namespace {

using detail::ring_diagnosis;
using detail::ring_dialect;

// Below it nothing is called an answer.
constexpr double fits_from = 0.9;
// As many dialects as might fit by accident before that is said.
constexpr double fear_accidents_from = 0.01;
constexpr std::size_t most_rivals = 10;
// How far keys that tell two dialects apart are looked for.
constexpr std::size_t tried_keys = 1000;

struct doctor_arguments {
    cluster_flags cluster;
    std::string pairs;
    std::string keys;
    bool live = false;
};

std::string words_for(const ring_dialect& d) {
    std::string text = sentence_of(d.spec);
    switch (d.form) {
        case detail::address_form::as_given:
            break;
        case detail::address_form::with_port:
            text += ", servers written with their port";
            break;
        case detail::address_form::without_port:
            text += ", servers written without port 11211";
            break;
        case detail::address_form::path_as_host:
            text += ", sockets added as if they were hosts (server::port = 11211)";
            break;
        case detail::address_form::slash_in_front:
            text += ", servers named /host:port (server::name)";
            break;
        case detail::address_form::literal_twice:
            text += ", servers named host/host:port (server::name)";
            break;
    }
    if (d.hashes_prefix) text += ", the prefix hashed";
    if (!d.hash_tag.empty()) text += ", hash tag " + d.hash_tag;
    if (!d.order.empty()) text += ", the list in another order";
    return text;
}

// What reaches the keys as that dialect does, for everything that prints translations.
translation as_translation(const ring_dialect& d, std::span<const server> given,
                           const std::string& prefix) {
    translation t{server_list::of(d.servers(given)).value()};
    t.ring = d.spec;
    t.prefix = prefix;
    t.hash_prefix = d.hashes_prefix;
    t.hash_tag = d.hash_tag;
    return t;
}

// A key that the two put on different servers, and where; or how seldom there is one.
std::string difference_of(const ring_dialect& a, const ring_dialect& b,
                          std::span<const server> servers, const std::string& prefix) {
    const auto view_of = [&](const ring_dialect& d) {
        return detail::ring_view::build(server_list::of(d.servers(servers)).value(), d.spec)
            .value();
    };
    const detail::ring_view one = view_of(a);
    const detail::ring_view other = view_of(b);
    const auto address = [&](const detail::ring_view& view, const ring_dialect& d,
                             const std::string& key) {
        return detail::address_of(view.servers()[view.owner_of(d.hashed_part(key, prefix))]);
    };
    for (std::size_t i = 0; i < 3 * tried_keys; ++i) {
        // Hashes of bytes and of UTF-16 differ beyond ASCII only, and hash tags are in no sample.
        std::string key = detail::sample_key(i);
        if (i >= tried_keys) key += i < 2 * tried_keys ? "\xc3\xa9" : "{tag}";
        const std::string here = address(one, a, key);
        const std::string there = address(other, b, key);
        if (here != there) return "look where this is: " + key + " (" + here + " or " + there + ")";
    }
    char moved[32];
    std::snprintf(moved, sizeof moved, "%.2g%%", detail::change_between(one, other).moved * 100);
    return "they differ for about " + std::string(moved) + " of all keys";
}

std::string rate_of(const ring_dialect& d, std::size_t keys) {
    return std::to_string(d.matches) + " of " + std::to_string(keys) + " keys (" +
           percent(static_cast<double>(d.matches) / static_cast<double>(keys)) + ")";
}

enum class verdict { none, ambiguous, weak, found };

constexpr const char* word_for(verdict v) {
    switch (v) {
        case verdict::none:
            return "none";
        case verdict::ambiguous:
            return "ambiguous";
        case verdict::weak:
            return "too_few_keys";
        case verdict::found:
            break;
    }
    return "found";
}

verdict verdict_of(const ring_diagnosis& d) {
    const auto best = d.best();
    if (best.empty() ||
        static_cast<double>(best[0].matches) < fits_from * static_cast<double>(d.keys)) {
        return verdict::none;
    }
    if (std::any_of(best.begin(), best.end(),
                    [&](const ring_dialect& other) { return !other.places_as(best[0]); })) {
        return verdict::ambiguous;
    }
    return d.accidents > fear_accidents_from ? verdict::weak : verdict::found;
}

// A diagnosis with what it was made from, and how it is said.
class report {
public:
    report(const ring_diagnosis& found, std::span<const server> servers, const std::string& prefix)
        : found_(found), verdict_(verdict_of(found)), servers_(servers), prefix_(prefix) {}

    void print_json() const {
        json document;
        document["verdict"] = word_for(verdict_);
        document["keys"] = found_.keys;
        document["tried"] = found_.tried;
        document["accidents"] = found_.accidents;
        document["dialects"] = json::array();
        for (const ring_dialect& each : found_.dialects) {
            const translation t = as_translation(each, servers_, prefix_);
            const auto flags = flags_of(t);
            document["dialects"].push_back({{"dialect", words_for(each)},
                                            {"matches", each.matches},
                                            {"digest", each.digest},
                                            {"flags", flags.empty() ? json(nullptr) : json(flags)},
                                            {"cpp", cpp_of(t)}});
        }
        print_document(document);
    }

    void print_text() const {
        print("tried " + std::to_string(found_.tried) + " dialects on " +
              std::to_string(found_.keys) + " keys\n");
        if (verdict_ == verdict::none) return print_nothing_found();
        const ring_dialect& first = found_.best()[0];
        print("the keys were placed by: " + words_for(first) + "\n");
        print("it explains " + rate_of(first, found_.keys) + "\n\n");
        print_config(first);
        print_equals(first);
        print_rivals(first);
        if (found_.accidents > fear_accidents_from) {
            print(
                "\nThe keys are few: among so many dialects one may fit by accident. Give more.\n");
        }
    }

private:
    void print_nothing_found() const {
        const auto best = found_.best();
        print("none fits");
        print(best.empty() ? ": none explains even half of the keys\n"
                           : "; the nearest explains " + rate_of(best[0], found_.keys) + ": " +
                                 words_for(best[0]) + "\n");
        print("Is the list complete, with the weights and the order that the other program has?\n");
    }

    void print_config(const ring_dialect& d) const {
        const translation t = as_translation(d, servers_, prefix_);
        const auto flags = flags_of(t);
        print(flags.empty() ? "no text says all of this list, so there are no flags; C++ has it\n"
                            : "# flags of kmc\n" + shell_words(flags) + "\n");
        print("\n// C++\n" + cpp_of(t));
    }

    void print_equals(const ring_dialect& first) const {
        bool is_first = true;
        for (const ring_dialect& other : found_.best().subspan(1)) {
            if (!other.places_as(first)) continue;
            if (is_first) print("\nOn this list the same for every key, whichever is meant:\n");
            is_first = false;
            print("  " + words_for(other) + "\n");
        }
    }

    void print_rivals(const ring_dialect& first) const {
        std::size_t rivals = 0;
        for (const ring_dialect& other : found_.best().subspan(1)) {
            if (other.places_as(first)) continue;
            if (rivals == 0) print("\nThese keys cannot tell it from:\n");
            if (++rivals > most_rivals) continue;
            print("  " + words_for(other) + "; " + difference_of(first, other, servers_, prefix_) +
                  "\n");
        }
        if (rivals > most_rivals)
            print("  and " + std::to_string(rivals - most_rivals) + " more\n");
    }

    const ring_diagnosis& found_;
    verdict verdict_;
    std::span<const server> servers_;
    const std::string& prefix_;
};

exit_code to_exit_code(verdict v) {
    switch (v) {
        case verdict::none:
            return exit_code::miss;
        case verdict::found:
            return exit_code::ok;
        case verdict::ambiguous:
        case verdict::weak:
            break;
    }
    return exit_code::partial;
}

exit_code run_doctor(const doctor_arguments& args) {
    if (args.live == args.keys.empty()) {
        return report_usage(config_error("--live and --keys FILE go together"));
    }
    if (args.live != args.pairs.empty()) {
        return report_usage(config_error("give PAIRS, or --live with --keys, and not both"));
    }
    if (args.cluster.key_size_max() == 0) {
        return report_usage(
            config_error("--prefix is over 249 bytes, which leaves none for a key"));
    }
    const auto list = choose_servers(args.cluster);
    if (!list) return report_usage(list.error());
    const auto pairs = args.live ? ask_nodes(args.keys, args.cluster, list.value())
                                 : read_pairs(args.pairs, list.value());
    if (!pairs) return report_usage(pairs.error());
    if (pairs.value().empty()) {
        return report_usage(config_error("there is no key with its server to go by"));
    }
    const auto servers = list.value().servers();
    const auto found = detail::diagnose(servers, pairs.value(), args.cluster.prefix);
    const report said(found, servers, args.cluster.prefix);
    if (args.cluster.json) {
        said.print_json();
    } else {
        said.print_text();
    }
    return to_exit_code(verdict_of(found));
}

}  // namespace

void add_ring_doctor(CLI::App& ring, std::vector<command>& commands) {
    auto args = std::make_shared<doctor_arguments>();
    CLI::App* const sub = ring.add_subcommand(
        "doctor",
        "Find out which ring another program uses: tries every ring, hash and setting on keys "
        "whose servers are known. Exit code 0: found; 1: none fits; 3: several fit, or the keys "
        "are too few to tell");
    read_as_bytes(*sub->add_option("PAIRS", args->pairs,
                                   "A file of key<TAB>server, a line each; - is standard input"));
    add_list_flags(*sub, args->cluster);
    CLI::Option* const prefix = sub->add_option(
        "--prefix", args->cluster.prefix,
        "What the other program puts before its keys; the keys are given without it");
    read_as_bytes(*prefix).type_name("TEXT")->group("Cluster");
    sub->add_flag("--live", args->live, "Ask every server which of the keys it has");
    read_as_bytes(*sub->add_option("--keys", args->keys, "The keys to ask for, one a line"))
        .type_name("FILE");
    add_call_flags(*sub, args->cluster);
    add_output_flags(*sub, args->cluster);
    commands.push_back({sub, [args] { return run_doctor(*args); }});
}

}  // namespace kmc::cli
