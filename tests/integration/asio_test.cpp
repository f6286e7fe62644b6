// kmc inside Boost.Asio: calls as asynchronous operations, an embedded runtime driven by an
// io_context.

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <kmc/asio.hpp>
#include <kmc/kmc.hpp>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using namespace kmc::testing;
using boost::asio::awaitable;
using boost::asio::use_awaitable;
using kmc::errc;

namespace {

kmc::embedded_runtime open_embedded() {
    auto rt = kmc::embedded_runtime::open().value();
    const char* asked = std::getenv("KMC_BACKEND");
    INFO(rt.info().reason);
    if (asked != nullptr && *asked != '\0') REQUIRE(rt.info().backend == asked);
    return rt;
}

// What left the last coroutine: rethrown where run() was called, and the driver stops when all are
// over, so that run() returns.
class crowd {
public:
    crowd(boost::asio::io_context& io, kmc::asio::driver& driver) : io_(io), driver_(driver) {}

    void start(awaitable<void> work) {
        ++alive_;
        boost::asio::co_spawn(io_, std::move(work), [this](const std::exception_ptr& failed) {
            if (failed) failed_ = failed;
            if (--alive_ == 0) driver_.stop();
        });
    }

    void run() {
        io_.run();
        if (failed_) std::rethrow_exception(failed_);
    }

private:
    boost::asio::io_context& io_;
    kmc::asio::driver& driver_;
    int alive_ = 0;
    std::exception_ptr failed_;
};

struct tally {
    int right = 0;
    int rounds = 0;
};

awaitable<void> whole_round(const kmc::client& mc, std::vector<std::string> keys, tally& out) {
    for (const std::string& key : keys) {
        const auto stored =
            co_await kmc::asio::async(mc.set(key, make_value(key, 1, 60)), use_awaitable);
        if (stored) ++out.right;
    }
    for (const std::string& key : keys) {
        const auto found = co_await kmc::asio::async(mc.get(key), use_awaitable);
        if (found && found.value() && version_of(key, found.value()->bytes()) == 1) ++out.right;
    }
    const std::vector<std::string_view> names = views_of(keys);
    kmc::many_reply all = co_await kmc::asio::async(mc.get_many(names), use_awaitable);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (all[i] && all[i].value() && version_of(keys[i], all[i].value()->bytes()) == 1) {
            ++out.right;
        }
    }
    co_await kmc::asio::async(mc.get_many(names, all), use_awaitable);
    out.right += static_cast<int>(all.summary().hits);
    const auto removed = co_await kmc::asio::async(mc.del(keys[0]), use_awaitable);
    if (removed && removed.value()) ++out.right;
    const auto gone = co_await kmc::asio::async(mc.get(keys[0]), use_awaitable);
    if (gone && !gone.value()) ++out.right;
    ++out.rounds;
}

}  // namespace

TEST_CASE("Asio's awaitable gets, sets and gets many through kmc's adapter") {
    constexpr int coroutines = 20;
    constexpr int keys_each = 30;
    const cluster servers = any_cluster({1, 2, 3});
    boost::asio::io_context io(1);
    auto rt = open_embedded();
    kmc::asio::driver driver(io, rt);
    const auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    crowd all(io, driver);
    tally out;

    for (int i = 0; i < coroutines; ++i) {
        const std::string name = "asio" + std::to_string(i) + ":";
        all.start(whole_round(mc, make_keys(name, keys_each), out));
    }
    all.run();

    CHECK(out.rounds == coroutines);
    CHECK(out.right == coroutines * (4 * keys_each + 2));
}

TEST_CASE("a deadline passes while an io_context has nothing else to do") {
    struct asks {
        static awaitable<void> silence(const kmc::client& mc, std::optional<kmc::error>& heard) {
            const auto found =
                co_await kmc::asio::async(mc.get("k", {.deadline = 30ms}), use_awaitable);
            if (!found) heard = found.error();
        }
    };
    const silent_port silent;
    boost::asio::io_context io(1);
    auto rt = open_embedded();
    kmc::asio::driver driver(io, rt);
    const auto mc = kmc::client::open(rt, silent.text(), patient()).value();
    crowd all(io, driver);
    std::optional<kmc::error> heard;

    all.start(asks::silence(mc, heard));
    all.run();

    REQUIRE(heard.has_value());
    CHECK(*heard == errc::timed_out);
}

