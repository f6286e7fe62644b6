// KMC_ASSERT: invariants of our own. Never for what a peer or a user sends: that is checked and
// answered with an error. On in debug and sanitizer builds, and wherever KMC_ASSERTIONS is set.

#pragma once

#include <cstdio>
#include <cstdlib>

namespace kmc::detail {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "kmc: broken invariant: %s (%s:%d)\n", what, file, line);
    std::abort();
}

}  // namespace kmc::detail

#if defined(KMC_ASSERTIONS) || !defined(NDEBUG)
#define KMC_ASSERT(condition) \
    ((condition) ? void() : ::kmc::detail::assertion_failed(#condition, __FILE__, __LINE__))
#else
#define KMC_ASSERT(condition) static_cast<void>(0)
#endif
