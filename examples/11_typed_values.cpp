// Numbers, text and types of your own in the cache, and values that other clients wrote.
//
//     11_typed_values 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include <kmc/kmc.hpp>

// [codec]
struct player {
    std::string name;
    int points = 0;
};

// "42 Ahmed". Whatever was stored under the key may come back: decode() believes nothing.
template <>
struct kmc::codec<player> {
    static void encode(const player& p, kmc::encoding& out) {
        out.adopt(std::to_string(p.points) + " " + p.name, kmc::value_kind::text);
    }
    static kmc::result<player> decode(const kmc::content& in) {
        player p;
        const char* const end = in.bytes.data() + in.bytes.size();
        const auto [rest, failed] = std::from_chars(in.bytes.data(), end, p.points);
        if (failed != std::errc() || rest == end || *rest != ' ') return in.bad();
        p.name.assign(rest + 1, end);
        return p;
    }
};
// [codec]

kmc::task<bool> built_in(const kmc::client& mc) {
    // [built_in]
    const auto stored = co_await mc.set<int>("answer", 42);
    const auto number = co_await mc.get<int>("answer");
    const auto text = co_await mc.get<std::string>("answer");
    // [built_in]
    if (!stored || !number || !number.value() || !text || !text.value()) co_return false;
    std::cout << "a number: " << *number.value() << ", as text: " << *text.value() << '\n';
    co_return number.value() == 42 && text.value() == "42";
}

kmc::task<bool> own_type(const kmc::client& mc) {
    // [own]
    const player ahmed{"Ahmed", 41};
    const auto stored = co_await mc.set<player>("player:1", ahmed);

    // versioned<T> brings the token along, for a cas.
    auto found = co_await mc.get<kmc::versioned<player>>("player:1");
    if (!stored || !found || !found.value()) co_return false;
    player& now = found.value()->value;
    now.points += 1;
    const auto swapped = co_await mc.cas<player>("player:1", now, found.value()->token);
    // [own]
    if (!swapped || swapped.value() != kmc::store_outcome::stored) co_return false;
    std::cout << now.name << " has " << now.points << " points\n";

    const auto broken = co_await mc.set("player:2", "no player");
    const auto refused = co_await mc.get<player>("player:2");
    if (!broken || refused) co_return false;
    std::cout << "not a player: " << mc.describe(refused.error()) << '\n';
    co_return refused.error() == kmc::errc::bad_value;
}

// As if Python programs with pylibmc had written these.
kmc::task<bool> of_python(const kmc::client& python) {
    constexpr std::uint32_t integer = 1U << 1;
    constexpr std::uint32_t pickled = 1U << 0;
    const auto first = co_await python.set("py:number", "7", {.flags = integer});
    const auto second = co_await python.set("py:object", "...", {.flags = pickled});
    if (!first || !second) co_return false;

    // [foreign]
    const auto number = co_await python.get<int>("py:number");
    const auto object = co_await python.get<std::string>("py:object");
    if (number && number.value()) std::cout << "from Python: " << *number.value() << '\n';
    if (!object) std::cout << "from Python: " << python.describe(object.error()) << '\n';
    // [foreign]
    co_return number&& number.value() == 7 && !object && object.error() == kmc::errc::foreign_value;
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    kmc::runtime rt;
    const auto mc = kmc::client::open(rt, servers);
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    const bool built_in_is_right = rt.block_on(built_in(mc.value()));
    const bool own_is_right = rt.block_on(own_type(mc.value()));

    // [dialect]
    kmc::client_options options;
    options.values.dialect = kmc::flag_dialect::pylibmc;
    const auto python = kmc::client::open(rt, servers, options);
    // [dialect]
    if (!python) {
        std::cerr << python.error().message() << '\n';
        return 2;
    }
    const bool python_is_right = rt.block_on(of_python(python.value()));
    return built_in_is_right && own_is_right && python_is_right ? 0 : 1;
}
