// What the batch calls of kmc::client return: descriptors, and the awaiters they turn into. A batch
// of any size is one awaiter; everything else lives in the batch's arena.

#pragma once

#include <coroutine>
#include <span>
#include <string_view>

#include <kmc/batch.hpp>
#include <kmc/detail/call_spec.hpp>
#include <kmc/options.hpp>

namespace kmc::detail {

class batch;

/// One awaiter for a batch of any size; everything else lives in the batch's arena.
class many_awaiter {
public:
    many_awaiter(const many_awaiter&) = delete;
    many_awaiter& operator=(const many_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> caller);

protected:
    many_awaiter(const caller& who, std::span<const std::string_view> keys, many_reply* into,
                 const call_options& options) noexcept
        : who_(who), keys_(keys), into_(into), options_(options) {}
    ~many_awaiter();

    [[nodiscard]] many_reply take_reply() noexcept;

private:
    caller who_;
    std::span<const std::string_view> keys_;

protected:
    many_reply* into_;

private:
    call_options options_;
    batch* batch_ = nullptr;
};

class get_many_awaiter final : public many_awaiter {
public:
    get_many_awaiter(const caller& who, std::span<const std::string_view> keys,
                     const call_options& options) noexcept
        : many_awaiter(who, keys, nullptr, options) {}
    [[nodiscard]] many_reply await_resume() noexcept { return take_reply(); }
};

class get_many_into_awaiter final : public many_awaiter {
public:
    get_many_into_awaiter(const caller& who, std::span<const std::string_view> keys,
                          many_reply& into, const call_options& options) noexcept
        : many_awaiter(who, keys, &into, options) {}
    void await_resume() noexcept { *into_ = take_reply(); }
};

class [[nodiscard]] get_many_op {
public:
    get_many_op(const caller& who, std::span<const std::string_view> keys,
                const call_options& options) noexcept
        : who_(who), keys_(keys), options_(options) {}
    [[nodiscard]] get_many_awaiter operator co_await() && noexcept {
        return {who_, keys_, options_};
    }

private:
    caller who_;
    std::span<const std::string_view> keys_;
    call_options options_;
};

class [[nodiscard]] get_many_into_op {
public:
    get_many_into_op(const caller& who, std::span<const std::string_view> keys, many_reply& into,
                     const call_options& options) noexcept
        : who_(who), keys_(keys), into_(&into), options_(options) {}
    [[nodiscard]] get_many_into_awaiter operator co_await() && noexcept {
        return {who_, keys_, *into_, options_};
    }

private:
    caller who_;
    std::span<const std::string_view> keys_;
    many_reply* into_;
    call_options options_;
};

static_assert(std::is_trivially_destructible_v<get_many_op>);
static_assert(!std::is_aggregate_v<get_many_awaiter>);

}  // namespace kmc::detail
