// libketama's file: what is read, what is warned of, and what is refused.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/server_list.hpp>

namespace kmc {
namespace {

config_result<server_list> read(std::string_view content) {
    return server_list::parse_ketama_file(content, "f");
}

std::vector<std::string> warnings_of(std::string_view content) {
    const auto list = read(content).value();
    return {list.warnings().begin(), list.warnings().end()};
}

std::vector<std::uint32_t> weights_of(std::string_view content) {
    const auto list = read(content).value();
    std::vector<std::uint32_t> weights;
    for (const server& s : list.servers()) weights.push_back(s.weight);
    return weights;
}

TEST_CASE("a sound file is read without a warning") {
    const auto list = read("# comment\n\n1.2.3.4:11211\t900\r\n  5.6.7.8:1 \t +07\n#end").value();

    REQUIRE(list.servers().size() == 2);
    CHECK(list.servers()[0].text == "1.2.3.4:11211");
    CHECK(list.servers()[0].weight == 900);
    CHECK(list.servers()[1].text == "5.6.7.8:1");
    CHECK(list.servers()[1].weight == 7);
    CHECK(list.warnings().empty());
}

TEST_CASE("where to connect is read leniently from an address") {
    const auto [address, host, port] = GENERATE(table<std::string, std::string, std::uint16_t>({
        {"a:5", "a", 5},
        {"a", "a", 11211},
        {"a:0", "a", 11211},
        {"[::1]:5", "[::1]", 5},
        {"[::1]", "[::1]", 11211},
        {"::1", "::1", 11211},
        {"fe80::1:5", "fe80::1:5", 11211},
        {"a:x", "a:x", 11211},
        {"a:", "a:", 11211},
        {":5", ":5", 11211},
        {"a:65536", "a:65536", 11211},
    }));
    INFO(address);

    const server got = read(address + "\t1\n").value().servers().front();

    CHECK(got.text == address);
    CHECK(got.host == host);
    CHECK(got.port == port);
    CHECK(got.kind == server::transport::tcp);
}

TEST_CASE("an address that starts with a slash is a Unix socket") {
    const server got = read("/run/a:5\t3\n").value().servers().front();

    CHECK(got.kind == server::transport::unix_socket);
    CHECK(got.host == "/run/a:5");
    CHECK(got.port == 0);
}

TEST_CASE("each quirk that changes a reading is told with its line") {
    const auto [content, weight,
                warning] = GENERATE(table<std::string, std::uint32_t, std::string>({
        {"a\t400", 40,
         "f, line 1: libketama drops the last byte of a weight that no newline follows, so "
         "\"400\" counts as 40"},
        {"a\t900 \n", 90,
         "f, line 1: libketama drops the last byte of a weight that no newline follows, so "
         "\"900\" counts as 90"},
        {"a\t12abc\n", 12,
         "f, line 1: libketama ignores what follows the digits, so the weight \"12abc\" counts "
         "as 12"},
        {"a\t1.9\n", 1,
         "f, line 1: libketama ignores what follows the digits, so the weight \"1.9\" counts "
         "as 1"},
        {"a\t12x", 12,
         "f, line 1: libketama ignores what follows the digits, so the weight \"12x\" counts "
         "as 12"},
        {"\n# c\n #x 77\n", 77,
         "f, line 3: only a # in the first column starts a comment; libketama reads \"#x\" as a "
         "server"},
        {"1234567890123456789012\t5\n", 5,
         "f, line 1: libketama overruns a buffer with an address of more than 21 bytes, "
         "\"1234567890123456789012\""},
        {"fe80::1:5\t5\n", 5,
         "f, line 1: no port can be read from \"fe80::1:5\"; it is taken as a host with port "
         "11211"},
        {std::string("a\t5\n\0lost\n", 10), 5,
         "f, line 2: libketama ignores what follows a zero byte"},
    }));
    INFO(content);

    CHECK(weights_of(content) == std::vector<std::uint32_t>{weight});
    CHECK(warnings_of(content) == std::vector<std::string>{warning});
}

TEST_CASE("further columns are ignored and cost the weight its last digit") {
    CHECK(weights_of("a\t475\textra more\n") == std::vector<std::uint32_t>{47});
    CHECK(warnings_of("a\t475\textra more\n") ==
          std::vector<std::string>{
              "f, line 1: libketama drops the last byte of a weight that no newline follows, so "
              "\"475\" counts as 47",
              "f, line 1: libketama ignores what follows the weight, \"\\textra more\""});
}

TEST_CASE("a line of more than 126 bytes is read as two") {
    const std::string comment = "#" + std::string(125, 'c');

    SECTION("the second part of a comment is a server") {
        CHECK(weights_of(comment + "b 5\na 7\n") == std::vector<std::uint32_t>{5, 7});
        CHECK(warnings_of(comment + "b 5\na 7\n") ==
              std::vector<std::string>{
                  "f, line 1: libketama reads what lies beyond 126 bytes as another line"});
    }
    SECTION("a line whose newline is the 127th byte loses the last digit of its weight") {
        const std::string line = std::string(122, ' ') + "a 55";
        CHECK(weights_of(line + "\n") == std::vector<std::uint32_t>{5});
        CHECK(warnings_of(line + "\n").size() == 2);
    }
    SECTION("one byte less is sound") {
        const std::string line = std::string(121, ' ') + "a 55";
        CHECK(weights_of(line + "\n") == std::vector<std::uint32_t>{55});
        CHECK(warnings_of(line + "\n").empty());
    }
}

TEST_CASE("a line that libketama refuses or crashes on fails the file, with its place") {
    const auto [content, message] = GENERATE(table<std::string, std::string>({
        {"", "f: no server is defined"},
        {"# only\n\n", "f: no server is defined"},
        {"a\n", "f, line 1: there is no weight behind the address in \"a\""},
        {"# c\na 5\nb \n", "f, line 3: the weight has no digits in \"b \""},
        {"a 5\n  \n", "f, line 2: the line has only blanks in \"  \""},
        {"a 5\n\r\n", "f, line 2: the line has only blanks in \"\""},
        {"a 5\n  ", "f, line 2: the line has only blanks in \"  \""},
        {"a abc\n", "f, line 1: the weight has no digits in \"a abc\""},
        {"a 0\n", "f, line 1: the weight is 0 in \"a 0\""},
        {"a 0x10\n", "f, line 1: the weight is 0 in \"a 0x10\""},
        {"a -5\n", "f, line 1: the weight is negative in \"a -5\""},
        {"a -\n", "f, line 1: the weight has no digits in \"a -\""},
        {"a +-5\n", "f, line 1: the weight has no digits in \"a +-5\""},
        {"a 4294967296\n", "f, line 1: the weight is over 4294967295 in \"a 4294967296\""},
        {"a 99999999999999999999\n",
         "f, line 1: the weight is over 4294967295 in \"a 99999999999999999999\""},
        {"a 3",
         "f, line 1: the weight has no digits once its last byte is dropped, as libketama does to "
         "\"3\" in \"a 3\""},
        {"a 05 \n",
         "f, line 1: the weight is 0 once its last byte is dropped, as libketama does to \"05\" in "
         "\"a 05 \""},
        {"123456789012345678901234 5\n",
         "f, line 1: the address is over 23 bytes in \"123456789012345678901234 5\""},
    }));
    INFO(content);

    const auto list = read(content);

    REQUIRE(!list);
    CHECK(list.error().message() == message);
    CHECK(list.error().code() == errc::bad_config);
}

TEST_CASE("the largest weight and the longest address are accepted") {
    const std::string address(23, 'a');
    const auto list = read(address + " 4294967295\n").value();

    CHECK(list.servers().front().text == address);
    CHECK(list.servers().front().weight == 4294967295U);
}

TEST_CASE("duplicates in a file stay, in the order of the file") {
    CHECK(weights_of("a 3\nb 2\na 1\n") == std::vector<std::uint32_t>{3, 2, 1});
}

}  // namespace
}  // namespace kmc
