#include "report.hpp"

#include <string>

namespace kmc::cli {

json& key_report::add(std::string_view key, std::string_view status) {
    json entry;
    put_bytes(entry, "key", key);
    // A key that no server takes has none.
    if (!key.empty() && key.size() <= flags_.key_size_max()) {
        entry["server"] = mc_.server_at(mc_.locate(key, flags_.group)).text;
    }
    entry["status"] = status;
    return entries_.emplace_back(std::move(entry));
}

json& key_report::hit(std::string_view key, std::string_view status) {
    count_.hit();
    return add(key, status);
}

json& key_report::miss(std::string_view key, std::string_view status, std::string_view reason) {
    count_.miss();
    if (!as_json() && !reason.empty()) complain(shown(key) + ": " + std::string(reason));
    return add(key, status);
}

json& key_report::fail(std::string_view key, const error& why, std::string_view sentence) {
    count_.fail(why);
    if (!as_json()) complain(shown(key) + ": " + std::string(sentence));
    json& entry = add(key, "error");
    put_error(entry, why, sentence);
    return entry;
}

exit_code key_report::finish() {
    if (as_json()) {
        print_document({{"keys", std::move(entries_)},
                        {"hits", count_.hits()},
                        {"misses", count_.misses()},
                        {"errors", count_.errors()}});
    }
    return count_.verdict();
}

json& server_report::add(std::size_t server, std::string_view status) {
    return entries_.emplace_back(json{{"server", mc_.server_at(server).text}, {"status", status}});
}

json& server_report::hit(std::size_t server, std::string_view status) {
    count_.hit();
    return add(server, status);
}

json& server_report::miss(std::size_t server, std::string_view reason) {
    count_.miss();
    if (!as_json()) complain(mc_.server_at(server).text + ": " + std::string(reason));
    return add(server, "miss");
}

json& server_report::fail(std::size_t server, const error& why, std::string_view hint) {
    count_.fail(why);
    const std::string sentence = mc_.describe(why) + std::string(hint);
    if (!as_json()) complain(sentence);
    json& entry = add(server, "error");
    put_error(entry, why, sentence);
    return entry;
}

exit_code server_report::finish(const json& more) {
    if (as_json()) {
        json document = {{"servers", std::move(entries_)}};
        document.update(more);
        print_document(document);
    }
    return count_.verdict();
}

}  // namespace kmc::cli
