// A stream on a thread without a reactor: batches of max_unread keys, one after the other, each
// asked for when the one before was read.

#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

#include <kmc/batch.hpp>
#include <kmc/detail/batch_operations.hpp>

#include "client/client_state.hpp"
#include "client/stream.hpp"

namespace kmc::detail {

class batch_source final : public stream_source {
public:
    // The question outlives the source.
    explicit batch_source(const stream_question& question) noexcept : question_(question) {
        const duration given = question.options.deadline;
        const duration limit =
            given == duration::zero() ? question.client->options().batch_timeout : given;
        end_ = now() + std::min<duration>(limit, std::chrono::hours(24 * 365));
    }

    [[nodiscard]] bool is_ready() const noexcept override {
        return !asking_ && (in_reply_ < reply_.size() || read_ == question_.keys.size());
    }

    [[nodiscard]] bool wait(std::coroutine_handle<> waiting) override {
        if (is_ready()) return false;
        const stream_options& o = question_.options;
        call_options options{.deadline = end_ - now(),
                             .stop = o.stop,
                             .scope = o.scope,
                             .group = o.group,
                             .large = o.large};
        if (options.deadline == duration::zero()) options.deadline = duration(-1);
        const std::size_t count =
            std::min(std::max<std::size_t>(o.max_unread, 1), question_.keys.size() - read_);
        const auto keys = question_.keys.subspan(read_, count);
        asking_.emplace(question_.who, each_of(command::get, keys, options), reply_);
        return asking_->await_suspend(waiting);
    }

    void stop_waiting() noexcept override {
        asking_.reset();
        in_reply_ = reply_.size();
    }

    [[nodiscard]] std::optional<stream_entry> take() override {
        if (asking_) {
            in_reply_ = 0;
            try {
                asking_->await_resume();
            } catch (...) {
                asking_.reset();
                throw;
            }
            asking_.reset();
        }
        if (in_reply_ == reply_.size()) return std::nullopt;
        const std::size_t key = read_++;
        return stream_entry{key, question_.keys[key], own(reply_[in_reply_++])};
    }

private:
    [[nodiscard]] time_point now() const noexcept {
        return question_.client->home_reactor().engine().read_clock();
    }

    [[nodiscard]] static result<std::optional<value>> own(const get_result& r) noexcept {
        if (!r) return r.error();
        if (!r.assume_value()) return std::optional<value>();
        const value_view& view = *r.assume_value();
        value v;
        if (!v.assign(view.bytes(), view.flags, view.token)) {
            return error{.code = errc::overloaded, .at = stage::answered};
        }
        return std::optional<value>(std::move(v));
    }

    const stream_question& question_;
    time_point end_;
    many_reply reply_;
    std::optional<again_batch_awaiter<std::optional<value_view>>> asking_;
    std::size_t in_reply_ = 0;
    std::size_t read_ = 0;
};

}  // namespace kmc::detail
