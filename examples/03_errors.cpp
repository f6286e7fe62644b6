// What can go wrong, and how it looks: a miss is a value, an error says why there is no answer,
// and one dead server costs its own keys and nobody else's.
//
//     03_errors 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/kmc.hpp>

// Nobody listens there, so the connection is refused at once.
constexpr std::string_view dead_server = "127.0.0.1:1";

kmc::task<void> misses_and_refusals(const kmc::client& mc) {
    // [refused]
    // A miss: the server answered, and the answer is that there is no such key.
    const auto missing = co_await mc.get("no such key");
    if (missing && !missing.value()) std::cout << "a miss is a value: nothing there, no error\n";

    // Wrong input is refused before anything is sent.
    const auto bad_key = co_await mc.get("");
    if (!bad_key) std::cout << "an empty key: " << mc.describe(bad_key.error()) << '\n';

    const std::string huge(2 * 1024 * 1024, 'x');
    const auto too_large = co_await mc.set("huge", huge);
    if (!too_large && too_large.error() == kmc::errc::too_large) {
        std::cout << "two megabytes: " << mc.describe(too_large.error()) << '\n';
    }
    // [refused]
}

// The same cluster with a server that is down.
kmc::task<void> a_dead_server(const kmc::client& mc) {
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) names.push_back("key " + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());

    const kmc::many_reply reply = co_await mc.get_many(keys);
    const auto total = reply.summary();
    std::cout << "200 keys: "
              << (total.errors == 200 ? "none"
                  : total.errors == 0 ? "all"
                                      : "some")
              << " answered by the living\n";

    // [dead]
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (reply[i]) continue;
        // The code is for the program, the sentence for the log.
        const kmc::error& why = reply[i].error();
        if (why == kmc::errc::connect_failed) {
            std::cout << "of the dead one's: " << mc.describe(why) << '\n';
        }

        // A store that failed may still have been carried out, if it was on the wire. This one
        // never left, so that even an increment could be repeated.
        const auto stored = co_await mc.set(keys[i], "value");
        if (!stored) {
            std::cout << "may a failed store have happened? "
                      << (stored.error().maybe_executed() ? "perhaps" : "no") << '\n';
        }
        co_return;
    }
    // [dead]
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    kmc::runtime rt;

    // Set-up mistakes come as sentences.
    if (const auto wrong = kmc::client::open(rt, "10.0.0.1:port"); !wrong) {
        std::cout << "a bad list: " << wrong.error().message() << '\n';
    }

    const auto mc = kmc::client::open(rt, servers);
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    rt.block_on(misses_and_refusals(mc.value()));

    const std::string with_dead = std::string(servers) + "," + std::string(dead_server);
    const auto wounded = kmc::client::open(rt, with_dead);
    if (!wounded) {
        std::cerr << wounded.error().message() << '\n';
        return 2;
    }
    rt.block_on(a_dead_server(wounded.value()));
    return 0;
}
