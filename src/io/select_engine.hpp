// Chooses the engine: probes what this process may use, once, and says in words why not.

#pragma once

#include <memory>
#include <string>

#include <kmc/options.hpp>
#include <kmc/result.hpp>

#include "io/io_engine.hpp"

namespace kmc::detail {

struct engine_choice {
    backend chosen = backend::epoll;  // never automatic
    bool fell_back = false;           // the first choice was refused
    std::string reason;               // one line: which engine, and why (errno and what to change)
};

// Probes io_uring on the calling thread when it is wanted. Reads KMC_BACKEND when `options.backend`
// is automatic; an unknown word there is an error. With options.require a refusal is an error.
[[nodiscard]] config_result<engine_choice> choose_engine(const runtime_options& options);

// Makes one engine of that kind for the calling thread.
[[nodiscard]] config_result<std::unique_ptr<io_engine>> make_engine(backend chosen);

}  // namespace kmc::detail
