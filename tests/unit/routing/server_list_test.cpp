// The grammar of a server list: what each accepted form means, and what is said of the others.

#include <kmc/server_list.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace kmc {
namespace {

using transport = server::transport;

server make(std::string text, std::string host, std::uint16_t port, std::uint32_t weight = 1,
            transport kind = transport::tcp) {
    server s;
    s.text = std::move(text);
    s.host = std::move(host);
    s.port = port;
    s.weight = weight;
    s.kind = kind;
    return s;
}

std::string error_of(const config_result<server_list>& read) {
    return read ? "no error" : read.error().message();
}

TEST_CASE("each form of an entry is read as the grammar says") {
    const auto [text, expected] = GENERATE(table<std::string, server>({
        {"a", make("a", "a", 11211)},
        {"a:1", make("a:1", "a", 1)},
        {"a:65535", make("a:65535", "a", 65535)},
        {"a:1:7", make("a:1", "a", 1, 7)},
        {"a:1 7", make("a:1", "a", 1, 7)},
        {"a:1 \t 7", make("a:1", "a", 1, 7)},
        {"a:1:0", make("a:1", "a", 1, 0)},
        {"a:1:4294967295", make("a:1", "a", 1, 4294967295U)},
        {"a:0", make("a:0", "a", 11211)},
        {"a:0:3", make("a:0", "a", 11211, 3)},
        {"a:007:08", make("a:007", "a", 7, 8)},
        {"  a:1:2 \n", make("a:1", "a", 1, 2)},
        {"10.0.0.1:11211", make("10.0.0.1:11211", "10.0.0.1", 11211)},
        {"mc-1.prod.example.com", make("mc-1.prod.example.com", "mc-1.prod.example.com", 11211)},
        {"[::1]", make("[::1]", "[::1]", 11211)},
        {"[::1]:5", make("[::1]:5", "[::1]", 5)},
        {"[fe80::1%eth0]:5:6", make("[fe80::1%eth0]:5", "[fe80::1%eth0]", 5, 6)},
        {"[2001:db8:0:1:2:3:4:5]", make("[2001:db8:0:1:2:3:4:5]", "[2001:db8:0:1:2:3:4:5]", 11211)},
        {"[::ffff:127.0.0.1]:5", make("[::ffff:127.0.0.1]:5", "[::ffff:127.0.0.1]", 5)},
        {"[::1]:5 6", make("[::1]:5", "[::1]", 5, 6)},
        {"/run/mc.sock", make("/run/mc.sock", "/run/mc.sock", 0, 1, transport::unix_socket)},
        {"/run/mc.sock:9", make("/run/mc.sock", "/run/mc.sock", 0, 9, transport::unix_socket)},
        {"/run/a:b/mc", make("/run/a:b/mc", "/run/a:b/mc", 0, 1, transport::unix_socket)},
        {"/run/a:b/mc:4", make("/run/a:b/mc", "/run/a:b/mc", 0, 4, transport::unix_socket)},
    }));
    INFO(text);

    const auto read = server_list::parse(text);

    REQUIRE(error_of(read) == "no error");
    REQUIRE(read.value().servers().size() == 1);
    const server& got = read.value().servers().front();
    CHECK(got.text == expected.text);
    CHECK(got.host == expected.host);
    CHECK(got.port == expected.port);
    CHECK(got.weight == expected.weight);
    CHECK(got == expected);
}

TEST_CASE("entries keep their order, and duplicates stay") {
    const auto read = server_list::parse("b:2, a , b:2,/s");

    REQUIRE(read.has_value());
    const auto servers = read.value().servers();
    REQUIRE(servers.size() == 4);
    CHECK(servers[0].text == "b:2");
    CHECK(servers[1].text == "a");
    CHECK(servers[2] == servers[0]);
    CHECK(servers[3].kind == transport::unix_socket);
    CHECK(read.value().warnings().empty());
}

TEST_CASE("an entry that is not in the grammar is named with its place and its fault") {
    const auto [text, message] = GENERATE(table<std::string, std::string>({
        {"", "the server list is empty"},
        {" \t\n", "the server list is empty"},
        {",", "server 1 \"\": the entry is empty"},
        {"a,,b", "server 2 \"\": the entry is empty"},
        {"a, ", "server 2 \"\": the entry is empty"},
        {":11211", "server 1 \":11211\": there is no host"},
        {"a:", "server 1 \"a:\": the port is missing behind the colon"},
        {"a:x", "server 1 \"a:x\": the port is not a number"},
        {"10.0.0.1,10.0.0.2:x", "server 2 \"10.0.0.2:x\": the port is not a number"},
        {"a:-1", "server 1 \"a:-1\": the port is not a number"},
        {"a:+1", "server 1 \"a:+1\": the port is not a number"},
        {"a:65536", "server 1 \"a:65536\": the port is over 65535"},
        {"a:99999999999999999999", "server 1 \"a:99999999999999999999\": the port is over 65535"},
        {"a:1:", "server 1 \"a:1:\": the weight is missing behind the colon"},
        {"a:1:x", "server 1 \"a:1:x\": the weight is not a number"},
        {"a:1:1.5", "server 1 \"a:1:1.5\": the weight is not a number"},
        {"a:1:4294967296", "server 1 \"a:1:4294967296\": the weight is over 4294967295"},
        {"a:1 x", "server 1 \"a:1 x\": the weight is not a number"},
        {"a:1 2 3", "server 1 \"a:1 2 3\": the weight is not a number"},
        {"a:1:2 3", "server 1 \"a:1:2 3\": the weight is not a number"},
        {"a 5", "server 1 \"a 5\": a weight needs a port before it"},
        {"[::1] 5", "server 1 \"[::1] 5\": a weight needs a port before it"},
        {"::1",
         "server 1 \"::1\": too many colons; an IPv6 address is written in brackets, as in "
         "[::1]:11211"},
        {"fe80:0:0:1",
         "server 1 \"fe80:0:0:1\": too many colons; an IPv6 address is written in brackets, as in "
         "[::1]:11211"},
        {"a:1:2:3",
         "server 1 \"a:1:2:3\": too many colons; an IPv6 address is written in brackets, as in "
         "[::1]:11211"},
        {"[::1", "server 1 \"[::1\": the closing bracket is missing"},
        {"[::1:11211", "server 1 \"[::1:11211\": the closing bracket is missing"},
        {"[::1]11211",
         "server 1 \"[::1]11211\": only a colon and the port may follow the closing bracket"},
        {"[::1]:x", "server 1 \"[::1]:x\": the port is not a number"},
        {"[]:1", "server 1 \"[]:1\": there is no IPv6 address in the brackets"},
        {"[host]:1", "server 1 \"[host]:1\": there is no IPv6 address in the brackets"},
        {"[::zz]:1", "server 1 \"[::zz]:1\": there is no IPv6 address in the brackets"},
        {"[:]:1", "server 1 \"[:]:1\": there is no IPv6 address in the brackets"},
        {"[1:2:3]:1", "server 1 \"[1:2:3]:1\": there is no IPv6 address in the brackets"},
        {"[1::2::3]:1", "server 1 \"[1::2::3]:1\": there is no IPv6 address in the brackets"},
        {"[::12345]:1", "server 1 \"[::12345]:1\": there is no IPv6 address in the brackets"},
        {"a]:1", "server 1 \"a]:1\": a host contains no brackets and no slash"},
        {"a/b", "server 1 \"a/b\": a host contains no brackets and no slash"},
        {"unix:/run/mc.sock",
         "server 1 \"unix:/run/mc.sock\": a Unix socket is written as its path alone"},
        {"/run/mc.sock:", "server 1 \"/run/mc.sock:\": the weight is missing behind the colon"},
        {"/run/mc.sock:x", "server 1 \"/run/mc.sock:x\": the weight is not a number"},
        {"/run/mc.sock 5",
         "server 1 \"/run/mc.sock 5\": the path contains a blank or a control character"},
        {"a\x01", "server 1 \"a\\x01\": the host contains a blank or a control character"},
    }));
    INFO(text);

    const auto read = server_list::parse(text);

    CHECK(error_of(read) == message);
}

TEST_CASE("a hostile entry is escaped and cut in the message") {
    const auto read =
        server_list::parse("a," + std::string(100, '\n') + "x\"\x80" + std::string(5000, 'y'));

    REQUIRE(!read);
    CHECK(read.error().message() ==
          "server 2 \"x\\\"\\x80" + std::string(57, 'y') + "\"...: the host is over 255 bytes");
}

TEST_CASE("hosts and paths have a longest length") {
    CHECK(server_list::parse(std::string(255, 'a')).has_value());
    CHECK(!server_list::parse(std::string(256, 'a')));

    std::string path(107, 'a');
    path.front() = '/';
    CHECK(server_list::parse(path).has_value());
    path += 'a';
    CHECK_THAT(error_of(server_list::parse(path)), Catch::Contains("the path is over 107 bytes"));
}

TEST_CASE("a list made by hand gets the default port, and a text where it has none") {
    const auto [made, text, port] = GENERATE(table<server, std::string, std::uint16_t>({
        {make("", "a", 0), "a:11211", 11211},
        {make("", "a", 5), "a:5", 5},
        {make("", "::1", 5), "[::1]:5", 5},
        {make("", "[::1]", 5), "[::1]:5", 5},
        {make("as given", "a", 5), "as given", 5},
        {make("", "/s", 0, 1, transport::unix_socket), "/s", 0},
        {make("", "/s", 11211, 1, transport::unix_socket), "/s", 11211},
    }));

    const auto list = server_list::of({made});

    REQUIRE(error_of(list) == "no error");
    CHECK(list.value().servers().front().text == text);
    CHECK(list.value().servers().front().port == port);
}

TEST_CASE("a list made by hand must name hosts") {
    const std::string zero("/a\0b", 4);

    CHECK(error_of(server_list::of({})) == "the server list is empty");
    CHECK(error_of(server_list::of({make("", "a", 1), make("", "", 1)})) ==
          "server 2 \"\": there is no host");
    CHECK(error_of(server_list::of({make("t", "a b", 1)})) ==
          "server 1 \"t\": the host contains a blank or a control character");
    CHECK(error_of(server_list::of({make("", "s", 0, 1, transport::unix_socket)})) ==
          "server 1 \"s\": the path of a Unix socket starts with a slash");
    CHECK(error_of(server_list::of({make("", zero, 0, 1, transport::unix_socket)})) ==
          "server 1 \"/a\\x00b\": the path contains a zero byte");
}

}  // namespace
}  // namespace kmc
