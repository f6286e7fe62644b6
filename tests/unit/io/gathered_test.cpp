#include "io/gathered.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"

using kmc::detail::as_bytes;
using kmc::detail::as_text;
using kmc::detail::gathered;

namespace {

std::string text_of(const gathered& bytes) {
    std::string all;
    for (std::size_t i = 0; i < bytes.places().size(); ++i) all += as_text(bytes.place(i));
    return all;
}

}  // namespace

TEST_CASE("what is left of gathered bytes begins where the rest does") {
    gathered all(as_bytes("head "));
    all.add(as_bytes("value "));
    all.add(as_bytes("tail"));
    REQUIRE(all.size() == 15);
    REQUIRE(text_of(all) == "head value tail");

    for (std::size_t gone = 0; gone <= all.size(); ++gone) {
        const gathered rest = all.after(gone);
        INFO(gone << " bytes are gone");
        CHECK(rest.size() == all.size() - gone);
        CHECK(text_of(rest) == std::string("head value tail").substr(gone));
    }
    CHECK(all.after(5).places().size() == 2);
    CHECK(all.after(15).places().empty());
}

TEST_CASE("gathered bytes have a place for so many, and no more") {
    gathered all;
    for (std::size_t i = 0; i < gathered::places_max; ++i) {
        REQUIRE_FALSE(all.is_full());
        all.add(as_bytes("x"));
    }
    CHECK(all.is_full());
    CHECK(text_of(all) == std::string(gathered::places_max, 'x'));
}
