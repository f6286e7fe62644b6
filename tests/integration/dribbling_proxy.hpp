// Stands between a client and one node, and hands the node's replies on in small pieces.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "nodes.hpp"

namespace kmc::testing {

class dribbling_proxy {
public:
    /// Takes one connection, to `node`; pieces have 1 to `piece_max` bytes, drawn with `seed`.
    dribbling_proxy(const std::string& node, std::size_t piece_max, std::uint64_t seed);
    dribbling_proxy(const dribbling_proxy&) = delete;
    dribbling_proxy& operator=(const dribbling_proxy&) = delete;
    ~dribbling_proxy();

    /// How a server list names it.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::uint64_t pieces() const noexcept { return pieces_.load(); }

private:
    void serve();
    void hand_on(int from, int to, bool in_pieces);

    std::string node_;
    std::size_t piece_max_;
    std::uint64_t seed_;
    descriptor listener_;
    std::string text_;
    std::atomic<std::uint64_t> pieces_{0};
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace kmc::testing
