// Work that must not happen in the test's own process: it takes resources away from the process,
// or cuts it off from the network. Catch's checks belong to the parent, so the work returns a text:
// what went wrong.

#pragma once

#include <functional>
#include <optional>
#include <sstream>
#include <string>

namespace kmc::testing {

/// What went wrong, a line each.
class complaints {
public:
    void unless(bool holds, const std::string& what) {
        if (!holds) text_ << what << '\n';
    }
    [[nodiscard]] std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
};

/// What `work` returned in a child process, or the words of its exception. A child that dies or
/// is not done after two minutes throws std::runtime_error.
[[nodiscard]] std::string in_own_process(const std::function<std::string()>& work);

/// The same where there is no network but a loopback, and no route: no packet can leave. Nodes
/// that `work` starts are in there with it. Nothing, and a line that says so, where the system does
/// not allow it.
[[nodiscard]] std::optional<std::string> in_own_network(const std::function<std::string()>& work);

/// Runs a shell command; throws when it fails. For `ip` and `nft` inside a network of one's own.
void must_run(const std::string& command);

/// Whether there is such a program; says so when there is none.
[[nodiscard]] bool has_program(const std::string& name);

}  // namespace kmc::testing
