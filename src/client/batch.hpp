// A batch under way: grouped by connection, one run of requests for each, one deadline, one resume
// at the end.
//
// Everything a batch needs lives in its arena and is recycled with it: copies of the keys, hashes,
// requests, runs, results and values. Cost of n keys over k connections in steady state: no
// allocation, one copy of each key and value, k nodes, one timer.
//
// batch is what does not depend on the kind of answer; batch_of<Answer> has the results.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <kmc/batch.hpp>
#include <kmc/cancel.hpp>
#include <kmc/detail/batch_operations.hpp>
#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/options.hpp>

#include "base/arena.hpp"
#include "protocol/command.hpp"
#include "routing/key_routing.hpp"
#include "routing/router.hpp"

namespace kmc::detail {

class client_view;
class remote_batch;
class stop_link;

// Whose memory the bytes of a write are read from until the batch ends.
enum class bytes_of : std::uint8_t { the_caller, the_batch };

class batch : public ready_node, private timer, private cancel_hook {
public:
    batch(const batch&) = delete;
    batch& operator=(const batch&) = delete;
    virtual ~batch() = default;

    // Takes in what is asked: any thread. Keys are copied either way. Throws std::bad_alloc.
    void load(const router& route, const key_routing& routing, const batch_spec& spec,
              bytes_of writes);
    // Sends everything. On the reactor of the view, after load(). The batch ends through its ready
    // node, never in here. The stop token and the scope of `spec.options` live until then.
    void begin(client_view& view) noexcept;
    // Every entry ends like this, and the batch with them, but for its ready node.
    void refuse_all(errc why) noexcept;

    // Whom the end resumes: a coroutine, when `left` (if any) comes to zero; or a meeting.
    void resumes(std::coroutine_handle<> waiting, std::atomic<unsigned>* left) noexcept;
    void resumes(remote_batch& elsewhere) noexcept;

    // Instead of the token of the spec, which the caller may take away.
    void stop_with(const std::stop_token& token) noexcept { options_.stop = &token; }

    [[nodiscard]] std::span<const server_trace> trace() const noexcept { return traces_; }

protected:
    explicit batch(const op_hooks& hooks) noexcept;

    // The requests for one connection.
    struct run : op_node {
        batch* owner = nullptr;
        server_trace* trace = nullptr;
        const std::uint32_t* entries = nullptr;  // of its requests

        void came(time_point when, std::size_t value_bytes) noexcept {
            if (trace->first_in == time_point{}) trace->first_in = when;
            trace->last_in = when;
            trace->bytes_in += value_bytes;
        }
    };

    [[nodiscard]] arena& memory() noexcept { return arena_; }
    [[nodiscard]] time_point now() const noexcept;
    [[nodiscard]] std::uint32_t entry_of(const run& r, std::uint32_t index) const noexcept {
        return r.entries[index];
    }
    [[nodiscard]] std::span<const std::uint32_t> twins() const noexcept { return first_; }
    void recycle() noexcept;
    // Takes the batch out of everything that knows it. The derived class's destructor calls it,
    // because ends of runs may still come in while it is under way.
    void leave() noexcept;

    static void on_error(op_node& node, std::uint32_t index, error e) noexcept;
    static void on_complete(op_node& node) noexcept;
    [[nodiscard]] static bool reroute(op_node& node) noexcept;

private:
    static constexpr std::uint32_t no_entry = 0xffff'ffff;

    virtual void make_results(std::size_t count) = 0;
    virtual void fail(std::uint32_t entry, error e) noexcept = 0;
    // Those that have no answer yet: of a run, and of a batch of which nothing was sent.
    virtual void fail_open(const run& r, errc why) noexcept = 0;
    virtual void fail_all_open(errc why) noexcept = 0;
    // results[i] = results[twins()[i]], where those differ.
    virtual void copy_to_twins() noexcept = 0;

