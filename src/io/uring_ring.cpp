#include "io/uring_ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <new>

#include "io/timespec.hpp"

// liburing maps and unmaps the ring without libc, where the thread sanitizer does not see it: a
// ring in the place of one that another thread had looks like a race to it.
#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace kmc::detail {
namespace {

#if defined(__SANITIZE_THREAD__)
char ring_memory;
void ring_is_mapped() noexcept {
    __tsan_acquire(&ring_memory);
}
void ring_goes() noexcept {
    __tsan_release(&ring_memory);
}
#else
void ring_is_mapped() noexcept {}
void ring_goes() noexcept {}
#endif

// Completions are bounded by connections, at most four each, not by requests: small is enough.
constexpr unsigned entries_usual = 256;
constexpr unsigned completions_usual = 1024;
constexpr unsigned entries_small = 64;
constexpr unsigned completions_small = 128;

constexpr unsigned memory_retries = 2;
constexpr long memory_pause_nanoseconds = 50'000'000;

// Completions run only when the owner enters the kernel: in batches, on a warm cache, without
// interrupting it elsewhere. One broken entry does not hold back those behind it.
constexpr unsigned flags_common =
    IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN;
constexpr unsigned flags_owned = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

void pause_for_memory() noexcept {
    const timespec pause{.tv_sec = 0, .tv_nsec = memory_pause_nanoseconds};
    ::nanosleep(&pause, nullptr);
}

// What these calls return differs between versions of liburing when entries were submitted and the
// wait ended early, so only refusals mean something.
int without_passing_troubles(int result) noexcept {
    if (result >= 0) return 0;
    switch (-result) {
        case ETIME:
        case EINTR:
        case EAGAIN:  // short of memory for now, or
        case EBUSY:   // completions have to be taken first
            return 0;
        default:
            return result;
    }
}

}  // namespace

uring_ring::~uring_ring() {
    if (!is_set_up_) return;
    ring_goes();
    io_uring_unregister_ring_fd(&ring_);
    io_uring_queue_exit(&ring_);
}

int uring_ring::try_set_up(unsigned entries, unsigned completions) noexcept {
    int result = 0;
    for (const unsigned flags : {flags_common | flags_owned, flags_common}) {
        io_uring_params params{};
        params.flags = flags;
        params.cq_entries = completions;
        result = io_uring_queue_init_params(entries, &ring_, &params);
        if (result != -EINVAL) break;
    }
    return result;
}

int uring_ring::set_up() noexcept {
    int result = try_set_up(entries_usual, completions_usual);
    for (unsigned i = 0; i < memory_retries && result == -ENOMEM; ++i) {
        pause_for_memory();
        result = try_set_up(entries_usual, completions_usual);
    }
    if (result == -ENOMEM) result = try_set_up(entries_small, completions_small);
    if (result < 0) return result;
    is_set_up_ = true;
    ring_is_mapped();
    // Saves a look-up per system call; the ring works as well without.
    static_cast<void>(io_uring_register_ring_fd(&ring_));
    return 0;
}

int uring_ring::submit() noexcept {
    return without_passing_troubles(io_uring_submit(&ring_));
}

int uring_ring::submit_and_collect() noexcept {
    return without_passing_troubles(io_uring_submit_and_get_events(&ring_));
}

int uring_ring::submit_and_wait(unsigned completions, std::optional<duration> limit) noexcept {
    if (!limit) return without_passing_troubles(io_uring_submit_and_wait(&ring_, completions));
    auto kernel_limit = to_timespec<__kernel_timespec>(*limit);
    io_uring_cqe* first = nullptr;
    return without_passing_troubles(
        io_uring_submit_and_wait_timeout(&ring_, &first, completions, &kernel_limit, nullptr));
}

int uring_ring::check_operations() noexcept {
    constexpr unsigned operations_max = 256;
    struct free_memory {
        void operator()(void* p) const noexcept { std::free(p); }
    };
    const std::unique_ptr<io_uring_probe, free_memory> probe(static_cast<io_uring_probe*>(
        std::calloc(1, sizeof(io_uring_probe) + operations_max * sizeof(io_uring_probe_op))));
    if (!probe) return -ENOMEM;
    const int result = io_uring_register_probe(&ring_, probe.get(), operations_max);
    if (result < 0) return result;
    for (const int operation :
         {IORING_OP_NOP, IORING_OP_CONNECT, IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_RECV,
          IORING_OP_READ, IORING_OP_POLL_ADD, IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
          IORING_OP_ASYNC_CANCEL}) {
        if (io_uring_opcode_supported(probe.get(), operation) == 0) return -EOPNOTSUPP;
    }
    return 0;
}

}  // namespace kmc::detail
