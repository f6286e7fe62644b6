#include "protocol/key_rules.hpp"

#include <string>

#include <catch2/catch.hpp>

using kmc::errc;
using kmc::detail::objection_to_key;

TEST_CASE("a key has 1 to 250 bytes", "[key_rules]") {
    CHECK(objection_to_key("") == errc::bad_key);
    CHECK_FALSE(objection_to_key("k"));
    CHECK_FALSE(objection_to_key(std::string(250, 'k')));
    CHECK(objection_to_key(std::string(251, 'k')) == errc::bad_key);
    CHECK(objection_to_key(std::string(70'000, 'k')) == errc::bad_key);
}

TEST_CASE("a key may hold any byte", "[key_rules]") {
    for (int byte = 0; byte < 256; ++byte) {
        CHECK_FALSE(objection_to_key(std::string(1, static_cast<char>(byte))));
    }
}
