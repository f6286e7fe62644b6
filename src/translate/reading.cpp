#include "translate/reading.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/known_names.hpp"
#include "base/quoted.hpp"

namespace kmc::detail {

config_error setting_error(std::string_view name, std::string_view wrong) {
    return config_error("the setting " + std::string(name) + ": " + std::string(wrong));
}

config_result<std::int64_t> number_of(const setting& s, from_text takes_text) {
    if (const bool* flag = std::get_if<bool>(&s.value)) return std::int64_t{*flag ? 1 : 0};
    if (const auto* number = std::get_if<std::int64_t>(&s.value)) return *number;
    const std::string& text = std::get<std::string>(s.value);
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (takes_text == from_text::no || read.ec != std::errc{} || read.ptr != end) {
        return setting_error(s.name, quoted(text) + " is not a number");
    }
    return number;
}

config_result<std::string_view> text_of(const setting& s) {
    if (const auto* text = std::get_if<std::string>(&s.value)) return std::string_view(*text);
    return setting_error(s.name, "its value is not a text");
}

config_result<std::uint32_t> digits(std::string_view text, std::string_view what,
                                    std::uint32_t most) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
        return config_error("the " + std::string(what) + " is not a number");
    }
    std::uint32_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number > most) {
        return config_error("the " + std::string(what) + " is over " + std::to_string(most));
    }
    return number;
}

config_result<std::size_t> find_name(std::string_view what, std::string_view name,
                                     std::span<const std::string_view> known) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) return config_error(unknown_name(what, name, known));
    return static_cast<std::size_t>(at - known.begin());
}

server tcp_server(std::string_view host, std::uint32_t port, std::uint32_t weight) {
    server s;
    s.host = host;
    s.port = static_cast<std::uint16_t>(port);
    s.weight = weight;
    return s;
}

server unix_server(std::string_view path, std::uint32_t port, std::uint32_t weight) {
    server s = tcp_server(path, port, weight);
    s.kind = server::transport::unix_socket;
    return s;
}

config_error entry_error(std::size_t index, std::string_view text, std::string_view wrong) {
    return config_error("server " + std::to_string(index + 1) + " " + quoted(text) + ": " +
                        std::string(wrong));
}

}  // namespace kmc::detail
