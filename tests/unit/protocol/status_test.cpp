#include "protocol/status.hpp"

#include <catch2/catch.hpp>

using kmc::errc;
using kmc::detail::aftermath;
using kmc::detail::aftermath_of;
using kmc::detail::command;
using kmc::detail::error_of_status;
using kmc::detail::status;

TEST_CASE("a status that is no outcome becomes an error", "[status]") {
    CHECK(error_of_status(status::too_large) == errc::too_large);
    CHECK(error_of_status(status::auth_error) == errc::auth_failed);
    CHECK(error_of_status(status::out_of_memory) == errc::server_error);
    CHECK(error_of_status(status::not_a_number) == errc::not_a_number);
    CHECK(error_of_status(static_cast<status>(0x86)) == errc::server_error);
    CHECK(error_of_status(static_cast<status>(0x1234)) == errc::server_error);
}

TEST_CASE("three statuses end a connection, each other one is an answer", "[status]") {
    for (std::uint32_t raw = 0; raw <= 0xffff; ++raw) {
        const aftermath expected = raw == 0x04 || raw == 0x81 ? aftermath::poisoned
                                   : raw == 0x20              ? aftermath::locked
                                                              : aftermath::none;
        if (aftermath_of(static_cast<status>(raw), command::get) != expected) {
            FAIL("status " << raw);
        }
    }
}

TEST_CASE("a server that forbids flushing has answered and goes on", "[status]") {
    CHECK(aftermath_of(status::auth_error, command::flush) == aftermath::none);
    CHECK(aftermath_of(status::auth_error, command::set) == aftermath::locked);
}
