// zlib streams, by the library. Built without it (KMC_ZLIB=OFF), both functions return false and
// has_zlib() says so.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kmc::detail {

// Inflates the one whole stream that `stream` has to be, to at most `size_max` bytes and with
// memory in proportion to what really comes out. False: broken, cut off, followed by more bytes, or
// too large. Throws std::bad_alloc.
[[nodiscard]] bool inflate_whole(std::string_view stream, std::size_t size_max, std::string& plain);

// Appends the stream of `plain` to `to` if it takes at most `size_max` bytes; else, false, and `to`
// is as it was. Throws std::bad_alloc.
[[nodiscard]] bool deflate_onto(std::string& to, std::string_view plain, std::size_t size_max);

}  // namespace kmc::detail
