// The seam to the kernel, proactor-shaped: start an operation now, hear of its end in turn().
// Three engines stand behind it: io_uring, epoll, and the simulator of tests/support.
//
// Rules that every engine keeps and the contract suite (tests/support/engine_contract) checks:
//   - every started operation completes exactly once, in some turn(), never inside the call;
//   - the memory of an operation belongs to the engine until that completion;
//   - wake() may be called from any thread, everything else only on the thread that made it;
//   - a result is a count of bytes (0: end of stream) or a negated errno;
//   - the clock is read once per turn: now() stands still between turns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kmc/time.hpp>

#include "io/address.hpp"
#include "io/gathered.hpp"

namespace kmc::detail {

enum class op_kind : std::uint8_t { connect, send, recv, resolve };

// Names the object an operation belongs to by value, never by pointer, so that a late completion
// cannot reach a reused object: kind:4 | object:20 | generation:40.
class op_token {
public:
    constexpr op_token(op_kind kind, std::uint32_t object, std::uint64_t generation) noexcept
        : bits_((std::uint64_t{static_cast<std::uint8_t>(kind)} << 60) |
                (std::uint64_t{object & 0xfffff} << 40) | (generation & 0xff'ffff'ffff)) {}
    explicit constexpr op_token(std::uint64_t bits) noexcept : bits_(bits) {}

    [[nodiscard]] constexpr op_kind kind() const noexcept { return op_kind(bits_ >> 60); }
    [[nodiscard]] constexpr std::uint32_t object() const noexcept {
        return static_cast<std::uint32_t>(bits_ >> 40) & 0xfffff;
    }
    [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
        return bits_ & 0xff'ffff'ffff;
    }
    [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }

    friend constexpr bool operator==(op_token, op_token) noexcept = default;

private:
    std::uint64_t bits_;
};

class completion_sink {
public:
    // connect: 0. send, recv: bytes. All: or a negated errno.
    virtual void on_completion(op_token, std::int32_t result) noexcept = 0;
    // `error` 0 and at least one address; or a negated errno (ENOENT: no such name, EAGAIN: the
    // lookup failed for now) and none. The addresses are valid during the call.
    virtual void on_resolved(op_token, std::int32_t error,
                             std::span<const address> addresses) noexcept = 0;

protected:
    ~completion_sink() = default;
};

struct engine_counters {
    std::uint64_t enters = 0;       // io_uring_enter or epoll_wait calls
    std::uint64_t syscalls = 0;     // all system calls of turn(), the above included
    std::uint64_t sends = 0;        // send operations started
    std::uint64_t receives = 0;     // receive operations started
    std::uint64_t completions = 0;  // delivered
    std::uint64_t timers = 0;       // of the kernel, set so that a wait ends in time
};

// What the end of a send is to whoever started it.
enum class send_end : std::uint8_t {
    // He goes on when it comes: it ends a turn, as every completion does.
    awaited,
    // He only has to know: when the bytes are gone whole in the turn that submits them, that alone
    // does not end the turn, and is told when something else has. Of any other end he hears as
    // if it were awaited.
    noted,
};

// How long a turn may wait, and for what.
struct patience {
    // The kernel does at most twenty pieces of work at a time for a thread that waits for fewer,
    // and a wake-up that ends a wait for several is to be one of these times.
    static constexpr unsigned completions_max = 16;

    // From a moment alone: until something completes.
    patience(time_point latest, unsigned count = 1, duration longest_gather = {}) noexcept
        : until(latest), completions(count), gather(longest_gather) {}

    time_point until;
    // Nobody can go on before so many operations have completed, sends not counted: fewer are left
    // to lie for `gather` at most, from the beginning of the turn. A hint, which an engine may
    // overlook; none waits for more than completions_max.
    unsigned completions = 1;
    duration gather{};
};

class io_engine {
public:
    virtual ~io_engine() = default;

    // Numeric addresses and Unix paths are answered in the next turn; names are looked up on a
    // helper thread, so that a silent name server blocks nobody else.
    virtual void resolve(op_token, std::string_view host, std::uint16_t port) = 0;

    // A non-blocking stream socket for that kind of address, options set; or a negated errno.
    [[nodiscard]] virtual int open_socket(const address&) = 0;
    // Only when no operation on `fd` is outstanding.
    virtual void close_socket(int fd) noexcept = 0;

    virtual void connect(op_token, int fd, const address&) = 0;
    // Completes with bytes.size(), or less if it was cut short. One at a time per fd. The list of
    // places is copied, the bytes are not.
    virtual void send(op_token, int fd, const gathered& bytes, send_end) = 0;
    // Completes with 1..room.size() bytes, 0 at the end of the stream. One at a time per fd.
    virtual void recv(op_token, int fd, std::span<std::byte> room) = 0;

    // Makes what is outstanding on `fd` finish soon, with whatever result: shuts both ways down
    // and cancels. The stream is of no use afterwards.
    virtual void kick(int fd) noexcept = 0;

    // Submits what was started, waits until something completed, patience.until passed or somebody
    // called wake(), and delivers all that is there. Does not wait when patience.until <= now().
    virtual void turn(const patience&, completion_sink&) = 0;

    virtual void wake() noexcept = 0;

    // For a loop that is not ours: a descriptor that is readable when turn() has something to
    // deliver, or wake() was called. Made on first use, before other threads may call wake(); the
    // engine's own until its end, and only to be waited on; a negated errno where there is none
    // (the simulator: -ENOTSUP). It may be readable for nothing. Whatever was started since the
    // last turn has to be brought to the kernel by another one first, also what was started from
    // inside the delivery.
    [[nodiscard]] virtual int wait_fd() = 0;

    // The time of the last turn.
    [[nodiscard]] time_point now() const noexcept { return now_; }
    // How many completions the last turn slept for: what it was given, or fewer where the engine
    // could not; 1 when it did not sleep.
    [[nodiscard]] unsigned waited_for() const noexcept { return waited_for_; }
    // The time at this moment, for what begins now: a coroutine may have been busy since the turn.
    [[nodiscard]] virtual time_point read_clock() const noexcept = 0;
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    [[nodiscard]] virtual const engine_counters& counters() const noexcept = 0;

protected:
    explicit io_engine(time_point now) noexcept : now_(now) {}

    time_point now_;
    unsigned waited_for_ = 1;
};

}  // namespace kmc::detail
