// The way from a std::stop_token, on whatever thread the stop is requested, to a call on its
// reactor. The token's callback only posts a letter; the letter finds the call, or finds it gone.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "loop/mailbox.hpp"
#include "loop/reactor.hpp"

namespace kmc::detail {

class stop_link final : private letter {
public:
    // `on_stop(target)` is called once on the reactor's thread, in a later turn, unless detach()
    // came before. Throws std::bad_alloc.
    static stop_link* make(const std::stop_token& token, reactor& loop, void* target,
                           void (*on_stop)(void*) noexcept) {
        auto* link = new stop_link(loop, target, on_stop);
        link->callback_.emplace(token, poster{link});
        return link;
    }

    // The target goes. Its reactor's thread. The link frees itself, at once or when its letter was
    // opened.
    void detach() noexcept {
        target_ = nullptr;
        callback_.reset();  // waits for a callback that is running on another thread
        release();
    }

private:
    struct poster {
        stop_link* link;
        void operator()() const noexcept {
            link->references_.fetch_add(1, std::memory_order_relaxed);
            link->loop_.post(*link);
        }
    };

    stop_link(reactor& loop, void* target, void (*on_stop)(void*) noexcept) noexcept
        : loop_(loop), target_(target), on_stop_(on_stop) {
        open = [](letter& l) noexcept {
            auto& self = static_cast<stop_link&>(l);
            if (void* const reached = self.target_) self.on_stop_(reached);
            self.release();
        };
    }
    ~stop_link() = default;

    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    reactor& loop_;
    void* target_;  // the reactor's thread only
    void (*on_stop_)(void*) noexcept;
    std::atomic<std::uint32_t> references_{1};
    std::optional<std::stop_callback<poster>> callback_;
};

}  // namespace kmc::detail
