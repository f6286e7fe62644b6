// The settings of other clients as settings of kmc: the same keys on the same servers, and a
// sentence for each setting that does something else than it says. Reads names and values; files
// of JSON or YAML are for the caller (`kmc config convert`) to take apart.
//
// Beside kmc/kmc.hpp, for programs that still have such settings somewhere. docs/translate.md has a
// line for each of them.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/server_list.hpp>

namespace kmc {

/// What settings of another client come to. Owns its texts.
struct translation {
    server_list servers;  ///< In the order that client has them in the end.
    ring_spec ring = {};
    std::string prefix{};
    bool hash_prefix = false;
    std::string hash_tag{};
    health_options health = {};
    /// Where that client was told a time; where not, those of client_options stay.
    std::optional<duration> connect_timeout{};
    std::optional<duration> stall_timeout{};
    std::optional<duration> call_timeout{};  ///< Of batches as well.
    /// A sentence for each setting that is ignored there, does something else than its name says,
    /// or has no counterpart here: what happens there, and what kmc does.
    std::vector<std::string> warnings{};

    /// All of it as options. They point into this translation, which has to outlive the call that
    /// copies them, as client::open() does.
    [[nodiscard]] client_options options() const& noexcept;
    client_options options() && = delete;
};

/// A value as the program has it. Where a flag is wanted, numbers are taken as well.
using setting_value = std::variant<bool, std::int64_t, std::string>;

struct setting {
    std::string name;
    setting_value value;
};

/// A pylibmc.Client, from its constructor on.
struct pylibmc_client {
    /// `"host:port:weight"`, `"[v6]:port:weight"` or `"/path"`, as given to the constructor.
    std::vector<std::string> servers{};
    std::vector<setting> behaviors{};  ///< Given to the constructor.
    /// Each an assignment to client.behaviors[...] or a call of client.behaviors.update(), in the
    /// order of time.
    std::vector<std::vector<setting>> updates{};
};

/// A server as php-memcached gets it. A weight of 0 counts as 1.
struct php_server {
    std::string host;
    std::int64_t port = 11211;
    std::int64_t weight = 0;
};

/// One call on a PHP Memcached object. setOptions() is a setOption() for each of its entries.
struct php_memcached_call {
    enum class method : std::uint8_t { set_option, add_server, add_servers };

    method what = method::set_option;
    /// Of set_option. Names of options and of their values are those of the constants, with or
    /// without `Memcached::`, or their numbers.
    setting option{};
    std::vector<php_server> servers{};  ///< Of add_server one, of add_servers any number.
};

/// A pool of twemproxy's file, as text. A server is `host:port:weight`, perhaps with a name behind
/// a blank.
struct twemproxy_pool {
    std::vector<setting> settings{};
    std::vector<std::string> servers{};
};

/// Each of these returns the translation, or an error that names the setting or server and says
/// what was expected: names that the client does not know, values that it refuses, settings under
/// which keys have no server that could be computed (random distributions), and lists that
/// server_list::of() refuses.
[[nodiscard]] config_result<translation> from_pylibmc(const pylibmc_client& client);
[[nodiscard]] config_result<translation> from_php_memcached(
    std::span<const php_memcached_call> calls);
/// @param text  libmemcached's configuration string: `--SERVER=host:port/?weight --HASH=MD5`.
[[nodiscard]] config_result<translation> from_libmemcached(std::string_view text);
[[nodiscard]] config_result<translation> from_twemproxy(const twemproxy_pool& pool);
/// @param name  of the file, used in messages only.
[[nodiscard]] config_result<translation> from_libketama(std::string_view content,
                                                        std::string_view name);

}  // namespace kmc
