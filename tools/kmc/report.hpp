// What became of each key or server that a command asked about: told as it becomes known, as lines
// or as entries of one document, and counted for the exit code.

#pragma once

#include <cstddef>
#include <string_view>

#include "cluster.hpp"
#include "exit_code.hpp"
#include "output.hpp"

namespace kmc::cli {

// Keys. A hit says nothing as text: what there is to print is the command's. The entries are
// returned for what else belongs into the document.
class key_report {
public:
    key_report(const client& mc, const cluster_flags& flags) : mc_(mc), flags_(flags) {}

    [[nodiscard]] bool as_json() const noexcept { return flags_.json; }

    json& hit(std::string_view key, std::string_view status);
    // @param reason  for people; empty: nothing to complain about.
    json& miss(std::string_view key, std::string_view status = "miss",
               std::string_view reason = "no such item");
    json& fail(std::string_view key, const error& why) { return fail(key, why, mc_.describe(why)); }
    json& fail(std::string_view key, const error& why, std::string_view sentence);

    // Prints the document, if that is wanted.
    [[nodiscard]] exit_code finish();

private:
    json& add(std::string_view key, std::string_view status);

    const client& mc_;
    const cluster_flags& flags_;
    tally count_;
    json entries_ = json::array();
};

// Servers, the same way.
class server_report {
public:
    server_report(const client& mc, const cluster_flags& flags) : mc_(mc), flags_(flags) {}

    [[nodiscard]] bool as_json() const noexcept { return flags_.json; }

    json& hit(std::size_t server, std::string_view status = "ok");
    json& miss(std::size_t server, std::string_view reason);
    // @param hint  what people should know besides.
    json& fail(std::size_t server, const error& why, std::string_view hint = {});

    // @param more  stands in the document behind the servers.
    [[nodiscard]] exit_code finish(const json& more = json::object());

private:
    json& add(std::size_t server, std::string_view status);

    const client& mc_;
    const cluster_flags& flags_;
    tally count_;
    json entries_ = json::array();
};

}  // namespace kmc::cli
