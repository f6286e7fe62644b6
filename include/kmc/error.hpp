// Why a call has no answer.
//
// A kmc::error is never a cache outcome: a miss, a lost add() or a stale cas token are values of
// the call's result type. An error means that the answer is unknown or that the request was
// refused.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace kmc {

/// The reason. Zero is not a member, so that an errc in a std::error_code always tests as an error.
enum class errc : std::uint8_t {
    timed_out = 1,    ///< The call's deadline passed. See error::maybe_executed.
    cancelled,        ///< A stop token or a cancel scope asked for it.
    server_dead,      ///< The health tracker has the server out of service; nothing was sent.
    connect_failed,   ///< Refused, unreachable, unknown name, or too slow; nothing was sent.
    connection_lost,  ///< Reset, closed or stalled while a reply was due.
    protocol_error,   ///< The peer broke the framing; the connection was dropped.
    not_binary,       ///< The peer speaks only memcached's text protocol, or is no memcached.
    server_busy,      ///< The server is over its connection limit and closed the connection.
    overloaded,       ///< A queue or memory limit of kmc itself was reached.
    bad_key,          ///< Empty, or over 250 bytes with the prefix. Nothing was sent.
    too_large,        ///< The value is over the item size limit (not_sent: kmc's, answered: the
                      ///< server's).
    not_a_number,     ///< incr, decr: the item is no decimal number below 2^64.
    no_cas,         ///< The token is 0: the server keeps none (memcached -C), or it is no token of
                    ///< a get. Answered: the server stored the value without comparing.
    foreign_value,  ///< A typed read: the value's flags tell of a type or compression that kmc does
                    ///< not read; error::status has the flags.
    bad_value,      ///< A typed read or write: the bytes are no such type, or the type has no such
                    ///< value.
    server_error,   ///< The server refused: out of memory, busy, internal; see error::status.
    auth_failed,    ///< The server wants a login, or refused it.
    client_closed,  ///< The client was closed before the reply came.
    wrong_thread,   ///< The call was awaited on a thread that runs no reactor of this client.
    bad_config,     ///< The servers or options contradict each other; see config_error.
};

/// How far the request had come.
enum class stage : std::uint8_t { not_sent, sent, answered };

/// The reason in words, without the server: "the call's deadline passed". Never empty.
[[nodiscard]] std::string_view to_text(errc code) noexcept;

/// The stage in words: "not sent", "sent", "answered".
[[nodiscard]] std::string_view to_text(stage at) noexcept;

/// A reason, a stage, the server and its raw status: 8 bytes, trivially copyable, never allocates.
struct error {
    static constexpr std::uint16_t no_server = 0xffff;

    errc code{};
    stage at{stage::not_sent};
    std::uint16_t server{no_server};  ///< Its number, see client::server_at(), or no_server.
    std::uint32_t status{0};  ///< The server's own status code if it answered, the flags of a
                              ///< foreign_value, else 0.

    /// True if the server may have carried the request out although no answer came.
    /// Retrying incr, append, add or cas is then not safe.
    [[nodiscard]] constexpr bool maybe_executed() const noexcept { return at == stage::sent; }

    friend constexpr bool operator==(const error& e, errc c) noexcept { return e.code == c; }
    friend constexpr bool operator==(const error&, const error&) noexcept = default;
};

/// The category behind std::error_code(errc). Points to a constant; any thread.
[[nodiscard]] const std::error_category& error_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(errc c) noexcept {
    return {static_cast<int>(c), error_category()};
}
[[nodiscard]] inline std::error_code make_error_code(const error& e) noexcept {
    return make_error_code(e.code);
}

/// What result<T>::value() throws when there is no value (found by Boost.Outcome through ADL).
[[noreturn]] inline void outcome_throw_as_system_error_with_payload(const error& e) {
    throw std::system_error(make_error_code(e));
}

/// Why a set-up call failed: a server list, a servers file, a ring name, a backend. Set-up is cold,
/// so this one carries a sentence that names what was wrong and where.
class config_error {
public:
    config_error() = default;  ///< Outcome asks for it; no call of kmc returns one.
    explicit config_error(std::string message, errc code = errc::bad_config)
        : message_(std::move(message)), code_(code) {}

    /// One sentence without a full stop, e.g. `server 2 "10.0.0.1:x": the port is not a number`.
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] errc code() const noexcept { return code_; }

private:
    std::string message_;
    errc code_ = errc::bad_config;
};

[[nodiscard]] inline std::error_code make_error_code(const config_error& e) noexcept {
    return make_error_code(e.code());
}
[[noreturn]] inline void outcome_throw_as_system_error_with_payload(const config_error& e) {
    throw std::system_error(make_error_code(e), e.message());
}

}  // namespace kmc

template <>
struct std::is_error_code_enum<kmc::errc> : std::true_type {};
