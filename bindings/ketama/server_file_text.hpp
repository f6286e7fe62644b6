// Reading a server file as it was at one moment.

#pragma once

#include <string>

#include <kmc/result.hpp>

#include "descriptor.hpp"
#include "image.hpp"

namespace kmc::detail {

// The state of an open file. False if it has none, or is no file but a device, a pipe, a folder.
[[nodiscard]] bool identify(const descriptor& file, file_identity& out) noexcept;

// Blocks. @param path  for messages.
[[nodiscard]] config_result<server_file_text> read_server_file(const descriptor& file,
                                                               const std::string& path);

}  // namespace kmc::detail
