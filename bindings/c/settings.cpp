#include "settings.hpp"

#include <optional>
#include <string>

#include "base/quoted.hpp"

namespace kmc::detail {

namespace {

// Empty at the end of the text.
std::string_view take_word(std::string_view& text) noexcept {
    constexpr std::string_view blanks = " \t\n";
    const auto begin = text.find_first_not_of(blanks);
    text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
}

config_error unknown_value(std::string_view word, std::string_view expected) {
    return config_error("the ring setting " + quoted(word) + " is not " + std::string(expected));
}

// Nothing if the word was taken.
std::optional<config_error> take_setting(ring_settings& to, std::string_view word) {
    const auto equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);

    if (name == "hash" || name == "point_hash") {
        const auto hash = parse_key_hash(value);
        if (!hash) return hash.error();
        (name == "hash" ? to.hash : to.point_hash) = hash.assume_value();
    } else if (name == "weights") {
        if (value != "used" && value != "ignored") {
            return unknown_value(word, "weights=used or weights=ignored");
        }
        to.weights = value == "used" ? ring_weights::used : ring_weights::ignored;
    } else if (name == "labels") {
        if (value != "libmemcached") return unknown_value(word, "labels=libmemcached");
        to.labels = ring_labels::libmemcached;
    } else if (name == "bytes") {
        if (value != "with_sign" && value != "without_sign") {
            return unknown_value(word, "bytes=with_sign or bytes=without_sign");
        }
        to.bytes = value == "with_sign" ? key_bytes::with_sign : key_bytes::without_sign;
    } else {
        return unknown_value(word, "one of hash=, point_hash=, weights=, labels=, bytes=");
    }
    return std::nullopt;
}

}  // namespace

config_result<ring_settings> parse_ring_settings(std::string_view text) {
    ring_settings settings;
    for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
        if (auto wrong = take_setting(settings, word)) return *wrong;
    }
    return settings;
}

}  // namespace kmc::detail
