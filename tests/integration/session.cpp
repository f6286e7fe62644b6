// Beside the session itself: a run on io_uring where the machine refuses it ends before its first
// test. Left to each test, that would be many failures for one reason; and a run that went on on
// epoll would report what it did not test.

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include "session.hpp"

#include <poll.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

#include "support/self_describing.hpp"

namespace kmc::testing {
namespace {

constexpr int exit_code_skipped = 77;

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

struct engine_gate : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;

    void testRunStarting(const Catch::TestRunInfo&) override {
        const auto rt = runtime::open({.on_fallback = [](std::string_view) {}});
        if (!rt || !rt.value().info().fell_back || environment("KMC_BACKEND") != "io_uring") return;
        std::fprintf(stderr, "NOT TESTED ON io_uring: %s\n", rt.value().info().reason.c_str());
        std::exit(environment("KMC_TEST_ALLOW_NO_URING") == "1" ? exit_code_skipped : 1);
    }
};
CATCH_REGISTER_LISTENER(engine_gate)

task<result<std::optional<value>>> get_in(client& mc, std::string_view key, call_options o) {
    co_return co_await mc.get(key, o);
}
task<result<cas_token>> set_in(client& mc, std::string_view key, std::string_view v,
                               store_options o) {
    co_return co_await mc.set(key, v, o);
}
task<result<bool>> del_in(client& mc, std::string_view key, call_options o) {
    co_return co_await mc.del(key, o);
}
task<result<std::string>> version_in(client& mc, std::size_t server, call_options o) {
    co_return co_await mc.version(server, o);
}
task<many_reply> get_many_in(client& mc, std::span<const std::string_view> keys, call_options o) {
    co_return co_await mc.get_many(keys, o);
}

// Worker `first` of `step` writes every step-th key. The first error is kept for the thread that
// waits; each worker has a place of its own for it.
task<void> write_some(client& mc, std::span<const std::string> keys, std::size_t first,
                      std::size_t step, std::uint64_t version, std::size_t size,
                      std::string& failure) {
    for (std::size_t i = first; i < keys.size(); i += step) {
        const std::string text = make_value(keys[i], version, size);
        const auto stored = co_await mc.set(keys[i], text);
        if (!stored && failure.empty()) failure = mc.describe(stored.error());
    }
}

}  // namespace

runtime open_runtime(unsigned threads) {
    auto rt = runtime::open({.threads = threads});
    if (!rt) throw std::runtime_error(rt.error().message());
    const std::string_view asked = environment("KMC_BACKEND");
    INFO(rt.value().info().reason);
    if (!asked.empty()) REQUIRE(rt.value().info().backend == asked);
    REQUIRE(rt.value().info().threads == threads);
    return std::move(rt.value());
}

client_options patient() {
    using std::chrono::seconds;
    return {.call_timeout = seconds(20),
            .batch_timeout = seconds(60),
            .connect_timeout = seconds(20),
            .stall_timeout = seconds(20),
            .health = {.retry_timeout = std::chrono::milliseconds(200)}};
}

const std::string& key_prefix() {
    static const std::string prefix = "it" + std::to_string(std::random_device{}()) + ":";
    return prefix;
}

std::vector<std::string> make_keys(std::string_view name, std::size_t count) {
    std::vector<std::string> keys;
    keys.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(key_prefix() + std::string(name) + std::to_string(i));
    }
    return keys;
}

std::vector<std::string_view> views_of(std::span<const std::string> keys) {
    return {keys.begin(), keys.end()};
}

session::session(const std::string& servers, const client_options& options, unsigned threads)
    : rt_(open_runtime(threads)), mc_(client::open(rt_, servers, options).value()) {}

result<std::optional<value>> session::get(std::string_view key, call_options options) {
    return rt_.block_on(get_in(mc_, key, options));
}

result<cas_token> session::set(std::string_view key, std::string_view value,
                               store_options options) {
    return rt_.block_on(set_in(mc_, key, value, options));
}

result<bool> session::del(std::string_view key, call_options options) {
    return rt_.block_on(del_in(mc_, key, options));
}

result<std::string> session::version(std::size_t server, call_options options) {
    return rt_.block_on(version_in(mc_, server, options));
}

many_reply session::get_many(std::span<const std::string> keys, call_options options) {
    return get_many(views_of(keys), options);
}

many_reply session::get_many(std::span<const std::string_view> keys, call_options options) {
    return rt_.block_on(get_many_in(mc_, keys, options));
}

std::optional<std::string> session::read(std::string_view key) {
    auto got = get(key);
    if (!got) throw std::runtime_error(mc_.describe(got.error()));
    if (!got.value()) return std::nullopt;
    return got.value()->to_string();
}

void session::write(std::string_view key, std::string_view value, store_options options) {
    const auto stored = set(key, value, options);
    if (!stored) throw std::runtime_error(mc_.describe(stored.error()));
}

void session::write_all(std::span<const std::string> keys, std::uint64_t version,
                        std::size_t size) {
    constexpr std::size_t workers = 64;
    std::vector<std::string> failures(workers);
    run_all(rt_, workers, [&](std::size_t i) {
        return write_some(mc_, keys, i, workers, version, size, failures[i]);
    });
    for (const std::string& failure : failures) {
        if (!failure.empty()) throw std::runtime_error(failure);
    }
}

bool session::serves_again(std::string_view key) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!get(key)) {
        if (std::chrono::steady_clock::now() > give_up) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

}  // namespace kmc::testing
