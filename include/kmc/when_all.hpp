// kmc::when_all: several calls at once, each with its own answer.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace kmc {

namespace detail {

/// Makes the awaiter of a call where it stands, since it cannot be moved there.
template <class Op>
struct call_cell {
    using awaiter_type = decltype(std::declval<Op&&>().operator co_await());
    using resumed_type = decltype(std::declval<awaiter_type&>().await_resume());
    using answer_type =
        std::conditional_t<std::is_void_v<resumed_type>, std::monostate, resumed_type>;

    explicit call_cell(Op&& op) noexcept : one(std::move(op).operator co_await()) {}

    [[nodiscard]] answer_type answer() {
        if constexpr (std::is_void_v<resumed_type>) {
            one.await_resume();
            return {};
        } else {
            return one.await_resume();
        }
    }

    awaiter_type one;
};

/// The calls under way, and one for whoever starts them: the last to leave resumes the waiter.
class countdown {
public:
    explicit countdown(std::size_t calls) noexcept : left_(static_cast<unsigned>(calls) + 1) {}

    template <class Awaiter>
    void start(Awaiter& one, std::coroutine_handle<> waiting) {
        one.join(left_);
        if (!one.await_suspend(waiting)) left_.fetch_sub(1, std::memory_order_acq_rel);
    }
    /// True when something is still under way. The waiter may then be resumed at any moment.
    [[nodiscard]] bool started() noexcept {
        return left_.fetch_sub(1, std::memory_order_acq_rel) != 1;
    }

private:
    std::atomic<unsigned> left_;
};

template <class... Ops>
class all_awaiter {
public:
    explicit all_awaiter(std::tuple<Ops...>&& ops)
        : cells_(
              std::apply([](Ops&... op) { return std::tuple<Ops&&...>(std::move(op)...); }, ops)) {}
    all_awaiter(const all_awaiter&) = delete;
    all_awaiter& operator=(const all_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return sizeof...(Ops) == 0; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) {
        std::apply([&](auto&... cell) { (left_.start(cell.one, waiting), ...); }, cells_);
        return left_.started();
    }
    [[nodiscard]] auto await_resume() {
        return std::apply(
            [](auto&... cell) {
                return std::tuple<typename call_cell<Ops>::answer_type...>{cell.answer()...};
            },
            cells_);
    }

private:
    countdown left_{sizeof...(Ops)};
    std::tuple<call_cell<Ops>...> cells_;
};

template <class Op>
class all_of_awaiter {
public:
    explicit all_of_awaiter(std::vector<Op>&& ops) : left_(ops.size()) {
        for (Op& op : ops) cells_.emplace_back(std::move(op));
    }
    all_of_awaiter(const all_of_awaiter&) = delete;
    all_of_awaiter& operator=(const all_of_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return cells_.empty(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) {
        for (auto& cell : cells_) left_.start(cell.one, waiting);
        return left_.started();
    }
    [[nodiscard]] auto await_resume() {
        std::vector<typename call_cell<Op>::answer_type> answers;
        answers.reserve(cells_.size());
        for (auto& cell : cells_) answers.push_back(cell.answer());
        return answers;
    }

private:
    countdown left_;
    std::deque<call_cell<Op>> cells_;
};

template <class... Ops>
class [[nodiscard]] all_op {
public:
    explicit all_op(Ops&&... ops) : ops_(std::move(ops)...) {}
    [[nodiscard]] all_awaiter<Ops...> operator co_await() && {
        return all_awaiter<Ops...>(std::move(ops_));
    }

private:
    std::tuple<Ops...> ops_;
};

template <class Op>
class [[nodiscard]] all_of_op {
public:
    explicit all_of_op(std::vector<Op>&& ops) noexcept : ops_(std::move(ops)) {}
    [[nodiscard]] all_of_awaiter<Op> operator co_await() && {
        return all_of_awaiter<Op>(std::move(ops_));
    }

private:
    std::vector<Op> ops_;
};

}  // namespace detail

/// Starts calls of any kind together and waits for all of them:
/// `auto [a, b] = co_await kmc::when_all(mc.get("k"), mc.incr("n"));`. No allocation.
/// Batches are calls like any other; one that fills a reply of the caller's answers std::monostate.
/// @return  a tuple of the answers, in the order of the calls.
template <class... Ops>
requires(sizeof...(Ops) > 0 && (!std::is_lvalue_reference_v<Ops> && ...))
    [[nodiscard]] detail::all_op<Ops...> when_all(Ops&&... ops) {
    return detail::all_op<Ops...>(std::move(ops)...);
}

/// The same for any number of calls of one kind. Allocates: for the calls and for the answers.
/// @return  a vector of the answers, in the order of the calls.
template <class Op>
[[nodiscard]] detail::all_of_op<Op> when_all(std::vector<Op> ops) {
    return detail::all_of_op<Op>(std::move(ops));
}

}  // namespace kmc