TEST_CASE("an Asio coroutine may own the runtime, the driver and the client that it uses") {
    struct owns {
        static awaitable<void> all(boost::asio::io_context& io, std::string servers, int& hits) {
            auto rt = kmc::embedded_runtime::open().value();
            const kmc::asio::driver driver(io, rt);
            const auto mc = kmc::client::open(rt, servers, patient()).value();
            const std::string key = key_prefix() + "owned";
            const auto stored = co_await kmc::asio::async(mc.set(key, "v"), use_awaitable);
            const auto found = co_await kmc::asio::async(mc.get(key), use_awaitable);
            if (stored && found && found.value()) ++hits;
        }
    };
    const cluster servers = any_cluster({1});
    boost::asio::io_context io(1);
    int hits = 0;

    boost::asio::co_spawn(io, owns::all(io, servers.servers(), hits), boost::asio::detached);
    io.run();

    CHECK(hits == 1);
    CHECK(kmc::embedded_runtime::open());  // the thread is free again
}

TEST_CASE("a callback comes through its own executor, never from inside the call that starts it") {
    const cluster servers = any_cluster({1});
    boost::asio::io_context io(1);
    auto strand = boost::asio::make_strand(io);
    auto rt = open_embedded();
    kmc::asio::driver driver(io, rt);
    const auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    const std::string key = key_prefix() + "callback";
    bool in_strand = false;
    bool called = false;
    auto owned = std::make_unique<int>(1);  // handlers may be movable only

    kmc::asio::async(
        mc.set(key, "v"),
        boost::asio::bind_executor(
            strand, [&, owned = std::move(owned)](const kmc::result<kmc::cas_token>& stored) {
                called = stored.has_value() && *owned == 1;
                in_strand = strand.running_in_this_thread();
                driver.stop();
            }));
    CHECK_FALSE(called);
    io.run();

    CHECK(called);
    CHECK(in_strand);
}

TEST_CASE("a call that ends at once still comes later") {
    // A client of one runtime, asked on the thread of another.
    const refusing_port nobody;
    boost::asio::io_context io(1);
    auto rt = open_embedded();
    kmc::asio::driver driver(io, rt);
    kmc::runtime other = open_runtime();
    const auto mc = kmc::client::open(other, nobody.text()).value();
    int calls = 0;

    kmc::asio::async(mc.get("k"), boost::asio::bind_executor(
                                      io, [&](const kmc::result<std::optional<kmc::value>>& r) {
                                          calls += r ? 100 : 1;
                                          driver.stop();
                                      }));
    CHECK(calls == 0);
    io.run();

    CHECK(calls == 1);
}

TEST_CASE("an io_context that runs on another thread than its runtime is told so") {
    boost::asio::io_context io(1);
    auto rt = open_embedded();
    const kmc::asio::driver driver(io, rt);
    rt.spawn([]() -> kmc::task<void> { co_return; }());
    std::error_code said;

    std::thread([&] {
        try {
            io.run();
        } catch (const std::system_error& e) {
            said = e.code();
        }
    }).join();

    CHECK(said == make_error_code(errc::wrong_thread));
}

TEST_CASE("a driver that goes leaves the runtime in working order") {
    const cluster servers = any_cluster({1});
    auto rt = open_embedded();
    const auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    for (int i = 0; i < 3; ++i) {
        boost::asio::io_context io(1);
        kmc::asio::driver driver(io, rt);
        crowd all(io, driver);
        tally out;
        all.start(whole_round(mc, make_keys("again", 3), out));
        all.run();
        CHECK(out.rounds == 1);
        CHECK(out.right == 4 * 3 + 2);
    }
}
