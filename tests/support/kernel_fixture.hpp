// The engine contract's world for the engines that talk to a kernel: peers are plain sockets on
// loopback and in a temporary folder.

#pragma once

#include <memory>

#include "support/engine_contract.hpp"

namespace kmc::testing {

// Null for no engine.
[[nodiscard]] std::unique_ptr<engine_fixture> make_kernel_fixture(
    std::unique_ptr<detail::io_engine> engine);

/// A listener on a Unix socket whose queue stays full while it lives.
class full_unix_listener {
public:
    full_unix_listener();
    full_unix_listener(const full_unix_listener&) = delete;
    full_unix_listener& operator=(const full_unix_listener&) = delete;
    ~full_unix_listener();

    [[nodiscard]] place where() const;

private:
    struct sockets;
    std::unique_ptr<sockets> sockets_;
};

}  // namespace kmc::testing
