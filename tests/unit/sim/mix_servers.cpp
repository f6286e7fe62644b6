// What servers and the client tell of a mix_world, and which servers there are.

#include <algorithm>
#include <utility>

#include "mix_world.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;

namespace kmc::testing {

using kmc::sim::model_store;

// --- witnesses ----------------------------------------------------------------------------------

void mix_world::on_event(void* self, const event& news) noexcept {
    mix_world& world = *static_cast<mix_world*>(self);
    if (!world.is_listening_) return;
    if (news.kind == event_kind::server_dead) world.log_.died(news.server_number);
}

void mix_world::witness(std::size_t server, model_store::done what, const std::string& key,
                        const model_store::answer& a, std::uint64_t now) {
    using kmc::sim::deed;
    using kmc::sim::ending;
    using enum model_store::done;
    const bool is_ok = a.status == kmc::sim::answered::ok;
    const auto version = [&]() -> std::uint64_t {
        const std::int64_t found = version_of(key, a.found->value);
        return found < 0 ? kmc::sim::history::nobodys : static_cast<std::uint64_t>(found);
    };
    const ending how = is_ok ? ending::done : ending::absent;
    if (is_ok && what != remove && what != count) check_life(key, server, *a.found, now);
    switch (what) {
        case get:
            return log_.executed(deed::read, key, server, how, is_ok ? version() : 0);
        case store:
            if (is_ok) return log_.executed(deed::store, key, server, how, version());
            return log_.executed(deed::store, key, server, ending::present, 0);
        case touch:
            return log_.executed(deed::ask, key, server, how, 0);
        case remove:
            return log_.executed(deed::erase, key, server, how, 0);
        case count:
            return log_.executed(deed::count, key, server, how, 0);
        case join:
            return note_unrest("a command that nobody gave");
    }
}

// What a stand-in is given has an end.
void mix_world::check_life(const std::string& key, std::size_t server,
                           const model_store::item& item, std::uint64_t now) {
    const health_options& rules = options_.health;
    if (rules.on_dead != on_dead::next_server || list_changed_) return;
    if (server == server_of(key)) return;
    const duration life = rules.stand_in_ttl != duration::zero()
                              ? rules.stand_in_ttl
                              : std::min<duration>(rules.dead_timeout, 60s);
    const auto most =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(life).count());
    if (item.expires != 0 && item.expires <= now + most) return;
    note_unrest("an item on a stand-in that lives too long: " + key);
}

// --- lists --------------------------------------------------------------------------------------

std::vector<server> mix_world::full_list() const {
    std::vector<server> all;
    for (std::size_t i = 0; i < cluster_.size(); ++i) all.push_back(cluster_.mc().server_at(i));
    return all;
}

void mix_world::change_list() {
    std::vector<server> list = full_list();
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random_.below(i)]);
    list.resize(1 + random_.below(list.size()));
    for (server& s : list) s.weight = 1 + static_cast<std::uint32_t>(random_.below(4));
    use_list(std::move(list));
}

void mix_world::use_list(std::vector<server> list) {
    list_changed_ = true;
    const auto changed = cluster_.mc().set_servers(server_list::of(std::move(list)).value());
    if (!changed) return note_unrest("a list was refused: " + changed.error().message());
    const auto note = [this](const std::string& key) { log_.moved(key, server_of(key)); };
    for (std::uint64_t i = 0; i < shared_keys; ++i) note("shared:" + std::to_string(i));
    for (std::uint64_t i = 0; i < pinned_keys; ++i) note("pinned:" + std::to_string(i));
    for (std::uint64_t i = 0; i < counters; ++i) note("count:" + std::to_string(i));
    for (const std::string& key : own_keys_) note(key);
}

}  // namespace kmc::testing
