// Many calls at once, for a thread that has nothing else to do: one call for each key or server,
// all under way together, each with its own answer.

#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kmc/kmc.hpp>
#include <kmc/when_all.hpp>

#include "cluster.hpp"
#include "report.hpp"

namespace kmc::cli {

template <class Call>
task<std::vector<result<typename Call::answer_type>>> all_of(std::vector<Call> calls) {
    auto every = when_all(std::move(calls));
    co_return co_await std::move(every);
}

// @param call  makes the call about item i.
// @return      the answers, in that order.
template <class Call>
auto answers_of(runtime& rt, std::size_t count, Call call) {
    std::vector<decltype(call(std::size_t{0}))> calls;
    calls.reserve(count);
    for (std::size_t i = 0; i < count; ++i) calls.push_back(call(i));
    return rt.block_on(all_of(std::move(calls)));
}

// The shape of most commands: a call for each key, and what became of each.
//
// @param call  makes the call about a key.
// @param tell  called with the report, the key and the answer, where there is one.
template <class Call, class Tell>
exit_code ask_each_key(session& s, const cluster_flags& flags, std::span<const std::string> keys,
                       Call call, Tell tell) {
    auto answers =
        answers_of(s.rt, keys.size(), [&](std::size_t i) { return call(s.mc, keys[i]); });
    key_report out(s.mc, flags);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!answers[i]) {
            out.fail(keys[i], answers[i].error());
        } else {
            tell(out, std::string_view(keys[i]), answers[i].value());
        }
    }
    return out.finish();
}

// One time limit for calls that follow each other.
class stopwatch {
public:
    explicit stopwatch(const cluster_flags& flags);

    // For call_options: what is left, negative if nothing is.
    [[nodiscard]] duration left() const;

private:
    time_point end_;
};

}  // namespace kmc::cli
