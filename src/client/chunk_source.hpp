// A stream on a reactor. Each connection has two chunks of its keys on the way at a time; answers
// are queued as they come. A place in the queue is taken when a key is asked for and given back
// when its answer is read: a reader that stops reading stops the asking, and nothing else. The
// connection reads on whatever the reader does.

#pragma once

#include <bitset>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <kmc/cancel.hpp>
#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>

#include "client/stream.hpp"
#include "protocol/command.hpp"

namespace kmc::detail {

class client_view;
class stop_link;

class chunk_source final : public stream_source,
                           private ready_node,
                           private timer,
                           private cancel_hook {
public:
    // On the reactor of the view. The question outlives the source. Throws std::bad_alloc.
    chunk_source(const stream_question& question, client_view& view);
    ~chunk_source() override;

    [[nodiscard]] bool is_ready() const noexcept override;
    [[nodiscard]] bool wait(std::coroutine_handle<> waiting) override;
    void stop_waiting() noexcept override;
    [[nodiscard]] std::optional<stream_entry> take() noexcept override;

private:
    static constexpr std::size_t chunk_max = 256;

    // Some keys of one connection, on their way.
    struct chunk : op_node {
        chunk_source* owner = nullptr;
        std::size_t first = 0;  // in order_
        std::unique_ptr<request[]> asked;
        std::bitset<chunk_max> answered;

        [[nodiscard]] bool is_idle() const noexcept { return count == 0; }
    };
    // The keys of one connection: order_[next, end) are still to be asked for.
    struct lane {
        std::uint32_t link = 0;
        std::uint16_t server = 0;
        std::size_t next = 0;
        std::size_t end = 0;
        chunk chunks[2];
    };
    struct refused_key {
        std::uint32_t key;
        error why;
    };
    struct answer_slot {
        std::uint32_t key = 0;
        result<std::optional<value>> answer{error{}};
    };

    void sort_by_link();
    [[nodiscard]] std::optional<errc> listen();
    void issue() noexcept;
    [[nodiscard]] bool issue_from(lane& from) noexcept;
    void push(const chunk& from, std::uint32_t index, result<std::optional<value>> answer) noexcept;
    void withdraw_chunks(bool tell) noexcept;
    void give_up(errc why) noexcept;
    void detach() noexcept;
    std::coroutine_handle<> end_wait() noexcept;
    void wake() noexcept;
    [[nodiscard]] bool has_all_answers() const noexcept { return read_ + queued_ == key_count_; }
    [[nodiscard]] stream_entry entry(std::size_t key, result<std::optional<value>> answer) noexcept;

    static void resume(ready_node& node) noexcept;
    static void on_reply(op_node& node, std::uint32_t index, reply& r) noexcept;
    static void on_error(op_node& node, std::uint32_t index, error e) noexcept;
    static void on_complete(op_node& node) noexcept;
    static const op_hooks hooks;

    const stream_question& question_;
    client_view& view_;
    stop_link* stop_link_ = nullptr;
    std::coroutine_handle<> waiting_;

    std::vector<std::uint32_t> order_;  // good keys, by connection
    std::vector<refused_key> refused_;  // bad ones, and those of dead servers
    std::vector<bool> is_stand_in_;     // by key; empty: none goes to one
    std::unique_ptr<lane[]> lanes_;
    std::size_t lane_count_ = 0;
    std::size_t turn_ = 0;  // the lane that may ask next
    std::size_t chunk_size_ = 1;

    std::unique_ptr<answer_slot[]> queue_;  // a ring of queue_size_ places
    std::size_t queue_size_ = 0;
    std::size_t queue_head_ = 0;
    std::size_t queued_ = 0;
    std::size_t promised_ = 0;  // places of keys that were asked for and have no answer

    std::size_t key_count_ = 0;
    std::size_t read_ = 0;
    std::optional<errc> gave_up_;
    bool issuing_ = false;
    bool is_listening_ = false;
};

}  // namespace kmc::detail
