// One line of server text. It is refused in one readable line, or read; what was read and is
// written down again, or made by hand, is the same list.

#include <kmc/server_list.hpp>

#include "fuzzing.hpp"

namespace {

using kmc::server;
using kmc::server_list;
using kmc::fuzzing::is_one_readable_line;
using kmc::fuzzing::require;

void check_server(const server& s) {
    require(!s.text.empty() && !s.host.empty() && s.name.empty(), "text and host, and no name");
    require(s.text.starts_with(s.host), "the text begins with the host");
    require(s.host.size() <= 255, "the host can be looked up");
    if (s.kind == server::transport::unix_socket) {
        require(s.port == 0 && s.host.front() == '/' && s.host.size() <= 107, "a path");
        require(s.text == s.host, "a path is its own text");
    } else {
        require(s.port != 0 && s.host.front() != '/', "a host and a port");
    }
    for (const char c : s.text) require(c != ',' && c != '\0' && c != '\n', "one entry, one line");
}

// The entry with everything said that may be left out.
std::string written(const server& s) {
    std::string text = s.text;
    if (s.kind == server::transport::tcp && s.text == s.host) text += ':' + std::to_string(s.port);
    return text + ':' + std::to_string(s.weight);
}

bool is_same_place(const server& a, const server& b) {
    return a.host == b.host && a.port == b.port && a.weight == b.weight && a.kind == b.kind;
}

// Its text alone is the same place with weight 1, unless the end of a path looks like a weight.
void check_text_alone(server s) {
    const bool is_path = s.kind == server::transport::unix_socket;
    if (is_path && s.text.find(':', s.text.rfind('/')) != std::string::npos) return;
    const auto alone = server_list::parse(s.text);
    require(alone.has_value() && alone.value().servers().size() == 1, "the text is an entry");
    s.weight = 1;
    require(alone.value().servers()[0] == s, "the text is the whole address");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kmc::fuzzing::input in(data, size);
    const std::string text = in.rest();
    const auto read = server_list::parse(text);
    const auto twice = server_list::parse(text);
    require(read.has_value() == twice.has_value(), "the same text is read the same way");
    if (!read) {
        require(is_one_readable_line(read.error().message()), "one readable line");
        require(read.error().message() == twice.error().message(), "the same complaint");
        return 0;
    }
    const auto servers = read.value().servers();
    require(!servers.empty() && read.value().warnings().empty(), "servers and no warning");
    std::string again;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        check_server(servers[i]);
        check_text_alone(servers[i]);
        require(servers[i] == twice.value().servers()[i], "the same server");
        again += (again.empty() ? "" : ", ") + written(servers[i]);
    }
    const auto back = server_list::parse(again);
    require(back.has_value(), "what was read can be written and read");
    const auto by_hand = server_list::of({servers.begin(), servers.end()});
    require(by_hand.has_value(), "what was read can be made by hand");
    require(back.value().servers().size() == servers.size(), "as many servers");
    for (std::size_t i = 0; i < servers.size(); ++i) {
        require(is_same_place(back.value().servers()[i], servers[i]), "the same place, reread");
        require(by_hand.value().servers()[i] == servers[i], "the same server, by hand");
    }
    return 0;
}
