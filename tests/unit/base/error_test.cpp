// The words of errors.

#include <kmc/error.hpp>

#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <catch2/catch.hpp>

#include <kmc/result.hpp>

namespace kmc {
namespace {

constexpr int first_code = static_cast<int>(errc::timed_out);
constexpr int last_code = static_cast<int>(errc::bad_config);

TEST_CASE("each reason and each stage has words of its own") {
    std::set<std::string_view> seen;
    for (int code = first_code; code <= last_code; ++code) {
        const std::string_view text = to_text(static_cast<errc>(code));
        CHECK(text != "an unknown reason");
        CHECK(seen.insert(text).second);
    }
    for (const stage at : {stage::not_sent, stage::sent, stage::answered}) {
        CHECK(seen.insert(to_text(at)).second);
    }
    CHECK(to_text(errc::timed_out) == "the call's deadline passed");
    CHECK(to_text(stage::not_sent) == "not sent");
    CHECK(to_text(stage::sent) == "sent");
    CHECK(to_text(stage::answered) == "answered");
}

TEST_CASE("the category answers every number, also those that are no reason") {
    const int value = GENERATE(-1, 0, last_code + 1, 255, 256, 1 << 20);

    CHECK(error_category().message(value) == "an unknown reason");
}

TEST_CASE("a reason is a std::error_code of the category kmc") {
    const std::error_code code = errc::server_dead;

    CHECK(code);
    CHECK(code.category() == error_category());
    CHECK(std::string(code.category().name()) == "kmc");
    CHECK(code.message() == to_text(errc::server_dead));
    CHECK(code == make_error_code(error{.code = errc::server_dead}));
}

TEST_CASE("value() of a failed result throws the reason") {
    const result<int> failed = error{.code = errc::connection_lost, .at = stage::sent};

    try {
        static_cast<void>(failed.value());
        FAIL("nothing was thrown");
    } catch (const std::system_error& thrown) {
        CHECK(thrown.code() == make_error_code(errc::connection_lost));
    }
}

TEST_CASE("value() of a failed set-up call throws its sentence") {
    const config_result<int> failed = config_error("server 2 is odd");

    try {
        static_cast<void>(failed.value());
        FAIL("nothing was thrown");
    } catch (const std::system_error& thrown) {
        CHECK(thrown.code() == make_error_code(errc::bad_config));
        CHECK_THAT(thrown.what(), Catch::Contains("server 2 is odd"));
    }
}

TEST_CASE("only a request that was sent and not answered may have been executed") {
    CHECK(error{.code = errc::timed_out, .at = stage::sent}.maybe_executed());
    CHECK(!error{.code = errc::timed_out, .at = stage::not_sent}.maybe_executed());
    CHECK(!error{.code = errc::server_error, .at = stage::answered}.maybe_executed());
}

}  // namespace
}  // namespace kmc
