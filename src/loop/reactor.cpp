#include "loop/reactor.hpp"

#include <algorithm>
#include <utility>

#include <kmc/detail/block_pool.hpp>

namespace kmc::detail {
namespace {

thread_local reactor* current_reactor = nullptr;
thread_local bool turning = false;

constexpr duration late_after = std::chrono::milliseconds(10);

}  // namespace

class reactor::turn_scope {
public:
    explicit turn_scope(reactor& r) noexcept
        : outer_(std::exchange(current_reactor, &r)), was_turning_(std::exchange(turning, true)) {}
    turn_scope(const turn_scope&) = delete;
    turn_scope& operator=(const turn_scope&) = delete;
    ~turn_scope() {
        current_reactor = outer_;
        turning = was_turning_;
    }

private:
    reactor* outer_;
    bool was_turning_;
};

io_object::io_object(reactor& r) : reactor_(r) {
    if (r.free_objects_.empty()) {
        // Room to come back to the free list later without a chance to fail.
        r.free_objects_.reserve(r.objects_.size() + 1);
        r.objects_.push_back(this);
        index_ = static_cast<std::uint32_t>(r.objects_.size() - 1);
    } else {
        index_ = r.free_objects_.back();
        r.free_objects_.pop_back();
        r.objects_[index_] = this;
    }
}

io_object::~io_object() {
    reactor_.objects_[index_] = nullptr;
    reactor_.free_objects_.push_back(index_);
}

reactor::reactor(std::unique_ptr<io_engine> engine, unsigned index, std::uint64_t seed)
    : engine_(std::move(engine)),
      index_(index),
      random_(seed),
      timers_(engine_->now()),
      blocks_aged_(engine_->now() - block_age),
      address_(std::make_shared<reactor_address>(*this)) {
    // What the thread kept before is not this one's to wake up for.
    drop_blocks();
}

reactor::~reactor() {
    {
        // A sender may still be on its way out of post(): its letter may be what ended us.
        const std::lock_guard lock(address_->mutex_);
        address_->at_ = nullptr;
    }
    {
        // Letters that came after the last turn: those who wrote them are gone, and left it to us
        // to free what they are in.
        const turn_scope scope(*this);
        mailbox_.open_all();
    }
    KMC_ASSERT(residents_.empty());
    ending_ = false;
    sweep_residents();
    drop_blocks();  // nobody will age them
}

reactor* reactor::current() noexcept {
    return current_reactor;
}

bool reactor::is_turning() noexcept {
    return turning;
}

void reactor::adopt(std::unique_ptr<resident> guest) noexcept {
    resident& stays = *guest.release();
    residents_.push_back(stays);
    if (ending_) evict(stays);
}

void reactor::evict(resident& guest) noexcept {
    guest.close();
    guest.unlink();
    leaving_.push_back(guest);
}

void reactor::sweep_residents() noexcept {
    if (ending_) return;
    for (resident* guest = leaving_.empty() ? nullptr : &leaving_.front(); guest != nullptr;) {
        resident* next = leaving_.next_of(*guest);
        if (guest->is_settled()) delete guest;
        guest = next;
    }
}

bool reactor_address::post(letter& l) noexcept {
    const std::lock_guard lock(mutex_);
    if (at_ == nullptr) return false;
    at_->post(l);
    return true;
}

void reactor::post(letter& l) noexcept {
    mailbox_.post(l);
    if (sleeping_.exchange(false, std::memory_order_seq_cst)) engine_->wake();
}

bool reactor::turn(time_point limit) {
    const turn_scope scope(*this);
    const std::uint64_t delivered_before = delivered_;
    mailbox_.open_all();
    ready_.run(ready_limit);
    flush_dirty();
    const bool may_wait = ready_.empty() && dirty_.empty() && !stopping_;
    enter(may_wait ? std::min(limit, next_due()) : time_point::min());
    age_blocks_in_time();
    const bool timers_fire = fire_timers();
    sweep_residents();
    // What was delivered, and what a timer did, may have started operations that no enter has seen.
    return delivered_ != delivered_before || timers_fire || !ready_.empty() || !dirty_.empty() ||
           !mailbox_.empty();
}

// Dirty connections flush once; what they mark meanwhile waits for the next turn.
void reactor::flush_dirty() noexcept {
    intrusive_list<io_object> now_dirty;
    now_dirty.splice_back(dirty_);
    while (!now_dirty.empty()) now_dirty.pop_front().on_flush();
}

// A sender that pushed before it saw `sleeping` finds no wake-up due; the mailbox is therefore
// looked at again after `sleeping` is set. Both sides store, then load: hence seq_cst.
void reactor::enter(time_point limit) {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (!mailbox_.empty()) limit = time_point::min();
    const unsigned completions = gather_ > duration::zero() ? waiting_.completions() : 1;
    if (completions == 1 || limit == time_point::min()) {
        engine_->turn(limit, *this);
    } else {
        wait_for_several(limit, completions);
    }
    sleeping_.store(false, std::memory_order_relaxed);
}

// Fewer than were worth waking for, and were slept for: somebody is slow, and whoever can go on
// without him shall not wait for him again. When nothing came at all, nothing lay.
void reactor::wait_for_several(time_point limit, unsigned completions) {
    const std::uint64_t before = delivered_ - sent_;
    engine_->turn({limit, completions, gather_}, *this);
    const std::uint64_t came = delivered_ - sent_ - before;
    if (engine_->waited_for() > 1 && came != 0 && came < completions) waiting_.let_down();
}

time_point reactor::next_due() noexcept {
    const time_point of_timers = timers_.next_due();
    return kept_block_bytes() == 0 ? of_timers : std::min(of_timers, blocks_aged_ + block_age);
}

void reactor::age_blocks_in_time() noexcept {
    if (now() - blocks_aged_ < block_age) return;
    blocks_aged_ = now();
    age_blocks();
}

bool reactor::fire_timers() {
    if (timers_.next_due() > now()) {
        timers_.advance(now());
        return false;
    }
    catch_up();
    const time_point due = timers_.next_due();
    is_late_ = due <= now() && now() - due > late_after;
    timers_.advance(now());
    is_late_ = false;
    return due <= now();
}

// When timers are overdue by more than a tick this thread was late, not the servers: take in every
// reply that is there before any deadline fires.
void reactor::catch_up() {
    for (int round = 0; round < catch_up_limit; ++round) {
        if (timers_.next_due() == time_point::max() ||
            engine_->now() < timers_.next_due() + timer_wheel::tick) {
            return;
        }
        const std::uint64_t before = delivered_;
        engine_->turn(time_point::min(), *this);
        if (delivered_ == before) return;
    }
}

void reactor::run() {
    while (!stopping_) turn();
}

void reactor::stop() noexcept {
    struct opener {
        static void open(letter&) noexcept { current_reactor->stopping_ = true; }
    };
    stop_letter_.open = &opener::open;
    post(stop_letter_);
}

void reactor::shut_down(duration patience) {
    ending_ = true;
    is_resting_ = false;
    const time_point give_up = now() + patience;
    do {
        while (!residents_.empty()) evict(residents_.front());
        turn(std::min(now() + timer_wheel::tick, give_up));
    } while (!is_quiet() && now() < give_up);
}

// Between drives the loop that waits is asleep as far as other threads can tell: whoever posts has
// to wake it.
void reactor::bind() noexcept {
    KMC_ASSERT(current_reactor == nullptr);
    current_reactor = this;
    sleeping_.store(true, std::memory_order_seq_cst);
    is_resting_ = true;
}

void reactor::unbind() noexcept {
    KMC_ASSERT(current_reactor == this && !turning);
    current_reactor = nullptr;
    is_resting_ = false;
}

void reactor::drive(unsigned turns) {
    KMC_ASSERT(current_reactor == this && !turning);
    is_resting_ = false;
    bool has_work = true;
    for (; has_work && turns > 0; --turns) has_work = turn(time_point::min());
    sleeping_.store(true, std::memory_order_seq_cst);
    is_resting_ = true;
    if (has_work || !mailbox_.empty()) ask_for_turn();
}

bool reactor::is_quiet() noexcept {
    if (!ready_.empty() || !residents_.empty() || !mailbox_.empty()) return false;
    for (resident* guest = leaving_.empty() ? nullptr : &leaving_.front(); guest != nullptr;
         guest = leaving_.next_of(*guest)) {
        if (!guest->is_settled()) return false;
    }
    return true;
}

void reactor::on_completion(op_token token, std::int32_t result) noexcept {
    ++delivered_;
    if (token.kind() == op_kind::send) ++sent_;
    io_object* object = token.object() < objects_.size() ? objects_[token.object()] : nullptr;
    if (object != nullptr) object->on_completion(token, result);
}

void reactor::on_resolved(op_token token, std::int32_t error,
                          std::span<const address> addresses) noexcept {
    ++delivered_;
    io_object* object = token.object() < objects_.size() ? objects_[token.object()] : nullptr;
    if (object != nullptr) object->on_resolved(token, error, addresses);
}

}  // namespace kmc::detail
