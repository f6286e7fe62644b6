#include "sim/history.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/assert.hpp"
#include "base/rng.hpp"

namespace kmc::sim {
namespace {

// The world begins there, so that nothing works only because time began at 0.
constexpr time_point world_begins{std::chrono::hours(1)};

constexpr std::array deeds{"read", "ask", "store", "erase", "count"};
constexpr std::array endings{"open", "done", "absent", "declined", "unknown", "not done"};

[[nodiscard]] std::string seconds_of(time_point when) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6f s",
                  std::chrono::duration<double>(when - world_begins).count());
    return text.data();
}

}  // namespace

history::id history::begin(past_call call) {
    call.began = ++now_;
    call.began_at = net_->now();
    call.frozen = frozen_;
    calls_.push_back(std::move(call));
    return calls_.size() - 1;
}

void history::end(id which, ending how, std::uint64_t seen) {
    past_call& call = calls_[which];
    KMC_ASSERT(call.how == ending::open && how != ending::open);
    call.how = how;
    call.seen = seen;
    call.ended = ++now_;
    call.ended_at = net_->now();
    call.frozen = frozen_ - call.frozen;
    for (const std::uint64_t each :
         {std::uint64_t{which}, std::uint64_t{static_cast<std::uint8_t>(how)}, seen,
          static_cast<std::uint64_t>(call.ended_at.time_since_epoch().count())}) {
        hash_ = kmc::detail::rng(hash_ ^ each).next();
    }
}

void history::instant(past_call call, ending how, std::uint64_t seen) {
    const id which = begin(std::move(call));
    end(which, how, seen);
}

void history::found(std::string key, std::size_t server, std::uint64_t version) {
    instant({.what = deed::read, .key = std::move(key), .server = server, .is_direct = true},
            ending::done, version);
}

void history::found_nothing(std::string key, std::size_t server) {
    instant({.what = deed::read, .key = std::move(key), .server = server, .is_direct = true},
            ending::absent, 0);
}

void history::planted(std::string key, std::size_t server, std::uint64_t version) {
    instant({.what = deed::store,
             .key = std::move(key),
             .version = version,
             .server = server,
             .is_direct = true},
            ending::done, 0);
}

void history::counted(std::string key, std::size_t server, std::uint64_t number) {
    tallies_.push_back({std::move(key), server, number});
}

void history::lost_memory(std::size_t server) {
    losses_.push_back({server, ++now_});
}

void history::executed(deed what, std::string key, std::size_t server, ending how,
                       std::uint64_t version) {
    executions_.push_back({what, std::move(key), server, how, version, ++now_});
}

void history::moved(std::string key, std::size_t server) {
    moves_.push_back({std::move(key), server, ++now_});
}

void history::died(std::size_t server) {
    deaths_.push_back({server, ++now_});
}

void history::distrust_silence(std::size_t server) {
    distrusted_.push_back(server);
}

void history::froze(duration time) {
    frozen_ += time;
}

bool history::is_distrusted(std::size_t server) const noexcept {
    return std::find(distrusted_.begin(), distrusted_.end(), server) != distrusted_.end();
}

std::string to_text(const history::execution& done) {
    std::string text = "server " + std::to_string(done.server) + " did: ";
    text += deeds[static_cast<std::size_t>(done.what)];
    text += " of '" + done.key + "', " + endings[static_cast<std::size_t>(done.how)];
    if (done.version != 0) text += ", version " + std::to_string(done.version);
    return text + " (" + std::to_string(done.when) + ")";
}

std::string to_text(const past_call& call) {
    std::string text = deeds[static_cast<std::size_t>(call.what)];
    text += " of '" + call.key + "'";
    if (call.what == deed::store) text += " version " + std::to_string(call.version);
    text += " on server " + std::to_string(call.server) + ", began at " + seconds_of(call.began_at);
    text += " (" + std::to_string(call.began) + "), ";
    text += endings[static_cast<std::size_t>(call.how)];
    if (call.how == ending::open) return text;
    if (call.what == deed::read && call.how == ending::done) {
        text += call.seen == history::nobodys ? ": no value of this key"
                                              : ": version " + std::to_string(call.seen);
    }
    text += " at " + seconds_of(call.ended_at) + " (" + std::to_string(call.ended) + ")";
    return text;
}

}  // namespace kmc::sim
