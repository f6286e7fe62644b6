// What the demo says, and its verdict. Every expectation is a line of its own: what did not come
// true is printed where it happened and makes the exit status 1.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <kmc/kmc.hpp>

#include "workload.hpp"

namespace demo {

class report {
public:
    void heading(std::string_view text);
    void line(std::string_view text);

    /// Keeps the verdict; says what failed if `holds` is false.
    void expect(bool holds, std::string_view what);

    /// Keys per server against the server's share of the ring.
    void spread(const kmc::client& mc, std::span<const std::size_t> keys_per_server,
                std::span<const double> ring_shares);
    void batch(const kmc::client& mc, const batch_outcome& outcome);

    [[nodiscard]] bool is_good() const noexcept { return failures_ == 0; }
    void verdict();

private:
    std::size_t failures_ = 0;
};

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::size_t number);
/// With so many digits behind the point.
[[nodiscard]] std::string fixed(double number, int digits);

}  // namespace demo
