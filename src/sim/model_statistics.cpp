#include "sim/model_statistics.hpp"

namespace kmc::sim {

std::optional<model_statistics> statistics_of(const model_store& store, std::string_view group,
                                              std::uint64_t now) {
    const model_options& o = store.options();
    const std::string items = std::to_string(store.size());
    const bool is_empty = store.size() == 0;
    if (group.empty()) {
        return model_statistics{{{"pid", "1"},
                                 {"time", std::to_string(now)},
                                 {"version", o.version},
                                 {"curr_items", items}}};
    }
    if (group.starts_with("reset") || group.starts_with("detail on") ||
        group.starts_with("detail off")) {
        return model_statistics{};
    }
    if (group.starts_with("detail dump")) return model_statistics{{{"detailed", "END\r\n"}}};
    if (group.starts_with("settings")) {
        return model_statistics{{{"item_size_max", std::to_string(o.item_size_max)},
                                 {"cas_enabled", o.cas ? "yes" : "no"},
                                 {"flush_enabled", o.flush_enabled ? "yes" : "no"}}};
    }
    if (group == "items") {
        model_statistics found;
        if (!is_empty) found.parts.emplace_back("items:1:number", items);
        return found;
    }
    if (group == "slabs") {
        return model_statistics{
            {{"active_slabs", is_empty ? "0" : "1"}, {"total_malloced", "1048576"}}};
    }
    if (group == "sizes") return model_statistics{{{"sizes_status", "disabled"}}};
    if (group == "sizes_disable") return model_statistics{{{"sizes_status", "disabled"}}, false};
    if (group == "sizes_enable") {
        if (o.cas) return model_statistics{{{"sizes_status", "enabled"}}, false};
        return model_statistics{
            {{"sizes_status", "error"}, {"sizes_error", "cas_support_disabled"}}, false};
    }
    return std::nullopt;
}

}  // namespace kmc::sim
