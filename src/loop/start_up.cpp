#include "loop/start_up.hpp"

#include <atomic>
#include <cstdio>
#include <random>

namespace kmc::detail {

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

runtime_info info_of(const engine_choice& choice, unsigned threads) {
    return {.backend = choice.chosen == backend::io_uring ? "io_uring" : "epoll",
            .fell_back = choice.fell_back,
            .reason = choice.reason,
            .threads = threads};
}

void report_fallback(const runtime_options& options, const runtime_info& info) {
    if (!info.fell_back) return;
    if (options.on_fallback != nullptr) {
        options.on_fallback(info.reason);
        return;
    }
    static std::atomic<bool> said{false};
    if (!said.exchange(true)) std::fprintf(stderr, "kmc: %s\n", info.reason.c_str());
}

}  // namespace kmc::detail
