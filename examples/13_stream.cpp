// Reading more keys than answers should be held at once: each answer as it comes.
//
//     13_stream 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

constexpr std::size_t stored_count = 1000;

using key_list = std::span<const std::string_view>;

kmc::task<bool> store(const kmc::client& mc, key_list keys) {
    kmc::write_batch batch;
    for (const std::string_view key : keys) batch.set(key, "what " + std::string(key) + " holds");
    const auto written = co_await mc.write(batch, {.deadline = 10s});
    for (const auto& one : written) {
        if (one) continue;
        std::cerr << mc.describe(one.error()) << '\n';
        co_return false;
    }
    co_return true;
}

kmc::task<bool> read_all(const kmc::client& mc, key_list keys) {
    std::size_t misses = 0;
    std::size_t hits = 0;
    std::size_t errors = 0;
    std::size_t bytes = 0;
    // [read]
    auto stream = mc.stream_many(keys, {.max_unread = 100, .deadline = 10s});
    while (const auto entry = co_await stream.next()) {
        if (!entry->answer) {
            ++errors;  // of this key; the others go on
        } else if (!entry->answer.value()) {
            ++misses;
            std::cout << keys[entry->index] << ": not there\n";
        } else {
            ++hits;
            bytes += entry->answer.value()->bytes().size();
        }
    }
    // [read]
    std::cout << hits << " hits, " << misses << " misses, " << errors << " errors\n";
    co_return hits == stored_count&& misses + hits == keys.size() && bytes > 10 * hits;
}

kmc::task<bool> read_some(const kmc::client& mc, key_list keys) {
    std::vector<std::string> found;
    {
        // [leave]
        auto stream = mc.stream_many(keys, {.max_unread = 100});
        while (const auto entry = co_await stream.next()) {
            if (entry->answer && entry->answer.value()) {
                found.push_back(entry->answer.value()->to_string());
            }
            if (found.size() == 3) break;  // enough: the stream dies with its scope
        }
        // [leave]
    }
    std::cout << "left after " << found.size() << '\n';
    const auto still = co_await mc.get(keys[0]);  // the connections go on
    co_return found.size() == 3 && still&& still.value();
}

kmc::task<bool> run(const kmc::client& mc) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= stored_count; ++i) names.push_back("item:" + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());

    const bool is_stored = co_await store(mc, key_list(keys).first(stored_count));
    if (!is_stored) co_return false;
    const bool all = co_await read_all(mc, keys);  // one of them was never stored
    const bool some = co_await read_some(mc, keys);
    co_return all&& some;
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
