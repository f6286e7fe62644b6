// Foreign text in messages.

#include "base/quoted.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace kmc::detail {
namespace {

TEST_CASE("foreign text is quoted, and what is not printable is escaped") {
    CHECK(quoted("") == "\"\"");
    CHECK(quoted("a b") == "\"a b\"");
    CHECK(quoted("a\"b\\c") == "\"a\\\"b\\\\c\"");
    CHECK(quoted(std::string("\t\r\n\0\x1f\x7f\xff~", 8)) == "\"\\t\\r\\n\\x00\\x1f\\x7f\\xff~\"");
}

TEST_CASE("long text is cut after 60 bytes, and that shows") {
    const std::string shown(60, 'x');

    CHECK(quoted(shown) == "\"" + shown + "\"");
    CHECK(quoted(shown + 'x') == "\"" + shown + "\"...");
}

}  // namespace
}  // namespace kmc::detail
