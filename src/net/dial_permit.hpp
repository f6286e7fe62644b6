// Leave to dial: so many attempts at a time for each server and client, and for the process, so
// that the return of a server, or of the network, is no storm.

#pragma once

#include <atomic>
#include <cstdint>

namespace kmc::detail {

class dial_permit {
public:
    static constexpr std::uint32_t per_process = 256;

    dial_permit() = default;
    dial_permit(const dial_permit&) = delete;
    dial_permit& operator=(const dial_permit&) = delete;
    ~dial_permit() { give_back(); }

    [[nodiscard]] bool is_held() const noexcept { return of_server_ != nullptr; }

    // True if it is held now.
    [[nodiscard]] bool try_take(std::atomic<std::uint32_t>& of_server,
                                std::uint32_t per_server) noexcept {
        if (is_held()) return true;
        if (!try_count(of_server, per_server)) return false;
        if (!try_count(of_process(), per_process)) {
            of_server.fetch_sub(1, std::memory_order_relaxed);
            return false;
        }
        of_server_ = &of_server;
        return true;
    }

    void give_back() noexcept {
        if (!is_held()) return;
        of_server_->fetch_sub(1, std::memory_order_relaxed);
        of_process().fetch_sub(1, std::memory_order_relaxed);
        of_server_ = nullptr;
    }

private:
    [[nodiscard]] static bool try_count(std::atomic<std::uint32_t>& n,
                                        std::uint32_t most) noexcept {
        if (n.fetch_add(1, std::memory_order_relaxed) < most) return true;
        n.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    [[nodiscard]] static std::atomic<std::uint32_t>& of_process() noexcept {
        static std::atomic<std::uint32_t> count{0};
        return count;
    }

    std::atomic<std::uint32_t>* of_server_ = nullptr;
};

}  // namespace kmc::detail
