// Server lists in the two forms operators write them: one line of text, and libketama's file.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/result.hpp>

namespace kmc {

/// One memcached server: where to connect, and the text that rings hash.
struct server {
    enum class transport : std::uint8_t { tcp, unix_socket };

    std::string text;  ///< The address as it was given, without the weight. Never resolved.
    std::string host;  ///< Host name or address as given (`[::1]` keeps its brackets); or the path.
    /// 11211 when none was given. Of a Unix socket 0, as libmemcached has it and hashes it; a
    /// client that adds a path as if it were a host (php-memcached's addServer) has 11211 there,
    /// which makes another ring.
    std::uint16_t port = 0;
    std::uint32_t weight = 1;
    transport kind = transport::tcp;
    /// What twemproxy, spymemcached, rendezvous and jump know the server by, where that is not its
    /// address: a server of twemproxy that has a name, `name/1.2.3.4:11211` of spymemcached. Empty:
    /// by its address. The other rings have no such thing.
    std::string name{};

    friend bool operator==(const server&, const server&) = default;
};

/// An ordered list of servers. The order matters: it breaks ties on the ring.
class server_list {
public:
    /// Reads `host[:port[:weight]]`, `[v6][:port[:weight]]` and `/unix/path[:weight]`, separated
    /// by commas, each with blanks around it ignored; a blank instead of the second colon
    /// (`host:port weight`) is read as libmemcached does. The default port is 11211, the default
    /// weight 1.
    /// @return  the list; or an error that names the entry, its place, and what was wrong. An
    ///          empty text is an error.
    [[nodiscard]] static config_result<server_list> parse(std::string_view text);

    /// Reads the text of a libketama file: `address<TAB>weight` a line, `#` comments. Follows
    /// libketama to the byte, so that a running fleet keeps its ring; where libketama would read
    /// something else than what stands there (it drops the last byte of each weight, which is the
    /// newline unless something is missing), warnings() says so.
    /// @param name  used in messages only.
    [[nodiscard]] static config_result<server_list> parse_ketama_file(std::string_view content,
                                                                      std::string_view name);

    /// Reads such a file from disk.
    [[nodiscard]] static config_result<server_list> load_ketama_file(const std::string& path);

    /// A list made by hand. Fills in what is missing: port 11211 for tcp, the text from host and
    /// port. Fails when it is empty, or when a server has no host or one that cannot be connected
    /// to: blanks, a path without its slash or of more than 107 bytes.
    [[nodiscard]] static config_result<server_list> of(std::vector<server> servers);

    [[nodiscard]] std::span<const server> servers() const noexcept { return servers_; }
    [[nodiscard]] std::span<const std::string> warnings() const noexcept { return warnings_; }

private:
    explicit server_list(std::vector<server> servers) : servers_(std::move(servers)) {}

    std::vector<server> servers_;
    std::vector<std::string> warnings_;
};

}  // namespace kmc
