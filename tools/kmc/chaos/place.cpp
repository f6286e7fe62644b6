#include "chaos/place.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>

#include "chaos/words.hpp"

namespace kmc::chaos {

using boost::asio::ip::tcp;
using local = boost::asio::local::stream_protocol;

config_result<std::pair<std::string, std::string>> parts_of(std::string_view text) {
    const std::size_t arrow = text.find("->");
    if (arrow == text.npos || arrow == 0 || arrow + 2 == text.size()) {
        return config_error(
            "expected LISTEN->TARGET, such as 127.0.0.1:0->127.0.0.1:11211; a "
            "shell wants it in quotes");
    }
    return std::pair(std::string(text.substr(0, arrow)), std::string(text.substr(arrow + 2)));
}

config_result<place> place_of(boost::asio::io_context& io, const std::string& text) {
    const std::string shown = "\"" + text + "\": ";
    if (text.starts_with('/')) {
        if (text.size() >= sizeof(sockaddr_un::sun_path)) {
            return config_error(shown + "too long for the path of a socket");
        }
        return place{local::endpoint(text)};
    }
    const std::size_t colon = text.rfind(':');
    const auto port = number_in(std::string_view(text).substr(colon + 1));
    if (colon == std::string::npos || colon == 0 || !port || *port > 0xffff) {
        return config_error(shown + "expected host:port, [address]:port or the path of a socket");
    }
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code failed;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, std::to_string(*port), failed);
    if (failed || found.empty()) return config_error(shown + failed.message());
    return place{found.begin()->endpoint()};
}

std::string text_of(const stream_endpoint& endpoint) {
    const int family = endpoint.protocol().family();
    if (family == AF_UNIX) {
        sockaddr_un unix_socket{};
        std::memcpy(&unix_socket, endpoint.data(), std::min(endpoint.size(), sizeof unix_socket));
        return unix_socket.sun_path;
    }
    tcp::endpoint internet;
    internet.resize(endpoint.size());
    std::memcpy(internet.data(), endpoint.data(), endpoint.size());
    std::string host = internet.address().to_string();
    if (family == AF_INET6) host = "[" + host + "]";
    return host + ":" + std::to_string(internet.port());
}

}  // namespace kmc::chaos
