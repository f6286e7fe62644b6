// Writing many things at once: any mix of writes in one call, every server at the same time, one
// result per entry.
//
//     12_write_many 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 5> keys{"wm:page", "wm:lock", "wm:log", "wm:old",
                                               "wm:visits"};

bool all_said(const kmc::client& mc, const kmc::yes_no_reply& reply) {
    for (const auto& one : reply) {
        if (one) continue;
        std::cerr << mc.describe(one.error()) << '\n';
        return false;
    }
    return true;
}

// So that the program says the same in every run.
kmc::task<bool> begin_anew(const kmc::client& mc) {
    const auto removed = co_await mc.del_many(keys);
    co_return all_said(mc, removed);
}

void print(const kmc::client& mc, const kmc::write_reply& written) {
    // [each]
    // written[i] belongs to entry i.
    for (const auto& one : written) {
        if (!one) {
            const char* const fate = one.error().maybe_executed() ? "may have happened" : "is not";
            std::cout << fate << ": " << mc.describe(one.error()) << '\n';
        } else if (one.value().outcome == kmc::write_outcome::done) {
            std::cout << "done\n";
        } else if (one.value().outcome == kmc::write_outcome::absent) {
            std::cout << "nothing there (of add: something was)\n";
        } else {
            std::cout << "somebody else changed it\n";
        }
    }
    // [each]
}

kmc::task<bool> write_quietly(const kmc::client& mc) {
    // [write]
    kmc::write_batch batch;
    batch.set("wm:page", "<h1>Hello</h1>", {.ttl = 10min});
    batch.add("wm:lock", "me", {.ttl = 30s});
    batch.append("wm:log", "a line\n");  // there is no log yet
    batch.del("wm:old");                 // nor this
    const std::size_t visits = batch.incr("wm:visits", 1, {.initial = 1});
    batch.set("", "an empty key");
    const auto written = co_await mc.write(batch);
    // [write]

    print(mc, written);
    const auto total = written.summary();
    co_return total.done == 3 && total.absent == 2 && total.errors == 1 && written[visits];
}

kmc::task<bool> write_loudly(const kmc::client& mc) {
    // [all]
    kmc::write_batch batch;
    kmc::write_reply written;
    for (int round = 1; round <= 2; ++round) {  // the second finds all the memory it needs
        batch.clear();
        const std::size_t page = batch.set("wm:page", "<h1>Hello again</h1>");
        const std::size_t visits = batch.incr("wm:visits");
        co_await mc.write(batch, written, {.ack = kmc::ack::all});
        if (written[page] && written[page].value().token) std::cout << "the page has a token\n";
        if (written[visits] && written[visits].value().number) {
            std::cout << "visits: " << *written[visits].value().number << '\n';
        }
    }
    // [all]
    co_return written.summary().done == 2;
}

kmc::task<bool> touch_and_remove(const kmc::client& mc) {
    // [keys]
    const auto touched = co_await mc.touch_many(keys, 1h);
    const auto removed = co_await mc.del_many(keys);
    std::cout << "touched " << touched.summary().hits << ", removed " << removed.summary().hits
              << ", missing " << removed.summary().misses << '\n';
    // [keys]
    co_return all_said(mc, touched) && all_said(mc, removed) && removed.summary().hits == 3;
}

kmc::task<bool> look_where_the_time_went(const kmc::client& mc) {
    kmc::write_batch batch;
    for (const std::string_view key : keys) batch.set(key, "v", {.ttl = 1min});
    const auto written = co_await mc.write(batch);
    // [trace]
    using std::chrono::microseconds;
    std::size_t sent = 0;
    for (const kmc::server_trace& one : written.trace()) {
        const auto took = std::chrono::duration_cast<microseconds>(one.last_in - one.queued);
        std::cout << mc.server_at(one.server).text << ": " << one.keys << " entries, "
                  << one.bytes_out << " bytes, " << took.count() << " us\n";
        sent += one.keys;
    }
    // [trace]
    std::cout << "the servers were sent " << sent << " entries\n";
    co_return written.summary().done == keys.size() && sent == keys.size();
}

kmc::task<bool> run(const kmc::client& mc) {
    const bool is_empty = co_await begin_anew(mc);
    if (!is_empty) co_return false;
    const bool quietly = co_await write_quietly(mc);
    const bool loudly = co_await write_loudly(mc);
    const bool by_key = co_await touch_and_remove(mc);
    const bool traced = co_await look_where_the_time_went(mc);
    co_return quietly&& loudly&& by_key&& traced;
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
