// A limit on what is under way, and the line of those that wait for it.

#pragma once

#include <cstdint>

#include <kmc/detail/intrusive_list.hpp>
#include <kmc/detail/op_node.hpp>

namespace kmc::detail {

// As a list element it waits for a look at its line.
class quota : public list_hook {
public:
    void limit(std::uint64_t requests, std::uint64_t bytes) noexcept {
        requests_max_ = requests;
        bytes_max_ = bytes;
    }

    // Whether a node may start now. One that is larger than the limits starts alone.
    [[nodiscard]] bool admits(const op_node& node) const noexcept {
        return requests_ == 0 ||
               (requests_ + node.count <= requests_max_ && bytes_ + node.bytes <= bytes_max_);
    }

    void take(const op_node& node) noexcept {
        requests_ += node.count;
        bytes_ += node.bytes;
    }
    void give_back(const op_node& node) noexcept {
        requests_ -= node.count;
        bytes_ -= node.bytes;
    }

    [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }
    [[nodiscard]] intrusive_list<op_node>& line() noexcept { return line_; }

private:
    std::uint64_t requests_max_ = 0;
    std::uint64_t bytes_max_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t bytes_ = 0;
    intrusive_list<op_node> line_;
};

}  // namespace kmc::detail
