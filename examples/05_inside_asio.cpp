// kmc inside a program that runs on Boost.Asio: one thread, one io_context, no thread of kmc's. A
// timer ticks while the cluster is asked.
//
//     05_inside_asio 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>  // Asio 1.74 uses it without including it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <kmc/asio.hpp>
#include <kmc/kmc.hpp>

namespace asio = boost::asio;

constexpr std::array<std::string_view, 3> keys = {"ahmed", "tek", "nobody"};

// [ask]
// async() makes an asynchronous operation of Asio out of any call; the outcome is the call's own.
asio::awaitable<void> ask(const kmc::client& mc, bool& all_answered) {
    all_answered = true;
    for (const std::string_view key : {keys[0], keys[1]}) {
        const auto stored =
            co_await kmc::asio::async(mc.set(key, "Hello Asio"), asio::use_awaitable);
        if (stored) continue;
        std::cout << key << ": " << mc.describe(stored.error()) << '\n';
        all_answered = false;
    }
    const auto found = co_await kmc::asio::async(mc.get_many(keys), asio::use_awaitable);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::cout << keys[i] << ": ";
        if (!found[i]) {
            std::cout << mc.describe(found[i].error()) << '\n';
            all_answered = false;
        } else if (!found[i].value()) {
            std::cout << "not there\n";
        } else {
            std::cout << found[i].value()->bytes() << '\n';
        }
    }
}
// [ask]

// What the program does besides.
asio::awaitable<void> tick(asio::steady_timer& timer) {
    for (int i = 0; i < 3; ++i) {
        timer.expires_after(std::chrono::milliseconds(10));
        co_await timer.async_wait(asio::use_awaitable);
    }
    std::cout << "three ticks\n";
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }
    // [drive]
    asio::io_context io(1);  // one thread: kmc's reactor belongs to it
    auto rt = kmc::embedded_runtime::open();
    if (!rt) {
        std::cerr << rt.error().message() << '\n';
        return 2;
    }
    kmc::asio::driver driver(io, rt.value());
    const auto mc = kmc::client::open(rt.value(), servers);
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    // [drive]

    // [stop]
    int running = 2;
    const auto when_over = [&](const std::exception_ptr& failed) {
        if (failed) std::rethrow_exception(failed);
        if (--running == 0) driver.stop();  // else run() would go on for ever
    };
    asio::steady_timer timer(io);
    asio::co_spawn(io, tick(timer), when_over);
    bool all_answered = false;
    asio::co_spawn(io, ask(mc.value(), all_answered), when_over);
    io.run();
    // [stop]
    return all_answered ? 0 : 1;
}
