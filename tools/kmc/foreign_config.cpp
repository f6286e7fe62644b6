#include "foreign_config.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "output.hpp"

namespace kmc::cli {
namespace {

// Thrown inside this file only, where the shape of a document is not what was expected.
struct wrong_shape : std::exception {
    explicit wrong_shape(std::string why) : sentence(std::move(why)) {}
    [[nodiscard]] const char* what() const noexcept override { return sentence.c_str(); }
    std::string sentence;
};

setting_value value_of(const std::string& name, const json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_string()) return value.get<std::string>();
    const bool is_huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    if (value.is_number_integer() && !is_huge) return value.get<std::int64_t>();
    throw wrong_shape("the value of " + shown(name) + " is no flag, no whole number and no text");
}

std::vector<setting> entries_of(const json& object, std::string_view what) {
    if (!object.is_object()) throw wrong_shape(std::string(what) + " is not a JSON object");
    std::vector<setting> out;
    for (const auto& [name, value] : object.items()) out.push_back({name, value_of(name, value)});
    return out;
}

const json& array(const json& value, std::string_view what) {
    if (!value.is_array()) throw wrong_shape(std::string(what) + " is not a JSON array");
    return value;
}

std::string text(const json& value, std::string_view what) {
    if (!value.is_string()) throw wrong_shape(std::string(what) + " is not a JSON text");
    return value.get<std::string>();
}

std::int64_t whole(const json& value, std::string_view what) {
    if (!value.is_number_integer()) throw wrong_shape(std::string(what) + " is not a whole number");
    return value.get<std::int64_t>();
}

std::vector<std::string> split_list(const std::string& list) {
    std::vector<std::string> out;
    for (std::size_t start = 0; start <= list.size();) {
        const std::size_t comma = std::min(list.find(',', start), list.size());
        std::string entry = list.substr(start, comma - start);
        entry.erase(0, entry.find_first_not_of(' '));
        entry.erase(entry.find_last_not_of(' ') + 1);
        out.push_back(std::move(entry));
        start = comma + 1;
    }
    return out;
}

// Either the dict of behaviors, or an object with "servers", "behaviors" and "behaviors_after", a
// list of dicts that were set later.
config_result<translation> translate_pylibmc(const json& document, const foreign_config& from) {
    pylibmc_client client;
    const bool is_whole = document.is_object() && document.contains("behaviors");
    client.behaviors = entries_of(is_whole ? document["behaviors"] : document, "behaviors");
    if (is_whole) {
        for (const auto& [name, value] : document.items()) {
            if (name == "behaviors_after") {
                for (const json& update : array(value, name)) {
                    client.updates.push_back(entries_of(update, name));
                }
            } else if (name == "servers") {
                for (const json& each : array(value, name)) {
                    client.servers.push_back(text(each, "a server"));
                }
            } else if (name != "behaviors") {
                throw wrong_shape("there is no " + shown(name) +
                                  " (known: servers behaviors behaviors_after)");
            }
        }
    }
    if (from.servers && !client.servers.empty()) {
        throw wrong_shape("the servers are in the file already; leave out --servers");
    }
    if (from.servers) client.servers = split_list(*from.servers);
    return from_pylibmc(client);
}

using method = php_memcached_call::method;

// [host, port] or [host, port, weight].
php_server php_server_of(const json& entry) {
    const json& fields = array(entry, "a server");
    if (fields.size() < 2 || fields.size() > 3) {
        throw wrong_shape("a server is [host, port] or [host, port, weight]");
    }
    php_server s{text(fields[0], "a host"), whole(fields[1], "a port")};
    if (fields.size() == 3) s.weight = whole(fields[2], "a weight");
    return s;
}

php_memcached_call all_servers(const json& list) {
    php_memcached_call call{method::add_servers};
    for (const json& each : array(list, "the list of servers")) {
        call.servers.push_back(php_server_of(each));
    }
    return call;
}

// ["opt", NAME, VALUE], ["addServer", host, port, weight] or ["addServers", [...]].
php_memcached_call php_call_of(const json& entry) {
    const json& fields = array(entry, "a call");
    const std::string verb = fields.empty() ? "" : text(fields[0], "the name of a call");
    if (verb == "opt" && fields.size() == 3) {
        const std::string name = text(fields[1], "an option");
        return {method::set_option, {name, value_of(name, fields[2])}};
    }
    if (verb == "addServer" && (fields.size() == 3 || fields.size() == 4)) {
        json server = json::array();
        for (std::size_t i = 1; i < fields.size(); ++i) server.push_back(fields[i]);
        return {method::add_server, {}, {php_server_of(server)}};
    }
    if (verb == "addServers" && fields.size() == 2) return all_servers(fields[1]);
    throw wrong_shape(
        "a call is [\"opt\", NAME, VALUE], [\"addServer\", host, port, weight] or "
        "[\"addServers\", [[host, port, weight], ...]]");
}

// Written as everywhere in kmc; the host without brackets, as PHP programs have it.
config_result<php_memcached_call> listed_servers(const std::string& list) {
    const auto parsed = server_list::parse(list);
    if (!parsed) return parsed.error();
    php_memcached_call call{method::add_servers};
    for (const server& s : parsed.value().servers()) {
        const bool is_bracketed = s.host.starts_with('[') && s.host.ends_with(']');
        call.servers.push_back({is_bracketed ? s.host.substr(1, s.host.size() - 2) : s.host, s.port,
                                static_cast<std::int64_t>(s.weight)});
    }
    return call;
}

// An array of calls, or an object of options, which may have "servers" in it: added last.
config_result<translation> translate_php(const json& document, const foreign_config& from) {
    std::vector<php_memcached_call> calls;
    if (document.is_array()) {
        for (const json& each : document) calls.push_back(php_call_of(each));
    } else {
        if (!document.is_object()) {
            throw wrong_shape("neither an object of options nor an array of calls");
        }
        for (const auto& [name, value] : document.items()) {
            if (name == "servers") continue;
            calls.push_back({method::set_option, {name, value_of(name, value)}});
        }
        if (document.contains("servers")) calls.push_back(all_servers(document["servers"]));
    }
    if (from.servers) {
        for (const auto& call : calls) {
            if (call.what == method::set_option) continue;
            throw wrong_shape("the servers are in the file already; leave out --servers");
        }
        auto listed = listed_servers(*from.servers);
        if (!listed) return listed.error();
        calls.push_back(std::move(listed.value()));
    }
    return from_php_memcached(calls);
}

std::string scalar(const YAML::Node& node, const std::string& what) {
    if (!node.IsScalar()) throw wrong_shape(what + " is not a single value");
    // No flag and no string literal could say it.
    if (node.Scalar().find('\0') != std::string::npos) throw wrong_shape(what + " has a zero byte");
    return node.Scalar();
}

// Names that a file has, for people to choose from.
class choice {
public:
    void add(const std::string& name) {
        ++count_;
        if (text_.size() > enough_) return;
        constexpr std::string_view plain =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
        const bool is_plain = name.size() <= 60 && name.find_first_not_of(plain) == name.npos;
        text_ += " " + (is_plain ? name : shown(name));
        ++named_;
    }
    // With a blank in front: " alpha beta".
    [[nodiscard]] std::string text() const {
        if (count_ == 0) return " none";
        return count_ > named_ ? text_ + " and others" : text_;
    }

private:
    static constexpr std::size_t enough_ = 150;  // bytes; an escaped name may have 360 more
    std::size_t count_ = 0;
    std::size_t named_ = 0;
    std::string text_;
};

// The pool of that name; without a name, the only one.
YAML::Node pool_in(const YAML::Node& document, const std::optional<std::string>& wanted) {
    if (!document.IsMap()) throw wrong_shape("not a YAML map of pools");
    choice names;
    YAML::Node found;
    for (const auto& pool : document) {
        const std::string name = scalar(pool.first, "the name of a pool");
        names.add(name);
        if (!wanted || *wanted == name) found.reset(pool.second);
    }
    if (wanted && !found.IsMap()) {
        throw wrong_shape("there is no pool " + shown(*wanted) + " (known:" + names.text() + ")");
    }
    if (document.size() != 1 && !wanted) {
        throw wrong_shape("there is not one pool but" + names.text() + "; name one with --pool");
    }
    if (!found.IsMap()) throw wrong_shape("the pool is not a YAML map");
    return found;
}

config_result<translation> translate_twemproxy(const foreign_config& from) {
    const YAML::Node document = YAML::Load(from.content);
    twemproxy_pool pool;
    for (const auto& entry : pool_in(document, from.pool)) {
        const std::string name = scalar(entry.first, "the name of a setting");
        if (name != "servers") {
            pool.settings.push_back({name, scalar(entry.second, shown(name))});
            continue;
        }
        if (!entry.second.IsSequence()) throw wrong_shape("\"servers\" is not a YAML list");
        for (const auto& each : entry.second) pool.servers.push_back(scalar(each, "a server"));
    }
    return from_twemproxy(pool);
}

config_result<translation> dispatch(const foreign_config& from) {
    const bool is_json = from.dialect == "pylibmc" || from.dialect == "php-memcached";
    if (from.servers && !is_json) throw wrong_shape("it has its servers; leave out --servers");
    if (from.pool && from.dialect != "twemproxy") throw wrong_shape("only twemproxy has pools");
    if (from.dialect == "libmemcached") return from_libmemcached(from.content);
    if (from.dialect == "twemproxy") return translate_twemproxy(from);
    if (from.dialect == "libketama") return from_libketama(from.content, from.file);
    const json document = json::parse(from.content);
    return from.dialect == "pylibmc" ? translate_pylibmc(document, from)
                                     : translate_php(document, from);
}

// What a parser says of a file, without its own name and without what it quotes, which may be any
// bytes and as long as the file.
std::string sentence_of(std::string_view said) {
    constexpr std::size_t longest = 200;
    if (said.starts_with('[')) said.remove_prefix(std::min(said.find("] ") + 2, said.size()));
    said = said.substr(0, std::min(said.find("; last read"), longest));
    std::string sentence(said);
    std::replace_if(
        sentence.begin(), sentence.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return sentence;
}

}  // namespace

config_result<translation> translate(const foreign_config& from) {
    std::string why;
    try {
        auto made = dispatch(from);
        if (made) return made;
        why = made.error().message();
        // The parser of that file names it itself.
        if (from.dialect == "libketama") return made;
    } catch (const wrong_shape& wrong) {
        why = wrong.what();
    } catch (const json::exception& wrong) {
        why = sentence_of(wrong.what());
    } catch (const YAML::Exception& wrong) {
        why = sentence_of(wrong.what());
    }
    return config_error(printable(from.file) + ": " + why);
}

}  // namespace kmc::cli
