// A runtime and a client for tests that are not themselves coroutines, on the engine that the run
// is about, and a few ways to run coroutines to their end.

#pragma once

#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kmc/kmc.hpp>

namespace kmc::testing {

/// A runtime on the engine that KMC_BACKEND names; fails the test when it runs on another one.
[[nodiscard]] kmc::runtime open_runtime(unsigned threads = 1);

/// Deadlines so long that a slow machine does not turn a good answer into a late one.
[[nodiscard]] client_options patient();

/// Different in every run: keys that no other run of these tests uses on the same servers.
[[nodiscard]] const std::string& key_prefix();

/// "<prefix><name><i>" for i in 0 .. count-1.
[[nodiscard]] std::vector<std::string> make_keys(std::string_view name, std::size_t count);

[[nodiscard]] std::vector<std::string_view> views_of(std::span<const std::string> keys);

// The latch is shared because the last task may still be inside count_down() when the waiting
// thread goes on.
inline task<void> run_and_count(task<void> work, std::shared_ptr<std::latch> open) {
    co_await std::move(work);
    open->count_down();
}

/// Starts work(0) .. work(count-1), each a task<void>, and waits for the end of all. An exception
/// that leaves one ends the process: they report through what they were given.
template <class Work>
void run_all(runtime& rt, std::size_t count, Work work) {
    const auto open = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) rt.spawn(run_and_count(work(i), open));
    open->wait();
}

class session {
public:
    explicit session(const std::string& servers, const client_options& options = patient(),
                     unsigned threads = 1);

    [[nodiscard]] runtime& rt() noexcept { return rt_; }
    [[nodiscard]] client& mc() noexcept { return mc_; }

    result<std::optional<value>> get(std::string_view key, call_options options = {});
    result<cas_token> set(std::string_view key, std::string_view value, store_options options = {});
    result<bool> del(std::string_view key, call_options options = {});
    result<std::string> version(std::size_t server, call_options options = {});
    many_reply get_many(std::span<const std::string> keys, call_options options = {});
    many_reply get_many(std::span<const std::string_view> keys, call_options options = {});

    /// The value, or nullopt for a miss. Throws what describe() says when there is an error.
    std::optional<std::string> read(std::string_view key);
    void write(std::string_view key, std::string_view value, store_options options = {});
    /// Stores make_value(key, version, size) under every key, many at once.
    void write_all(std::span<const std::string> keys, std::uint64_t version, std::size_t size);

    /// Asks for `key` until the server answers (a miss will do); false when it did not in 20 s.
    [[nodiscard]] bool serves_again(std::string_view key);

private:
    runtime rt_;
    client mc_;
};

}  // namespace kmc::testing
