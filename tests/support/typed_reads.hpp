// Reads stored bytes as every built-in type and counts how that ended. Of what may come of it two
// ends are bad: an error that typed reads do not have, and a value that is not read as itself when
// it is written again.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/typed_values.hpp"

namespace kmc::testing {

struct typed_findings {
    std::size_t values = 0;
    std::size_t bad = 0;
    std::size_t foreign = 0;
    std::size_t others = 0;  // must stay 0
};

template <class T>
void read_as(const packed& p, const value_options& options, typed_findings& found) {
    const auto read = unpack<T>(p, options);
    if (read) {
        ++found.values;
        // What was read can be written again, and is then read as itself. (NaN is not itself, and
        // not everything has a form in a stricter dialect.)
        const packed again = pack(read.value(), options);
        if (!again.accepted) return;
        const auto twice = unpack<T>(again, options);
        found.others += !twice || (twice.value() != read.value() && read.value() == read.value());
    } else if (read.error() == errc::bad_value) {
        ++found.bad;
    } else if (read.error() == errc::foreign_value && read.error().status == p.flags) {
        ++found.foreign;
    } else {
        ++found.others;
    }
}

inline void read_as_everything(const packed& p, const value_options& options,
                               typed_findings& found) {
    read_as<bool>(p, options, found);
    read_as<std::int8_t>(p, options, found);
    read_as<std::int64_t>(p, options, found);
    read_as<std::uint64_t>(p, options, found);
    read_as<float>(p, options, found);
    read_as<double>(p, options, found);
    read_as<std::string>(p, options, found);
    read_as<std::vector<std::byte>>(p, options, found);
}

}  // namespace kmc::testing
