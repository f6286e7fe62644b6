// The built `kmc chaos` before a node: trouble by rules, changed while it runs. Answers come before
// a call here returns, so that nothing has to wait for a rule to be in force.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes.hpp"

namespace kmc::testing {

class chaos_proxy {
public:
    /// Throws std::runtime_error, with the proxy's own words, when it does not start.
    /// @param seed  of what the rules draw.
    explicit chaos_proxy(const std::string& target, const std::vector<std::string>& rules = {},
                         std::uint64_t seed = 1);
    ~chaos_proxy();
    chaos_proxy(const chaos_proxy&) = delete;
    chaos_proxy& operator=(const chaos_proxy&) = delete;

    /// How a server list names it.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// The answer to any command; throws when it is an objection.
    std::string ask(std::string_view command);

    void add(std::string_view rule) { ask("add " + std::string(rule)); }
    /// Forgets all rules, and lets go on what they hold back.
    void clear() { ask("clear"); }
    void cut() { ask("cut"); }
    void reset() { ask("reset"); }

    /// A number of `stats`, such as "connections", "reply_bytes_in", "rule_1".
    [[nodiscard]] std::uint64_t count(std::string_view name);
    /// The hits of all rules in force.
    [[nodiscard]] std::uint64_t hits();

private:
    [[nodiscard]] std::string read_line();

    scratch_folder folder_;  // of the log
    descriptor input_;
    descriptor output_;
    std::string unread_;
    std::string text_;
    pid_t pid_ = -1;
};

}  // namespace kmc::testing
