// Where the proxy listens and where it connects to: "host:port", "[v6]:port", or the path of a Unix
// socket.

#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>
#include <utility>

#include <kmc/result.hpp>

#include "chaos/session.hpp"

namespace kmc::chaos {

// "LISTEN->TARGET" in its two parts.
[[nodiscard]] config_result<std::pair<std::string, std::string>> parts_of(std::string_view text);

// Asio's endpoint can be made of anything, and a result could not tell it from an error.
struct place {
    stream_endpoint endpoint;
};

// Looks names up, and takes the first address.
[[nodiscard]] config_result<place> place_of(boost::asio::io_context& io, const std::string& text);

// As a server list writes it.
[[nodiscard]] std::string text_of(const stream_endpoint& endpoint);

}  // namespace kmc::chaos
