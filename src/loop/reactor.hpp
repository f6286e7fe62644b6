// One thread's loop: everything a client does happens in a turn of some reactor.
//
// A turn: letters of other threads, then ready coroutines, then one flush of every connection they
// touched, then one enter into the kernel that submits, waits and brings completions, then timers.
// Timers come last on purpose: after a pause of the process the replies are there already, and
// firing deadlines first would turn one pause into thousands of false timeouts.
//
// A reactor may also live in a loop that is not ours: bound to the thread of that loop it is driven
// from there, in turns that never wait, and asks for a turn when work comes up between them.
//
// Knows no coroutine, connection or protocol: those come as ready_node, io_object and resident.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/options.hpp>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "base/timer_wheel.hpp"
#include "io/io_engine.hpp"
#include "loop/mailbox.hpp"
#include "loop/ready_queue.hpp"
#include "loop/wait_rule.hpp"

namespace kmc::detail {

class reactor;

// Something with operations in the engine: a connection. Registered for as long as it lives.
class io_object : public list_hook {
public:
    explicit io_object(reactor& r);
    io_object(const io_object&) = delete;
    io_object& operator=(const io_object&) = delete;

    virtual void on_completion(op_token token, std::int32_t result) noexcept = 0;
    virtual void on_resolved(op_token token, std::int32_t error,
                             std::span<const address> addresses) noexcept = 0;
    // Once at the end of the ready queue, after reactor::mark_dirty.
    virtual void on_flush() noexcept = 0;

    [[nodiscard]] std::uint32_t object_index() const noexcept { return index_; }

protected:
    ~io_object();

    reactor& reactor_;

private:
    std::uint32_t index_;
};

// Something that lives on a reactor until the reactor ends or it retires itself: a client's view.
class resident : public list_hook {
public:
    virtual ~resident() = default;
    // End everything that waits; settle when the kernel lets go. May be called again.
    virtual void close() noexcept = 0;
    // After close(): nothing is left with the kernel, it may be destroyed.
    [[nodiscard]] virtual bool is_settled() const noexcept = 0;
};

// Where letters to a reactor go that may have ended by then. Any thread.
class reactor_address {
public:
    explicit reactor_address(reactor& at) noexcept : at_(&at) {}

    // False when the reactor is gone; the letter is then still the sender's.
    [[nodiscard]] bool post(letter& l) noexcept;

private:
    friend class reactor;

    std::mutex mutex_;
    reactor* at_;
};

class reactor final : private completion_sink {
public:
    // `index` is its place in the runtime. `seed` feeds everything random on this reactor.
    reactor(std::unique_ptr<io_engine> engine, unsigned index, std::uint64_t seed);
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;
    // Call shut_down() first. What the kernel still holds is leaked on purpose: it may write to it
    // until the process ends.
    ~reactor();

    // The reactor that calls begun on this thread belong to: the one whose turn is running, else
    // the one bound to the thread, else null.
    [[nodiscard]] static reactor* current() noexcept;
    // A turn is running on this thread.
    [[nodiscard]] static bool is_turning() noexcept;

    [[nodiscard]] unsigned index() const noexcept { return index_; }
    [[nodiscard]] io_engine& engine() noexcept { return *engine_; }
    // Whoever asks is about to set a timer, which a loop that waits for us has to be told.
    [[nodiscard]] timer_wheel& timers() noexcept {
        ask_for_turn();
        return timers_;
    }
    [[nodiscard]] time_point now() const noexcept { return engine_->now(); }
    // While timers fire: this thread came to it so late that what ran out says little about others.
    [[nodiscard]] bool is_late() const noexcept { return is_late_; }
    [[nodiscard]] rng& random() noexcept { return random_; }

    // Whoever waits for answers of servers tells it how many.
    [[nodiscard]] wait_rule& waiting() noexcept { return waiting_; }
    // For how long answers may lie while those of others are due: zero, not at all.
    void gather_for(duration longest) noexcept { gather_ = longest; }

    // Never reused while the reactor lives; names one attempt to connect.
    [[nodiscard]] std::uint64_t next_generation() noexcept { return ++generation_; }

    void make_ready(ready_node& node) noexcept {
        ask_for_turn();
        ready_.push(node);
    }
    void mark_dirty(io_object& object) noexcept {
        ask_for_turn();
        if (!object.is_linked()) dirty_.push_back(object);
    }

    // Owns it from now on; closes it at once when the reactor is ending. A resident that was closed
    // is destroyed in the turn after it settled.
    void adopt(std::unique_ptr<resident> guest) noexcept;
    // Closes and later destroys one of them.
    void evict(resident& guest) noexcept;

    // Any thread. Whoever cannot be sure that the reactor is still there posts to its address.
    void post(letter& l) noexcept;
    [[nodiscard]] const std::shared_ptr<reactor_address>& mail_address() const noexcept {
        return address_;
    }

    // One turn; waits at most until `limit`. True when the next one has something to do at once.
    bool turn(time_point limit = time_point::max());

    // Turns until stop() is asked for.
    void run();
    // Any thread, once.
    void stop() noexcept;

    // Closes every resident, lets the coroutines that hear of it run, and waits for the kernel to
    // let go, at most `patience`. The residents, closed, live until the destructor, since
    // coroutines may still call them.
    void shut_down(duration patience);

    // ---- inside another loop: on the thread of that loop, which runs no other reactor

    // Makes this the thread's reactor until unbind(). From now on drive() turns it.
    void bind() noexcept;
    void unbind() noexcept;
    // Turns that do not wait, until one finds nothing to do, at most `turns`; what is left then
    // wakes the engine, so that its wait_fd() says so.
    void drive(unsigned turns);
    // When the next turn is due if nothing else happens. May be early.
    [[nodiscard]] time_point next_due() noexcept;

private:
    friend class io_object;
    class turn_scope;

    static constexpr std::size_t ready_limit = 256;
    static constexpr int catch_up_limit = 64;
    static constexpr duration block_age = std::chrono::seconds(1);

    void on_completion(op_token token, std::int32_t result) noexcept override;
    void on_resolved(op_token token, std::int32_t error,
                     std::span<const address> addresses) noexcept override;

    void flush_dirty() noexcept;
    void sweep_residents() noexcept;
    [[nodiscard]] bool is_quiet() noexcept;
    void ask_for_turn() noexcept {
        if (!is_resting_) return;
        is_resting_ = false;
        engine_->wake();
    }
    void enter(time_point limit);
    void wait_for_several(time_point limit, unsigned completions);
    void age_blocks_in_time() noexcept;
    [[nodiscard]] bool fire_timers();
    void catch_up();

    std::unique_ptr<io_engine> engine_;
    unsigned index_;
    rng random_;
    timer_wheel timers_;
    time_point blocks_aged_;
    ready_queue ready_;
    intrusive_list<io_object> dirty_;
    intrusive_list<resident> residents_;
    intrusive_list<resident> leaving_;
    std::vector<io_object*> objects_;
    std::vector<std::uint32_t> free_objects_;
    std::uint64_t generation_ = 0;
    std::uint64_t delivered_ = 0;  // completions so far
    std::uint64_t sent_ = 0;       // those of sends
    wait_rule waiting_;
    duration gather_ = runtime_options{}.gather_limit;
    bool stopping_ = false;
    bool ending_ = false;
    bool is_late_ = false;
    bool is_resting_ = false;  // bound, not driven now, and nobody has asked for a turn

    mailbox mailbox_;
    std::atomic<bool> sleeping_{false};
    std::shared_ptr<reactor_address> address_;
    letter stop_letter_;
};

}  // namespace kmc::detail
