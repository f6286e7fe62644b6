// Reading a server file as it was at one moment.

#pragma once

#include <string>

#include <kmc/result.hpp>

#include "descriptor.hpp"
#include "image.hpp"

namespace kmc::detail {

// The state of an open file. False if it has none, or is no file but a device, a pipe, a folder.
[[nodiscard]] bool identify(const descriptor& file, file_identity& out) noexcept;

// Most programs cut a file short and then write it: what was changed a moment ago is read until it
// is the same twice, and an empty one a little longer. Blocks; for 5 milliseconds where that is so,
// and for 100 at most, or a second while there is nothing in it.
// @param path   for messages
// @param known  of a ring that was made of the file before, or null: once more the same is enough
[[nodiscard]] config_result<server_file_text> read_server_file(const descriptor& file,
                                                               const std::string& path,
                                                               const image_header* known);

}  // namespace kmc::detail
