#include "report.hpp"

#include <cstdio>

namespace demo {
namespace {

constexpr int server_width = 17;
constexpr double shares_per_mark = 0.02;  // of the little bars

void print_line(const char* before, std::string_view text) {
    std::printf("%s%.*s\n", before, static_cast<int>(text.size()), text.data());
    std::fflush(stdout);  // a reader at a pipe wants each phase as it happens
}

}  // namespace

std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
    return digits;
}

std::string fixed(double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

void report::heading(std::string_view text) {
    print_line("\n", text);
}

void report::line(std::string_view text) {
    print_line("  ", text);
}

void report::expect(bool holds, std::string_view what) {
    if (holds) return;
    ++failures_;
    print_line("  NOT TRUE: ", what);
}

void report::spread(const kmc::client& mc, std::span<const std::size_t> keys_per_server,
                    std::span<const double> ring_shares) {
    std::printf("  %-*s  weight  ring share       keys\n", server_width, "server");
    for (std::size_t s = 0; s < mc.servers().size(); ++s) {
        const kmc::server& server = mc.server_at(s);
        const double share = static_cast<double>(keys_per_server[s]) / key_count;
        const std::string bar(static_cast<std::size_t>(share / shares_per_mark + 0.5), '#');
        std::printf("  %-*s  %6u  %8.1f %%  %9s  %5.1f %%  %s\n", server_width, server.text.c_str(),
                    server.weight, ring_shares[s] * 100, grouped(keys_per_server[s]).c_str(),
                    share * 100, bar.c_str());
    }
}

void report::batch(const kmc::client& mc, const batch_outcome& outcome) {
    for (std::size_t s = 0; s < outcome.servers.size(); ++s) {
        const server_share& share = outcome.servers[s];
        std::string what = grouped(share.hits) + " of " + grouped(share.asked) + " keys";
        if (share.misses != 0) what += ", " + grouped(share.misses) + " misses";
        if (share.errors != 0) {
            what += ", " + grouped(share.errors) +
                    " errors: " + std::string(to_text(share.why.code)) + ", " +
                    std::string(to_text(share.why.at));
        }
        std::printf("  %-*s  %s\n", server_width, mc.server_at(s).text.c_str(), what.c_str());
    }
    line("in " + fixed(outcome.time.count() * 1e3, 2) + " ms");
}

void report::verdict() {
    print_line("\n", is_good() ? "Every value read was the value written."
                               : "The demo failed: see NOT TRUE above.");
}

}  // namespace demo
