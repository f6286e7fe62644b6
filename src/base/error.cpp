// The words of include/kmc/error.hpp. Each reason reads well behind "10.0.0.1:11211: ".

#include <kmc/error.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace kmc {

namespace {

constexpr std::string_view unknown_reason = "an unknown reason";

class kmc_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "kmc"; }

    [[nodiscard]] std::string message(int value) const override {
        // A std::error_code can carry any int; only those that fit may become an errc.
        if (value < 0 || value > 0xff) return std::string(unknown_reason);
        return std::string(to_text(static_cast<errc>(value)));
    }
};

}  // namespace

std::string_view to_text(errc code) noexcept {
    switch (code) {
        case errc::timed_out:
            return "the call's deadline passed";
        case errc::cancelled:
            return "the call was cancelled";
        case errc::server_dead:
            return "the server is out of service after repeated failures";
        case errc::connect_failed:
            return "no connection to the server could be made";
        case errc::connection_lost:
            return "the connection was lost while a reply was due";
        case errc::protocol_error:
            return "the server broke the protocol";
        case errc::not_binary:
            return "the server does not speak memcached's binary protocol";
        case errc::server_busy:
            return "the server is over its connection limit";
        case errc::overloaded:
            return "a queue or memory limit of the client was reached";
        case errc::bad_key:
            return "the key is empty or too long";
        case errc::too_large:
            return "the value is over the item size limit";
        case errc::not_a_number:
            return "the item is no number";
        case errc::no_cas:
            return "there is no cas token to compare with";
        case errc::foreign_value:
            return "the value's flags tell of a type that kmc does not read";
        case errc::bad_value:
            return "the value does not fit the type that was asked for";
        case errc::server_error:
            return "the server refused the request";
        case errc::auth_failed:
            return "the server wants a login or refused it";
        case errc::client_closed:
            return "the client was closed before the reply came";
        case errc::wrong_thread:
            return "the call was awaited on a thread without a reactor of this client";
        case errc::bad_config:
            return "the servers or options are not usable";
    }
    return unknown_reason;
}

std::string_view to_text(stage at) noexcept {
    switch (at) {
        case stage::not_sent:
            return "not sent";
        case stage::sent:
            return "sent";
        case stage::answered:
            return "answered";
    }
    return "at an unknown stage";
}

const std::error_category& error_category() noexcept {
    static const kmc_category category;
    return category;
}

}  // namespace kmc
