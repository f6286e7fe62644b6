// Values and addresses as other programs write them, checked one by one.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <kmc/result.hpp>
#include <kmc/server_list.hpp>
#include <kmc/translate.hpp>

namespace kmc::detail {

// `the setting "x": wrong`.
[[nodiscard]] config_error setting_error(std::string_view name, std::string_view wrong);

// A flag or a number; text only if it is one of digits, perhaps behind a minus sign, and
// `takes_text` is set.
enum class from_text : std::uint8_t { no, yes };
[[nodiscard]] config_result<std::int64_t> number_of(const setting& s, from_text takes_text);

[[nodiscard]] config_result<std::string_view> text_of(const setting& s);

// Digits only, at most `most`.
[[nodiscard]] config_result<std::uint32_t> digits(std::string_view text, std::string_view what,
                                                  std::uint32_t most);

// Where `name` stands among the known; the error lists them.
[[nodiscard]] config_result<std::size_t> find_name(std::string_view what, std::string_view name,
                                                   std::span<const std::string_view> known);

[[nodiscard]] server tcp_server(std::string_view host, std::uint32_t port, std::uint32_t weight);
[[nodiscard]] server unix_server(std::string_view path, std::uint32_t port, std::uint32_t weight);

// `server 2 "text": wrong`.
[[nodiscard]] config_error entry_error(std::size_t index, std::string_view text,
                                       std::string_view wrong);

}  // namespace kmc::detail
