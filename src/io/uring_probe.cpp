#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>

#include <sys/socket.h>

#include "io/engines.hpp"
#include "io/socket.hpp"
#include "io/uring_ring.hpp"

namespace kmc::detail {
namespace {

// Everything asked here is ready at once; this only keeps a broken kernel from holding up a start.
constexpr duration patience = std::chrono::seconds(1);

class socket_pair {
public:
    socket_pair() noexcept
        : error_(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0 ? 0
                                                                                         : errno) {}
    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;
    ~socket_pair() {
        for (const int end : ends_) {
            if (end >= 0) close_descriptor(end);
        }
    }

    [[nodiscard]] int error() const noexcept { return error_; }
    [[nodiscard]] int operator[](std::size_t i) const noexcept { return ends_[i]; }

private:
    std::array<int, 2> ends_{-1, -1};
    int error_;
};

// Runs one prepared entry. Its result, or what the system call said. A signal may end the wait
// before there is one; that is no word against the ring.
int run(uring_ring& ring, std::string_view& step) {
    constexpr int none = -EIO;  // neither a result nor an error: not a ring to rely on
    const auto give_up = std::chrono::steady_clock::now() + patience;
    for (bool has_ended = false; std::chrono::steady_clock::now() < give_up;) {
        if (const int entered = ring.submit_and_wait(1, patience); entered < 0) {
            step = "io_uring_enter";
            return entered;
        }
        int result = none;
        ring.take_completions([&](const io_uring_cqe& entry) {
            result = entry.res;
            has_ended = true;
        });
        if (has_ended) return result;
    }
    return none;
}

std::optional<uring_refusal> refused(int result, std::string_view step) {
    if (result >= 0) return std::nullopt;
    return uring_refusal{.error = -result, .step = step};
}

std::optional<uring_refusal> try_nothing(uring_ring& ring) {
    std::string_view step = "the operation NOP";
    io_uring_prep_nop(ring.next_entry());
    const int result = run(ring, step);
    return refused(result, step);
}

// The ring must not be able to end up with two entries under way, or the buffers here would have
// to outlive it: send first, then receive what is there.
std::optional<uring_refusal> try_transfer(uring_ring& ring) {
    const socket_pair ends;
    if (ends.error() != 0) return uring_refusal{.error = ends.error(), .step = "socketpair"};
    static const std::byte sent{'k'};
    static std::byte received{};  // lives on if the kernel should be late

    std::string_view step = "the operation SEND";
    io_uring_prep_send(ring.next_entry(), ends[0], &sent, 1, MSG_NOSIGNAL);
    int result = run(ring, step);
    if (result < 0) return refused(result, step);

    step = "the operation RECV";
    io_uring_prep_recv(ring.next_entry(), ends[1], &received, 1, 0);
    result = run(ring, step);
    if (result < 0) return refused(result, step);
    if (result != 1 || received != sent) return uring_refusal{.error = EIO, .step = step};
    return std::nullopt;
}

}  // namespace

std::optional<uring_refusal> probe_uring() {
    uring_ring ring;
    if (const int result = ring.set_up(); result < 0) return refused(result, "io_uring_setup");
    if (auto no = try_nothing(ring)) return no;
    if (const int result = ring.check_operations(); result < 0) {
        return refused(result, "io_uring_register");
    }
    return try_transfer(ring);
}

}  // namespace kmc::detail
