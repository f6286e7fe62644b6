#include "routing/router.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace kmc::detail {

router::router(std::shared_ptr<const topology> home, std::vector<std::uint8_t> is_out,
               on_dead policy, std::shared_ptr<const topology> present)
    : home_(std::move(home)),
      present_(std::move(present)),
      is_out_(std::move(is_out)),
      policy_(policy) {
    KMC_ASSERT(is_out_.empty() || is_out_.size() == home_->servers().size());
}

destination router::of(std::string_view hashed) const {
    const topology::place p = home_->place_of(hashed);
    if (!is_out_.empty()) return redirect(p.server, p.hash, hashed);
    return {.server = home_->number_of(p.server), .hash = p.hash};
}

void router::many(std::span<const std::string_view> hashed, std::span<std::uint32_t> hashes,
                  std::span<server_number> servers, std::span<fate> fates) const {
    home_->locate(hashed, hashes, servers);  // places are numbers until a list changes
    std::fill(fates.begin(), fates.end(), fate::own);
    if (!is_out_.empty()) {
        for (std::size_t i = 0; i < hashed.size(); ++i) {
            const destination to = redirect(servers[i], hashes[i], hashed[i]);
            servers[i] = to.server;
            fates[i] = to.how;
        }
    } else if (!home_->numbers().empty()) {
        for (server_number& s : servers) s = home_->number_of(s);
    }
}

destination router::redirect(server_index place, std::uint32_t hash,
                             std::string_view hashed) const {
    destination own{.server = home_->number_of(place), .hash = hash};
    if (present_ != nullptr) {
        // Keys of healthy servers move as well.
        const server_index now = present_->place_of(hashed).server;
        if (is_out_[now] == 0) {
            return {.server = home_->number_of(now),
                    .hash = hash,
                    .how = now == place ? fate::own : fate::stand_in};
        }
    }
    if (is_out_[place] == 0) return own;
    own.how = fate::dead;
    if (policy_ != on_dead::next_server) return own;
    const auto other = home_->stand_in(hash, hashed, is_out_);
    if (!other) return own;
    return {.server = home_->number_of(*other), .hash = hash, .how = fate::stand_in};
}

}  // namespace kmc::detail
