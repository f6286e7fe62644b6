// libketama's file. It is refused in one readable line, or read with readable warnings; what was
// read, written as a sound file, is read as the same servers without a new warning about weights.

#include <kmc/server_list.hpp>

#include "fuzzing.hpp"

namespace {

using kmc::server;
using kmc::server_list;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

void check_server(const server& s) {
    require(!s.host.empty() && s.text.starts_with(s.host), "the text begins with the host");
    require(s.text.size() <= 23, "libketama takes 23 bytes");
    require(s.weight != 0, "weight 0 is refused");
    require((s.kind == server::transport::unix_socket) == (s.text.front() == '/'), "a path");
    require((s.kind == server::transport::unix_socket) == (s.port == 0), "a port");
    for (const char c : s.text) require(c != '\0' && c != '\t' && c != ' ', "one word");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kmc::fuzzing::input in(data, size);
    const std::string text = in.rest();
    const auto read = server_list::parse_ketama_file(text, "f");
    const auto twice = server_list::parse_ketama_file(text, "f");
    require(read.has_value() == twice.has_value(), "the same text is read the same way");
    if (!read) {
        require(is_one_readable_line(read.error().message()), "one readable line");
        require(read.error().message() == twice.error().message(), "the same complaint");
        return 0;
    }
    for (const std::string& warning : read.value().warnings()) {
        require(is_one_readable_line(warning), "a readable warning");
    }
    const auto servers = read.value().servers();
    require(!servers.empty(), "a list has servers");
    std::string again;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        check_server(servers[i]);
        require(servers[i] == twice.value().servers()[i], "the same server");
        // Behind a blank: a # in the first column would make it a comment.
        again += ' ' + servers[i].text + '\t' + std::to_string(servers[i].weight) + '\n';
    }
    const auto back = server_list::parse_ketama_file(again, "f");
    require(back.has_value(), "what was read can be written and read");
    require(back.value().servers().size() == servers.size(), "as many servers");
    for (std::size_t i = 0; i < servers.size(); ++i) {
        require(back.value().servers()[i] == servers[i], "the same server, reread");
    }
    for (const std::string& warning : back.value().warnings()) {
        require(warning.find("drops the last byte") == std::string::npos, "a newline follows");
    }
    return 0;
}
