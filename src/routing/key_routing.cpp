#include "routing/key_routing.hpp"

#include <cstddef>

#include "protocol/key_rules.hpp"

namespace kmc::detail {

config_result<key_routing> key_routing::of(const client_options& options) {
    if (options.prefix.size() >= key_bytes_max) {
        return config_error("client_options: the prefix is " +
                            std::to_string(options.prefix.size()) +
                            " bytes and leaves no room for a key; at most 249");
    }
    if (!options.hash_tag.empty() && options.hash_tag.size() != 2) {
        return config_error("client_options: hash_tag must be two characters, such as \"{}\"");
    }
    key_routing r;
    r.prefix_ = options.prefix;
    r.tag_ = options.hash_tag;
    r.hash_prefix_ = options.hash_prefix;
    return r;
}

std::string_view key_routing::hashed_part(std::string_view wire_key) const noexcept {
    if (!tag_.empty()) {
        const std::string_view key = wire_key.substr(prefix_.size());
        const std::size_t open = key.find(tag_[0]);
        if (open != std::string_view::npos) {
            const std::size_t close = key.find(tag_[1], open + 1);
            if (close != std::string_view::npos && close != open + 1) {
                return key.substr(open + 1, close - open - 1);
            }
        }
    }
    return hash_prefix_ ? wire_key : wire_key.substr(prefix_.size());
}

std::string_view key_routing::hashed_group(std::string_view group, std::string& room) const {
    if (!hash_prefix_ || prefix_.empty()) return group;
    room = prefix_;
    room += group;
    return room;
}

}  // namespace kmc::detail
