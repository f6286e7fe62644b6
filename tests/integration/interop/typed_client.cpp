// kmc's side of the typed interop test: reads commands from standard input and answers each with
// one line. Values travel as the hexadecimal digits of their text form.
//
//   set KEY TYPE HEX     ->  stored | error WORDS
//   get KEY TYPE         ->  value HEX | miss | error WORDS
//
// TYPE: int, unsigned, bool, real, single, text, bytes.

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/kmc.hpp>

namespace {

std::string to_hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

std::string from_hex(std::string_view hex) {
    std::string text;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned byte = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        text += static_cast<char>(byte);
    }
    return text;
}

template <class T>
std::string spelled(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        return value;
    } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
        std::string text;
        for (const std::byte b : value) text += static_cast<char>(b);
        return text;
    } else if constexpr (std::is_same_v<T, bool>) {
        return value ? "true" : "false";
    } else {
        std::ostringstream text;
        text.precision(17);
        text << value;
        return text.str();
    }
}

template <class T>
T parsed(const std::string& text) {
    if constexpr (std::is_same_v<T, std::string>) {
        return text;
    } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
        std::vector<std::byte> bytes;
        for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
        return bytes;
    } else if constexpr (std::is_same_v<T, bool>) {
        return text == "true";
    } else {
        T number{};
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
    }
}

template <class T>
kmc::task<std::string> set(const kmc::client& mc, std::string key, std::string text) {
    const T value = parsed<T>(text);
    const auto stored = co_await mc.set<T>(key, value);
    if (!stored) co_return "error " + mc.describe(stored.error());
    co_return "stored";
}

template <class T>
kmc::task<std::string> get(const kmc::client& mc, std::string key) {
    const auto found = co_await mc.get<T>(key);
    if (!found) co_return "error " + mc.describe(found.error());
    if (!found.value()) co_return "miss";
    co_return "value " + to_hex(spelled<T>(*found.value()));
}

template <class T>
kmc::task<std::string> answer(const kmc::client& mc, const std::string& verb,
                              const std::string& key, const std::string& hex) {
    return verb == "set" ? set<T>(mc, key, from_hex(hex)) : get<T>(mc, key);
}

std::optional<kmc::task<std::string>> work_for(const kmc::client& mc, const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    std::string key;
    std::string type;
    std::string hex;
    words >> verb >> key >> type >> hex;
    if (verb != "set" && verb != "get") return std::nullopt;
    if (type == "int") return answer<std::int64_t>(mc, verb, key, hex);
    if (type == "unsigned") return answer<std::uint64_t>(mc, verb, key, hex);
    if (type == "bool") return answer<bool>(mc, verb, key, hex);
    if (type == "real") return answer<double>(mc, verb, key, hex);
    if (type == "single") return answer<float>(mc, verb, key, hex);
    if (type == "text") return answer<std::string>(mc, verb, key, hex);
    if (type == "bytes") return answer<std::vector<std::byte>>(mc, verb, key, hex);
    return std::nullopt;
}

kmc::flag_dialect dialect_named(std::string_view name) {
    if (name == "pylibmc") return kmc::flag_dialect::pylibmc;
    if (name == "php_memcached") return kmc::flag_dialect::php_memcached;
    return kmc::flag_dialect::kmc;
}

}  // namespace

// SERVERS [DIALECT]; without a dialect it only tries the engine. "zlib" in the end has it compress.
int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: kmc_typed_client SERVERS [DIALECT [zlib]] < COMMANDS\n";
        return 2;
    }
    auto rt = kmc::runtime::open({.require = true});
    if (!rt) {
        std::cerr << rt.error().message() << '\n';
        return 77;
    }
    kmc::client_options options;
    options.call_timeout = std::chrono::seconds(20);
    if (argc > 2) options.values.dialect = dialect_named(argv[2]);
    if (argc > 3) options.values.compress_from = 100;
    const auto opened = kmc::client::open(rt.value(), argv[1], options);
    if (!opened) {
        std::cerr << opened.error().message() << '\n';
        return 2;
    }
    std::cout << (kmc::has_zlib() ? "with zlib" : "without zlib") << std::endl;

    for (std::string line; std::getline(std::cin, line);) {
        auto work = work_for(opened.value(), line);
        if (!work) return 2;
        std::cout << rt.value().block_on(std::move(*work)) << std::endl;
    }
    return 0;
}
