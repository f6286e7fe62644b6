// client::update: read, change, compare and swap, again while others are faster.

#include <algorithm>

#include <kmc/client.hpp>
#include <kmc/update.hpp>

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "io/clocks.hpp"

namespace kmc::detail {
namespace {

// The clock that the calls of this thread count on.
time_point now_for(const client& mc) {
    client_view* const view = client_state::of(mc).view();
    return view != nullptr ? view->loop().engine().read_clock() : steady_clock_now();
}

}  // namespace

task<result<update_outcome>> update_item(client mc, std::string_view key, change_ref change,
                                         update_options o) {
    const duration limit =
        o.deadline != duration::zero() ? o.deadline : client_state::of(mc).options().call_timeout;
    // Near enough not to overflow; what has passed has passed, and calls cut what is longer.
    const time_point end = now_for(mc) + std::clamp<duration>(limit, std::chrono::seconds(-1),
                                                              std::chrono::hours(24 * 365));
    // Zero would stand for the default: what is over is over.
    const auto left = [&] {
        const duration d = end - now_for(mc);
        return d > duration::zero() ? d : duration(-1);
    };

    for (unsigned attempt = 0; attempt < o.attempts; ++attempt) {
        const auto current = co_await mc.get(
            key, {.deadline = left(), .stop = o.stop, .scope = o.scope, .group = o.group});
        if (!current) co_return current.error();
        const std::optional<value>& item = current.assume_value();
        if (!item && !o.create) co_return update_outcome::missing;

        const std::optional<std::string> changed =
            item ? change(item->bytes()) : change(std::nullopt);
        if (!changed) co_return item ? update_outcome::unchanged : update_outcome::missing;

        const store_options store{.ttl = o.ttl,
                                  .flags = o.flags.value_or(item ? item->flags() : 0),
                                  .deadline = left(),
                                  .stop = o.stop,
                                  .scope = o.scope,
                                  .group = o.group};
        if (!item) {
            const auto added = co_await mc.add(key, *changed, store);
            if (!added) co_return added.error();
            if (added.assume_value()) co_return update_outcome::created;
            continue;
        }
        const auto stored = co_await mc.cas(key, *changed, item->token(), store);
        if (!stored) co_return stored.error();
        if (stored.assume_value() == store_outcome::stored) co_return update_outcome::updated;
    }
    co_return update_outcome::contended;
}

}  // namespace kmc::detail
