// Unlike calls at the same time: each is awaited once, all of them in one await.
//
//     09_together 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <cstdlib>
#include <iostream>

#include <kmc/kmc.hpp>

kmc::task<bool> run(const kmc::client& mc) {
    const auto prepared = co_await mc.set("name:7", "Ahmed");
    const auto removed = co_await mc.del("visits:7");
    if (!prepared || !removed) {
        const kmc::error& why = !prepared ? prepared.error() : removed.error();
        std::cerr << mc.describe(why) << '\n';
        co_return false;
    }

    // [together]
    const auto [name, visits, online] = co_await kmc::when_all(
        mc.get("name:7"), mc.incr("visits:7", 1, {.initial = 1}), mc.exists("online:7"));
    if (name && name.value()) std::cout << "name: " << name.value()->bytes() << '\n';
    if (visits && visits.value()) std::cout << "visits: " << *visits.value() << '\n';
    if (online) std::cout << "online: " << (online.value() ? "yes" : "no") << '\n';
    // [together]
    co_return name&& name.value() && visits&& visits.value() == 1U && online && !online.value();
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
    return rt.block_on(run(mc.value())) ? 0 : 1;
}