    void load_keys(const batch_spec& spec, std::string_view prefix);
    void load_writes(const batch_spec& spec, std::string_view prefix, bytes_of writes);
    void refuse(std::size_t entry, errc why) noexcept;
    void refuse_dead() noexcept;

    [[nodiscard]] std::span<std::uint32_t> find_twins();
    void refuse_oversized() noexcept;
    [[nodiscard]] std::span<std::uint32_t> choose_links();
    [[nodiscard]] std::span<run*> place();
    [[nodiscard]] std::span<run*> place_again(const run& r);
    template <class Entries>
    [[nodiscard]] std::span<run*> make_runs(std::span<const std::uint32_t> links,
                                            const Entries& each_entry);
    [[nodiscard]] run& make_run(std::uint32_t link, std::uint32_t count);
    void fill(request& r, std::uint32_t entry) noexcept;
    void add_runs(std::span<run*> more);
    [[nodiscard]] bool is_sent(std::size_t entry) const noexcept { return first_[entry] == entry; }

    [[nodiscard]] std::optional<errc> listen();
    void send(std::span<run*> fresh) noexcept;
    void withdraw_runs(const errc* why) noexcept;
    void give_up(errc why) noexcept;
    void detach() noexcept;
    void run_ended() noexcept;
    void say_who_is_due(std::uint32_t servers) noexcept;
    // One completion may end all runs of a connection.
    [[nodiscard]] std::uint32_t servers_due() const noexcept {
        return was_rerouted_ ? 1 : open_runs_;
    }
    void finish() noexcept;

    static void resume(ready_node& node) noexcept;

    arena arena_;
    const op_hooks& hooks_;
    client_view* view_ = nullptr;
    stop_link* stop_link_ = nullptr;
    call_options options_;

    remote_batch* elsewhere_ = nullptr;
    std::coroutine_handle<> waiting_;
    std::atomic<unsigned>* left_ = nullptr;

    request pattern_;                   // of keys: what all of them have in common
    std::span<request> drafts_;         // of writes: by entry
    std::span<std::string_view> keys_;  // by entry, as on the wire; empty for refused ones
    std::span<std::uint32_t> hashes_;   // of what is hashed of each
    std::span<server_number> servers_;
    std::span<fate> fates_;
    std::string_view group_;
    // The first entry that has the same key; not of writes, which are all sent. Refused entries
    // have no_entry.
    std::span<std::uint32_t> first_;

    std::span<run*> runs_;
    std::span<server_trace> traces_;  // by run
    std::uint32_t open_runs_ = 0;
    std::uint32_t due_ = 0;  // servers, as the reactor's wait rule knows
    bool hashes_tell_keys_apart_ = false;
    bool has_twins_ = false;
    bool is_running_ = false;  // between begin() and settle()
    bool is_withdrawing_ = false;
    bool was_rerouted_ = false;  // two runs may share a connection
};

template <class Answer>
class batch_of final : public batch {
public:
    batch_of() noexcept : batch(hooks) {}
    ~batch_of() override { leave(); }

    // The batch inside an earlier reply, emptied; a new one when there is none.
    [[nodiscard]] static std::unique_ptr<batch> take_from(batch_reply<Answer>* earlier);
    // Hands the results out, and the batch with them.
    [[nodiscard]] static batch_reply<Answer> into_reply(std::unique_ptr<batch> done) noexcept;

private:
    void make_results(std::size_t count) override;
    void fail(std::uint32_t entry, error e) noexcept override { results_[entry] = e; }
    void fail_open(const run& r, errc why) noexcept override;
    void fail_all_open(errc why) noexcept override;
    void copy_to_twins() noexcept override;

    static void on_reply(op_node& node, std::uint32_t index, reply& r) noexcept;

    static const op_hooks hooks;

    std::span<result<Answer>> results_;
};

extern template class batch_of<std::optional<value_view>>;
extern template class batch_of<bool>;
extern template class batch_of<write_answer>;

}  // namespace kmc::detail
