#include "load/pacer.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace kmc::load {
namespace {

// The end may come forward, and nobody tells: so often is looked.
constexpr auto longest_nap = std::chrono::milliseconds(50);

}  // namespace

pacer::pacer(std::vector<line> lines, const period& when)
    : lines_(std::move(lines)), when_(when), thread_([this] { live(); }) {}

pacer::~pacer() {
    if (thread_.joinable()) thread_.join();
}

usage pacer::close() {
    thread_.join();
    return used_;
}

void pacer::live() noexcept {
    // The kernel rounds sleeps up by 50 us to save power; where it refuses, starts are that late.
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    window spent(whose::thread);
    bool is_measuring = false;
    for (clock::time_point now = clock::now(); now < when_.until(); now = clock::now()) {
        if (!is_measuring && now >= when_.from()) {
            spent.begin();
            is_measuring = true;
        }
        std::this_thread::sleep_until(std::min({ring(now), now + longest_nap, when_.until()}));
    }
    if (is_measuring) used_ = spent.end();
}

clock::time_point pacer::ring(clock::time_point now) noexcept {
    clock::time_point next = clock::time_point::max();
    for (line& l : lines_) {
        if (l.starts.next() <= now) l.at->ring();
        while (l.starts.next() <= now) l.starts.pop();
        next = std::min(next, l.starts.next());
    }
    return next;
}

}  // namespace kmc::load
