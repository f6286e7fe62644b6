// Sends on a ring that leave a completion only if they did not go out whole.
//
// What fits into the socket's buffer, as it nearly always does, is gone when the kernel has taken
// the entry. Where nobody waits for its end such a send asks not to be waited for, and for a
// completion only if it went wrong: nothing has to be collected for it, and a wait counts answers
// only. What the kernel has said nothing of by the end of a turn went out whole.

#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/gathered.hpp"

namespace kmc::detail {

class prompt_sends {
public:
    // Up to this size a send is expected to fit.
    static constexpr std::size_t bytes_max = 64 * 1024;

    enum class verdict { not_prompt, stuck, ended };

    prompt_sends() {
        under_way_.reserve(256);
        settling_.reserve(256);
    }

    [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }

    void add(std::uint64_t token, int fd, const gathered& bytes) {
        under_way_.push_back({token, fd, bytes});
    }
    void take_back_last() noexcept { under_way_.pop_back(); }

    // One has left a completion after all. A stuck one found no room and has sent nothing.
    [[nodiscard]] verdict on_completion(std::uint64_t token, std::int32_t result) noexcept {
        const auto at = std::find_if(under_way_.begin(), under_way_.end(),
                                     [&](const one& p) { return p.token == token; });
        if (at == under_way_.end()) return verdict::not_prompt;
        if (result == -EAGAIN) {
            at->is_stuck = true;
            return verdict::stuck;
        }
        under_way_.erase(at);
        return verdict::ended;
    }

    void forget(std::uint64_t token) noexcept {
        std::erase_if(under_way_, [&](const one& p) { return p.token == token; });
    }

    // Only when the kernel has taken all of them and everything it said about them was taken, and
    // before anything else is started. Calls on_stuck(token, fd, bytes), which may start a send,
    // or on_gone(token, size) for each.
    template <class Stuck, class Gone>
    void settle(Stuck&& on_stuck, Gone&& on_gone) {
        settling_.swap(under_way_);
        for (const one& p : settling_) {
            if (p.is_stuck) {
                on_stuck(p.token, p.fd, p.bytes);
            } else {
                on_gone(p.token, p.bytes.size());
            }
        }
        settling_.clear();
    }

private:
    struct one {
        std::uint64_t token;
        int fd;
        gathered bytes;
        bool is_stuck = false;
    };

    std::vector<one> under_way_;
    std::vector<one> settling_;  // always empty outside of settle()
};

}  // namespace kmc::detail
