// A batch of keys under way: grouped by server, one run of requests per server, one deadline, one
// resume at the end.
//
// Everything a batch needs lives in its arena and is recycled with it: copies of the keys, hashes,
// requests, runs, results and values. Cost of n keys over k servers in steady state: no allocation,
// one copy of each key and value, k nodes, one timer.

#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <kmc/batch.hpp>
#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/options.hpp>

#include "base/arena.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

class client_state;
class client_view;

class batch final : public ready_node {
public:
    batch() noexcept;
    ~batch();

    // The batch inside an earlier reply, emptied; a new one when there is none.
    [[nodiscard]] static std::unique_ptr<batch> take_from(many_reply* earlier);
    // Hands the results out, and the batch with them.
    [[nodiscard]] static many_reply into_reply(std::unique_ptr<batch> done) noexcept;

    // Sends everything. False when it ended at once, because this thread runs no reactor.
    [[nodiscard]] bool start(client_state& client, std::span<const std::string_view> keys,
                             duration deadline, std::coroutine_handle<> caller);

private:
    struct run;
    struct deadline_timer : timer {
        batch* owner = nullptr;
    };

    void recycle() noexcept;
    void copy_keys(std::span<const std::string_view> keys);
    void find_duplicates(std::span<const std::uint32_t> hashes);
    void place(std::span<const server_index> servers, std::size_t server_count);
    void give_up_on_open_runs() noexcept;
    void finish() noexcept;
    [[nodiscard]] get_result& result_of(run& r, std::uint32_t index) noexcept;

    static void resume(ready_node& node) noexcept;
    static void on_deadline(timer& t) noexcept;
    static void on_reply(op_node& node, std::uint32_t index, reply& r) noexcept;
    static void on_error(op_node& node, std::uint32_t index, error e) noexcept;
    static void on_complete(op_node& node) noexcept;
    static const op_hooks hooks_;

    arena arena_;
    client_view* view_ = nullptr;
    deadline_timer timer_;
    std::coroutine_handle<> caller_;

    std::span<std::string_view> keys_;  // copies
    std::span<std::uint32_t> first_;    // first_[i]: the first key equal to keys_[i]
    std::span<get_result> results_;     // by key
    std::span<request> requests_;       // by server, then by key
    std::span<std::uint32_t> key_of_request_;
    std::span<run*> runs_;
    std::uint32_t open_runs_ = 0;
    bool has_duplicates_ = false;
};

}  // namespace kmc::detail
