// What other threads ask of a reactor. A letter is embedded in what it is about; after post() the
// sender may not touch it.

#pragma once

#include "base/mpsc_stack.hpp"

namespace kmc::detail {

struct letter : mpsc_hook {
    void (*open)(letter&) noexcept = nullptr;  // called on the reactor's thread
};

class mailbox {
public:
    void post(letter& l) noexcept { stack_.push(l); }

    [[nodiscard]] bool empty() const noexcept { return stack_.empty(); }

    void open_all() noexcept {
        mpsc_hook* next = stack_.take_all();
        while (next != nullptr) {
            auto& l = static_cast<letter&>(*next);
            next = next->next;
            l.open(l);
        }
    }

private:
    mpsc_stack stack_;
};

}  // namespace kmc::detail
