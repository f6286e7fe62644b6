// Turns hosts into addresses without ever holding up the engine: literals are answered on the spot,
// names by getaddrinfo on helper threads of this engine.
//
// Threads are started on demand, end when nothing is left to look up, and are never waited for:
// getaddrinfo cannot be interrupted, so a thread that is stuck in it when the resolver goes away
// keeps what it needs alive by itself, and its answer is dropped.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/address.hpp"
#include "io/io_engine.hpp"
#include "io/waker.hpp"

namespace kmc::detail {

struct resolved {
    op_token token;
    std::int32_t error = 0;
    std::vector<address> addresses;
};

// Asks the system. 0 and at least one address, or a negated errno; -ENOENT: no such name.
[[nodiscard]] std::int32_t look_up_name(const std::string& host, std::uint16_t port,
                                        std::vector<address>& found);

class resolver {
public:
    using look_up_function = std::int32_t (*)(const std::string&, std::uint16_t,
                                              std::vector<address>&);
    static constexpr std::size_t threads_max = 4;

    // Wakes `engine` when a thread has an answer.
    explicit resolver(waker& engine, look_up_function look_up = &look_up_name);
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    ~resolver();

    void start(op_token token, std::string_view host, std::uint16_t port);

    // An answer waits that no thread had to find: the engine need not sleep.
    [[nodiscard]] bool has_literals() const noexcept { return !literals_.empty(); }

    // All answers so far.
    [[nodiscard]] std::vector<resolved> take();

private:
    struct shared;

    std::vector<resolved> literals_;
    std::size_t asked_ = 0;  // names without an answer yet
    std::shared_ptr<shared> shared_;
};

}  // namespace kmc::detail
