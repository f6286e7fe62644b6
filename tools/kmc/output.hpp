// How the command line speaks: results on standard output, as text or as one JSON document;
// everything that went wrong on standard error, one line each, beginning with "kmc: ".

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <kmc/kmc.hpp>

namespace kmc::cli {

// Keeps the fields in the order they were put in, which is the order people read them.
using json = nlohmann::ordered_json;

void complain(std::string_view sentence);

// The key as part of a sentence: quoted, printable, cut when long.
[[nodiscard]] std::string shown(std::string_view key);

// What a server says, as part of a line: it stays on the line and does not steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

// Puts bytes under `name` if they are UTF-8, else in base64 under `name`_base64: JSON strings
// cannot carry other bytes.
void put_bytes(json& object, const std::string& name, std::string_view bytes);

// The reason as a word for programs: the enumerator's own name.
[[nodiscard]] std::string_view name_of(errc code);

// As text: many readers of JSON round large numbers.
void put_number(json& object, const std::string& name, std::uint64_t number);

// Adds "error": {"code", "stage", "maybe_executed", "message"} and, if the server gave one, its
// "server_status".
void put_error(json& object, const error& why, std::string_view sentence);

// Writes bytes to standard output as they are.
void print(std::string_view bytes);
void print_document(const json& document);

// The whole file; says so if it cannot be written.
[[nodiscard]] bool write_file(const std::string& path, std::string_view text);

// Whether everything printed so far has really left; says so if not.
[[nodiscard]] bool flush_output();

}  // namespace kmc::cli
