// Typed values without a client: what a T becomes, and what bytes with flags are read as.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <kmc/codec.hpp>

namespace kmc::testing {

struct packed {
    bool accepted = false;
    std::string bytes;
    std::uint32_t flags = 0;
};

template <class T>
packed pack(const T& value, const value_options& options, std::uint32_t application_flags = 0) {
    encoding out(options.dialect);
    codec<T>::encode(value, out);
    packed p;
    p.accepted = out.pack(options, application_flags);
    p.bytes = out.bytes();
    p.flags = out.flags();
    return p;
}

template <class T>
result<T> unpack(std::string_view bytes, std::uint32_t flags, const value_options& options) {
    return decode_value<T>({.data = bytes.data(),
                            .size_bytes = static_cast<std::uint32_t>(bytes.size()),
                            .flags = flags,
                            .token = cas_token{7}},
                           options);
}

template <class T>
result<T> unpack(const packed& p, const value_options& options) {
    return unpack<T>(p.bytes, p.flags, options);
}

inline constexpr value_options in_kmc{};
inline constexpr value_options in_pylibmc{.dialect = flag_dialect::pylibmc};
inline constexpr value_options in_php{.dialect = flag_dialect::php_memcached};

}  // namespace kmc::testing
