// What a process used between two moments: time, processor, and how often it slept.

#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace kmc::load {

struct usage {
    double seconds = 0;
    double user_seconds = 0;
    double system_seconds = 0;
    std::int64_t slept = 0;      // voluntary context switches
    std::int64_t displaced = 0;  // involuntary ones

    [[nodiscard]] double cpu_seconds() const noexcept { return user_seconds + system_seconds; }
    // Without what a part of the process used. Sums are exact; the kernel's shares of user and
    // system are estimates, which may contradict each other.
    void take_off(const usage& part) noexcept {
        const double left = std::max(0.0, cpu_seconds() - part.cpu_seconds());
        user_seconds = std::clamp(user_seconds - part.user_seconds, 0.0, left);
        system_seconds = left - user_seconds;
        slept -= part.slept;
        displaced -= part.displaced;
    }
};

// Of the whole process, all threads, or of the thread that asks.
enum class whose : int { process = RUSAGE_SELF, thread = RUSAGE_THREAD };

class window {
public:
    explicit window(whose of = whose::process) noexcept : of_(static_cast<int>(of)) {}

    void begin() noexcept {
        ::getrusage(of_, &before_);
        began_ = std::chrono::steady_clock::now();
    }
    [[nodiscard]] usage end() const noexcept {
        const auto now = std::chrono::steady_clock::now();
        rusage after{};
        ::getrusage(of_, &after);
        return {.seconds = std::chrono::duration<double>(now - began_).count(),
                .user_seconds = seconds(after.ru_utime) - seconds(before_.ru_utime),
                .system_seconds = seconds(after.ru_stime) - seconds(before_.ru_stime),
                .slept = after.ru_nvcsw - before_.ru_nvcsw,
                .displaced = after.ru_nivcsw - before_.ru_nivcsw};
    }

private:
    static double seconds(const timeval& t) noexcept {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    }

    int of_;
    rusage before_{};
    std::chrono::steady_clock::time_point began_;
};

}  // namespace kmc::load
