// The smallest program: stores two values in a cluster, reads them back, and shows which server
// holds each.
//
//     01_hello_cluster 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <array>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <kmc/kmc.hpp>

constexpr std::array<std::string_view, 2> keys = {"ahmed", "tek"};

// [hello]
// A coroutine: every co_await gives the thread back until the server has answered.
kmc::task<bool> hello(const kmc::client& mc) {
    for (const std::string_view key : keys) {
        const auto stored = co_await mc.set(key, "Hello World");
        if (!stored) {
            std::cerr << "cannot store " << key << ": " << mc.describe(stored.error()) << '\n';
            co_return false;
        }

        // Three outcomes: an error (no answer), an empty optional (no such key), a value.
        const auto found = co_await mc.get(key);
        if (!found) {
            std::cerr << "cannot read " << key << ": " << mc.describe(found.error()) << '\n';
            co_return false;
        }
        if (!found.value()) {
            std::cerr << key << " is gone: a cache may forget\n";
            co_return false;
        }
        std::cout << key << " = " << found.value()->bytes() << ", on "
                  << mc.server_at(mc.locate(key)).text << '\n';
    }
    co_return true;
}
// [hello]

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    // [open]
    kmc::runtime rt;                                 // one thread that talks to the kernel
    const auto mc = kmc::client::open(rt, servers);  // connects when the first call needs it
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    return rt.block_on(hello(mc.value())) ? 0 : 1;
    // [open]
}
