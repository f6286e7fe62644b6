#include "output.hpp"

#include <openssl/evp.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

namespace kmc::cli {
namespace {

constexpr std::size_t longest_shown = 60;

std::string base64(std::string_view bytes) {
    const std::vector<unsigned char> in(bytes.begin(), bytes.end());
    std::vector<unsigned char> out((bytes.size() + 2) / 3 * 4 + 1);
    const int length = EVP_EncodeBlock(out.data(), in.data(), static_cast<int>(in.size()));
    return std::string(out.begin(), out.begin() + length);
}

bool is_utf8(std::string_view bytes) {
    try {
        (void)json(bytes).dump();
        return true;
    } catch (const json::type_error&) {
        return false;
    }
}

std::string_view name_of(stage at) {
    switch (at) {
        case stage::not_sent:
            return "not_sent";
        case stage::sent:
            return "sent";
        case stage::answered:
            return "answered";
    }
    return "unknown";
}

}  // namespace

std::string_view name_of(errc code) {
    switch (code) {
        case errc::timed_out:
            return "timed_out";
        case errc::cancelled:
            return "cancelled";
        case errc::server_dead:
            return "server_dead";
        case errc::connect_failed:
            return "connect_failed";
        case errc::connection_lost:
            return "connection_lost";
        case errc::protocol_error:
            return "protocol_error";
        case errc::not_binary:
            return "not_binary";
        case errc::server_busy:
            return "server_busy";
        case errc::overloaded:
            return "overloaded";
        case errc::bad_key:
            return "bad_key";
        case errc::too_large:
            return "too_large";
        case errc::not_a_number:
            return "not_a_number";
        case errc::no_cas:
            return "no_cas";
        case errc::foreign_value:
            return "foreign_value";
        case errc::bad_value:
            return "bad_value";
        case errc::server_error:
            return "server_error";
        case errc::auth_failed:
            return "auth_failed";
        case errc::client_closed:
            return "client_closed";
        case errc::wrong_thread:
            return "wrong_thread";
        case errc::bad_config:
            return "bad_config";
    }
    return "unknown";
}

void complain(std::string_view sentence) {
    // In one write, so that lines of several processes do not mix.
    const std::string line = "kmc: " + std::string(sentence) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string shown(std::string_view key) {
    const bool is_long = key.size() > longest_shown;
    const json text(key.substr(0, longest_shown));
    // ASCII only: a terminal obeys escape sequences that a key may contain.
    return text.dump(-1, ' ', true, json::error_handler_t::replace) + (is_long ? "..." : "");
}

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return clean;
}

void put_bytes(json& object, const std::string& name, std::string_view bytes) {
    if (is_utf8(bytes)) {
        object[name] = bytes;
    } else {
        object[name + "_base64"] = base64(bytes);
    }
}

void put_number(json& object, const std::string& name, std::uint64_t number) {
    object[name] = std::to_string(number);
}

void put_error(json& object, const error& why, std::string_view sentence) {
    json& e = object["error"];
    e["code"] = name_of(why.code);
    e["stage"] = name_of(why.at);
    e["maybe_executed"] = why.maybe_executed();
    if (why.status != 0) e["server_status"] = why.status;
    e["message"] = sentence;
}

void print(std::string_view bytes) {
    // An empty value may have no address, which fwrite must not be given.
    if (!bytes.empty()) std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

void print_document(const json& document) {
    // Values went through put_bytes; what else a server may send, such as names, is shown as far as
    // it is text.
    print(document.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

bool write_file(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) complain("cannot write " + shown(path));
    return static_cast<bool>(file);
}

bool flush_output() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
    complain(std::string("cannot write to standard output: ") + std::strerror(errno));
    return false;
}

}  // namespace kmc::cli
