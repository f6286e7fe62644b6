// Which part of a key decides its server: the client's prefix, hash tags and group keys.

#pragma once

#include <string>
#include <string_view>

#include <kmc/options.hpp>
#include <kmc/result.hpp>

namespace kmc::detail {

class key_routing {
public:
    // Fails when the prefix leaves no room for a key or the tag is not two characters.
    [[nodiscard]] static config_result<key_routing> of(const client_options& options);

    [[nodiscard]] std::string_view prefix() const noexcept { return prefix_; }

    // True if a key without a group is hashed as it goes on the wire.
    [[nodiscard]] bool hashes_whole_keys() const noexcept {
        return tag_.empty() && (prefix_.empty() || hash_prefix_);
    }

    // True if unlike keys have unlike hashed parts.
    [[nodiscard]] bool tells_keys_apart() const noexcept { return tag_.empty(); }

    // What the ring hashes of a key that goes on the wire like this, prefix included.
    [[nodiscard]] std::string_view hashed_part(std::string_view wire_key) const noexcept;

    // What the ring hashes of a group: the group, behind the prefix if that counts. `room` holds
    // the result if it has to be put together.
    [[nodiscard]] std::string_view hashed_group(std::string_view group, std::string& room) const;

private:
    std::string prefix_;
    std::string tag_;  // empty or two characters
    bool hash_prefix_ = false;
};

}  // namespace kmc::detail
