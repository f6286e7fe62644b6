// What entries point to: the kernel reads an address, or the places of a send, when it takes the
// entry, in the next call at the latest.

#pragma once

#include <cstddef>
#include <deque>

#include <sys/socket.h>

#include "io/address.hpp"
#include "io/gathered.hpp"
#include "io/socket.hpp"

namespace kmc::detail {

// Taking an entry may submit all others, and forget what they pointed to: so first the entry is
// taken, and then its argument kept.
class uring_arguments {
public:
    [[nodiscard]] const address& keep(const address& where) { return dialled_.emplace_back(where); }
    [[nodiscard]] const msghdr& keep(const gathered& bytes) {
        if (used_ == messages_.size()) messages_.emplace_back();
        message& kept = messages_[used_++];
        kept.bytes = bytes;
        kept.head = message_of(kept.bytes);
        return kept.head;
    }

    // The kernel has taken all entries.
    void on_submitted() noexcept {
        dialled_.clear();
        used_ = 0;
    }

private:
    struct message {
        gathered bytes;
        msghdr head{};
    };

    std::deque<address> dialled_;
    std::deque<message> messages_;  // about as many as the queue has entries; never freed
    std::size_t used_ = 0;          // of them
};

}  // namespace kmc::detail
