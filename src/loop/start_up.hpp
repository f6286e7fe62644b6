// What every kind of runtime does alike at its start and its end.

#pragma once

#include <chrono>
#include <cstdint>

#include <kmc/options.hpp>
#include <kmc/runtime.hpp>

#include "io/select_engine.hpp"

namespace kmc::detail {

// How long the kernel may take to let go of buffers before they are leaked.
inline constexpr duration shut_down_patience = std::chrono::seconds(1);

[[nodiscard]] std::uint64_t random_seed();

[[nodiscard]] runtime_info info_of(const engine_choice& choice, unsigned threads);

// Says that the first choice was refused, if it was, to whom the options name.
void report_fallback(const runtime_options& options, const runtime_info& info);

}  // namespace kmc::detail
