// A memcached_st on its way to a translation: its clients tell what they set, by whatever names,
// and in the end get options of kmc and the sentences about settings that are not what they seem.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/result.hpp>
#include <kmc/translate.hpp>

#include "translate/libmemcached_state.hpp"

namespace kmc::detail {

// MEMCACHED_BEHAVIOR_*, in groups where kmc treats some alike.
enum class behavior : std::uint8_t {
    hash,
    ketama_hash,
    ketama,
    ketama_weighted,
    distribution,
    sort_hosts,
    hash_with_prefix,
    connect_timeout,  // milliseconds
    poll_timeout,     // milliseconds
    send_timeout,
    receive_timeout,
    retry_timeout,  // seconds
    dead_timeout,   // seconds
    failure_limit,
    timeout_limit,
    remove_failed,  // and AUTO_EJECT_HOSTS, which is the same flag
    replicas,
    randomize_reads,
    verify_keys,
    noreply,
    buffer_requests,
    udp,
    socket_size,
    own_buffers,  // watermarks, prefetch, look-up cache, pools, user data: of the library itself
    values,       // how values are made into bytes
    store_retries,
    harmless,  // what kmc does always, or what it need not know
};
inline constexpr std::size_t behavior_count = static_cast<std::size_t>(behavior::harmless) + 1;

class libmemcached_behaviors {
public:
    // @param name  as the client calls it, for what is said about it. Lives as long as this.
    [[nodiscard]] config_result<void> set(behavior what, std::string_view name,
                                          std::int64_t number);
    void set_hash(std::string_view name, key_hash h);
    void set_distribution(std::string_view name, libmemcached_state::distribution d);
    void set_ketama(std::string_view name, bool is_on);
    void set_ketama_weighted(std::string_view name, bool is_on);
    [[nodiscard]] config_result<void> set_prefix(std::string_view name, std::string_view prefix);
    void warn(std::string_view name, std::string_view text);

    [[nodiscard]] libmemcached_state& state() noexcept { return state_; }

    [[nodiscard]] config_result<translation> finish();

private:
    struct value {
        std::string_view name;  // empty: not set
        std::int64_t number = 0;
    };

    [[nodiscard]] const value& last(behavior what) const noexcept {
        return values_[static_cast<std::size_t>(what)];
    }
    [[nodiscard]] bool is_on(behavior what) const noexcept { return last(what).number != 0; }
    // Warns if the behavior was set to anything but off.
    void warn_if_on(behavior what, std::string_view text);
    void put_times(translation& out);
    void put_health(translation& out);
    void warn_about_ring();
    void warn_about_the_rest();

    libmemcached_state state_;
    std::array<value, behavior_count> values_{};
    std::string_view ring_name_;  // the setting that chose the distribution last
    std::string_view hash_name_;
    std::string prefix_;
    std::vector<std::string> warnings_;
};

}  // namespace kmc::detail
