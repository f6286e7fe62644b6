// A ring and a list of servers in words: a sentence for people, the names that flags have, the text
// of a list, and C++ to paste. Each of these is said here and nowhere else in the tool.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

namespace kmc::cli {

// The settings of a ring that have no names in the library.
[[nodiscard]] std::string_view name_of(ring_weights w) noexcept;
[[nodiscard]] std::string_view name_of(ring_labels l) noexcept;
[[nodiscard]] std::string_view name_of(key_bytes b) noexcept;

// The setting of that name; the error lists the names there are.
[[nodiscard]] config_result<ring_weights> parse_ring_weights(std::string_view name);
[[nodiscard]] config_result<ring_labels> parse_ring_labels(std::string_view name);
[[nodiscard]] config_result<key_bytes> parse_key_bytes(std::string_view name);

// "libmemcached_ketama, hash md5, weights ignored": the ring, its hash of keys, what is set on it.
[[nodiscard]] std::string sentence_of(const ring_spec& spec);

// "--ring", the ring, and for whatever is set on it the flag and its value.
[[nodiscard]] std::vector<std::string> flags_of(const ring_spec& spec);

// The list as server_list::parse() reads it; nothing if no text says all of it: a server with a
// name, an IPv6 address without brackets, a path that is hashed with a port, a weight behind an
// address without a port where the ring hashes the address as it is written.
[[nodiscard]] std::optional<std::string> list_text(const server_list& list, ring which);

// An expression of type ring_spec, or what converts to one.
[[nodiscard]] std::string cpp_of(const ring_spec& spec);
// An expression of type config_result<server_list>, for a list that code can make.
[[nodiscard]] std::string cpp_of(const server_list& list, ring which);
// Why no code makes this list: neither parse() nor of() would take what libketama's file may hold.
// Empty where code makes it.
[[nodiscard]] std::string objection_to_cpp(const server_list& list, ring which);
// A string literal of C++.
[[nodiscard]] std::string literal(std::string_view text);

// One argument as a shell reads it; several with blanks between.
[[nodiscard]] std::string shell_word(const std::string& argument);
[[nodiscard]] std::string shell_words(const std::vector<std::string>& arguments);

}  // namespace kmc::cli
