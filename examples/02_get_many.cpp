// Reading many keys at once: one call, every server asked at the same time, one result per key.
//
//     02_get_many 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

kmc::task<bool> store_users(const kmc::client& mc, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::string number = std::to_string(i);
        // The views of a call have to live until its await ends; these do, also the temporaries.
        const auto stored = co_await mc.set("user:" + number, "name of user " + number);
        if (!stored) {
            std::cerr << mc.describe(stored.error()) << '\n';
            co_return false;
        }
    }
    co_return true;
}

kmc::task<bool> read_users(const kmc::client& mc, std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("user:" + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());

    // [reuse]
    // Two rounds into the same reply: the second finds all the memory it needs and allocates
    // nothing. A single batch is just `auto reply = co_await mc.get_many(keys);`.
    kmc::many_reply reply;
    for (int round = 1; round <= 2; ++round) {
        co_await mc.get_many(keys, reply);
        const auto total = reply.summary();
        std::cout << "round " << round << ": " << total.hits << " hits, " << total.misses
                  << " misses, " << total.errors << " errors\n";
    }
    // [reuse]

    // [each]
    // reply[i] belongs to keys[i]. The values are views into the reply and live as long as it.
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::cout << keys[i] << ": ";
        if (!reply[i]) {
            std::cout << mc.describe(reply[i].error()) << '\n';
        } else if (!reply[i].value()) {
            std::cout << "not there\n";
        } else {
            std::cout << reply[i].value()->bytes() << '\n';
        }
    }
    // [each]

    // [gat]
    // The same, and each item that is there has another hour to live. Into the same reply again,
    // whose values from before are gone now.
    co_await mc.gat_many(keys, 1h, reply);
    std::cout << "kept " << reply.summary().hits << " for an hour\n";
    // [gat]

    // [trace]
    for (const kmc::server_trace& one : reply.trace()) {
        const std::chrono::duration<double, std::milli> took = one.last_in - one.first_out;
        std::cout << mc.server_at(one.server).text << ": " << one.keys << " keys, " << one.bytes_in
                  << " bytes, " << took.count() << " ms\n";
    }
    // [trace]
    co_return reply.summary().errors == 0;
}

// Stores twenty users, then asks for twenty-two: the last two were never stored.
kmc::task<bool> run(const kmc::client& mc) {
    // Named before it is tested: g++ 12 miscompiles `if (co_await ...)` in a coroutine that has no
    // other variable.
    const bool is_stored = co_await store_users(mc, 20);
    if (!is_stored) co_return false;
    co_return co_await read_users(mc, 22);
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
