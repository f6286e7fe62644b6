// A stack that any thread may push to and one thread empties, by one exchange each.

#pragma once

#include <atomic>

namespace kmc::detail {

struct mpsc_hook {
    mpsc_hook* next = nullptr;
};

class mpsc_stack {
public:
    // Any thread. After the call the element belongs to the consumer.
    void push(mpsc_hook& element) noexcept {
        mpsc_hook* head = head_.load(std::memory_order_relaxed);
        do {
            element.next = head;
        } while (!head_.compare_exchange_weak(head, &element, std::memory_order_seq_cst,
                                              std::memory_order_relaxed));
    }

    // Consumer only: everything pushed so far, oldest first, linked by `next`.
    [[nodiscard]] mpsc_hook* take_all() noexcept {
        mpsc_hook* newest = head_.exchange(nullptr, std::memory_order_acquire);
        mpsc_hook* oldest = nullptr;
        while (newest != nullptr) {
            mpsc_hook* next = newest->next;
            newest->next = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

    // Ordered with push() for the sleep protocol of the reactor.
    [[nodiscard]] bool empty() const noexcept {
        return head_.load(std::memory_order_seq_cst) == nullptr;
    }

private:
    std::atomic<mpsc_hook*> head_{nullptr};
};

}  // namespace kmc::detail
