// What client::update takes and returns.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/task.hpp>

namespace kmc {

class client;

/// How an update ended.
enum class update_outcome : std::uint8_t {
    updated,    ///< The changed value is stored.
    created,    ///< There was no item; the first value is stored.
    unchanged,  ///< The function did not want a change.
    missing,    ///< There is no item, and options.create is not set.
    contended,  ///< Others were faster in every attempt; nothing was stored.
};

struct update_options {
    /// Ask the function for a first value when there is no item.
    bool create = false;
    /// How often to read and try to store, at most. Not zero.
    unsigned attempts = 16;
    /// What the item has afterwards: the server forgets the old time with every store.
    expiry ttl = never;
    /// The flags of the stored value; if not set, those it had, or 0.
    std::optional<std::uint32_t> flags{};
    /// Of the whole update, all attempts together. The rest as in call_options.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
    std::string_view group{};
};
static_assert(std::is_trivially_destructible_v<update_options>);

namespace detail {

/// A function that turns the current bytes (nullopt: no item) into new ones (nullopt: leave it).
class change_ref {
public:
    template <class F>
    explicit change_ref(F& change) noexcept
        : object_(static_cast<const void*>(std::addressof(change))),
          call_([](const void* object,
                   std::optional<std::string_view> current) -> std::optional<std::string> {
              return (*static_cast<F*>(const_cast<void*>(object)))(current);
          }) {}

    std::optional<std::string> operator()(std::optional<std::string_view> current) const {
        return call_(object_, current);
    }

private:
    const void* object_;
    std::optional<std::string> (*call_)(const void*, std::optional<std::string_view>);
};

[[nodiscard]] task<result<update_outcome>> update_item(client mc, std::string_view key,
                                                       change_ref change, update_options options);

/// Keeps a temporary function alive for as long as the update runs.
template <class F>
task<result<update_outcome>> update_item_with(client mc, std::string_view key, F change,
                                              update_options options);

}  // namespace detail
}  // namespace kmc
