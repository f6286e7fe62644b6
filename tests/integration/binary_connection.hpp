// A bare connection to a real server: bytes out, bytes in, and nothing of kmc's own in between.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "nodes.hpp"

namespace kmc::testing {

class binary_connection {
public:
    explicit binary_connection(const std::string& node);

    /// Sends everything and hands over what comes, as it comes, until all is sent and `take` says
    /// that it was enough. Throws when the server hangs up or says nothing for ten seconds.
    void talk(std::string_view bytes, const std::function<bool(std::string_view)>& take);

    /// What the server answers to whole requests. A noop behind them tells when that is all; its
    /// own answer is left out.
    [[nodiscard]] std::string ask(std::string_view requests);

private:
    descriptor socket_;
};

}  // namespace kmc::testing
