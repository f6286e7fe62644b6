// Counters: numbers that the servers add to, so that any number of programs may count at once.
//
//     04_counters 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

// [count]
// 1 for the first visit, and one more for each that follows. The time to live starts with the
// first and is not prolonged by the others.
kmc::task<std::optional<std::uint64_t>> count_visit(const kmc::client& mc, std::string_view page) {
    const auto visits = co_await mc.incr(page, 1, {.initial = 1, .ttl = 24h});
    if (!visits) {
        std::cerr << page << ": " << mc.describe(visits.error()) << '\n';
        // Sent and not answered: counted or not, nobody can tell. Asking again might count twice.
        if (visits.error().maybe_executed()) std::cerr << "this visit may be missing\n";
        co_return std::nullopt;
    }
    co_return visits.value();
}
// [count]

kmc::task<bool> visits(const kmc::client& mc) {
    const auto removed = co_await mc.del("visits:/home");
    if (!removed) co_return false;
    const auto first = co_await count_visit(mc, "visits:/home");
    const auto second = co_await count_visit(mc, "visits:/home");
    if (first != 1 || second != 2) co_return false;
    std::cout << "visits: " << *first << ", then " << *second << '\n';

    // [read]
    // Adding nothing reads a counter as a number. Without .initial, one that is not there stays
    // away: a miss.
    const auto so_far = co_await mc.incr("visits:/home", 0);
    const auto nobody = co_await mc.incr("visits:/nowhere", 0);
    if (so_far && so_far.value()) std::cout << "so far: " << *so_far.value() << '\n';
    if (nobody && !nobody.value()) std::cout << "nowhere: no such counter\n";
    // [read]
    co_return so_far&& so_far.value() == 2U && nobody && !nobody.value();
}

// A counter is an item whose value is a decimal number, so that any store can make one.
kmc::task<bool> stock(const kmc::client& mc) {
    // [stock]
    const auto filled = co_await mc.set("stock:lamp", "10");
    const auto nine = co_await mc.decr("stock:lamp");
    const auto text = co_await mc.get("stock:lamp");        // "9 ": the server keeps the width
    const auto none = co_await mc.decr("stock:lamp", 100);  // 0: there is nothing below
    // [stock]
    const bool all_answered = filled && nine && nine.value() && text && text.value() && none;
    if (!all_answered) co_return false;
    std::cout << "lamps: " << *nine.value() << ", as text \"" << text.value()->bytes() << "\"\n"
              << "after taking 100: " << none.value().value_or(1) << '\n';

    const auto named = co_await mc.set("stock:name", "lamp");
    const auto wrong = co_await mc.incr("stock:name");
    if (!named || wrong) co_return false;
    std::cout << "counting a name: " << mc.describe(wrong.error()) << '\n';
    co_return nine.value() == 9U && text.value()->bytes() == "9 " && none.value() == 0U &&
        wrong.error() == kmc::errc::not_a_number;
}

kmc::task<bool> run(const kmc::client& mc) {
    const bool visits_are_right = co_await visits(mc);
    if (!visits_are_right) co_return false;
    co_return co_await stock(mc);
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
