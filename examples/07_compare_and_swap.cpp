// Changing a value that others change too: nobody's change is lost.
//
//     07_compare_and_swap 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <kmc/kmc.hpp>

constexpr int writers = 4;
constexpr int lines_each = 25;

// [update]
// Puts a line behind a list. update() reads the item, calls the function, and stores what it
// returns if nobody was faster; else it reads again, up to .attempts times.
kmc::task<bool> add_line(const kmc::client& mc, std::string_view list, std::string_view line) {
    const auto with_line = [line](std::optional<std::string_view> now) {
        return std::optional(std::string(now.value_or("")) + std::string(line) + "\n");
    };
    const auto outcome = co_await mc.update(list, with_line, {.create = true, .attempts = 1000});
    if (!outcome) {
        std::cerr << list << ": " << mc.describe(outcome.error()) << '\n';
        co_return false;
    }
    co_return outcome.value() == kmc::update_outcome::updated ||
        outcome.value() == kmc::update_outcome::created;
}
// [update]

kmc::task<bool> write_lines(const kmc::client& mc, std::string_view list, char name) {
    const std::string line(1, name);
    for (int i = 0; i < lines_each; ++i) {
        const bool is_in = co_await add_line(mc, list, line);
        if (!is_in) co_return false;
    }
    co_return true;
}

kmc::task<std::size_t> size_of(const kmc::client& mc, std::string_view key) {
    const auto found = co_await mc.get(key);
    co_return found&& found.value() ? found.value()->bytes().size() : 0;
}

// The same by hand, for those who decide between the steps.
kmc::task<bool> by_hand(const kmc::client& mc) {
    const auto prepared = co_await mc.set("price", "100");
    if (!prepared) co_return false;

    // [by_hand]
    const auto seen = co_await mc.get("price");          // the value, and the token of its version
    const auto other = co_await mc.set("price", "120");  // somebody else, meanwhile
    if (!seen || !seen.value() || !other) co_return false;

    const auto swapped = co_await mc.cas("price", "90", seen.value()->token());
    if (!swapped) {
        std::cerr << mc.describe(swapped.error()) << '\n';  // with maybe_executed(): read again
        co_return false;
    }
    switch (swapped.value()) {
        case kmc::store_outcome::stored:
            std::cout << "the price is 90\n";
            break;
        case kmc::store_outcome::exists:
            std::cout << "somebody was faster: read again, decide again\n";
            break;
        case kmc::store_outcome::not_found:
            std::cout << "the price is gone\n";
            break;
    }
    // [by_hand]

    const auto again = co_await mc.get("price");
    if (!again || !again.value()) co_return false;
    const auto second = co_await mc.cas("price", "90", again.value()->token());
    if (!second || second.value() != kmc::store_outcome::stored) co_return false;
    std::cout << "it was " << again.value()->bytes() << ", and is 90\n";
    co_return swapped.value() == kmc::store_outcome::exists&& again.value()->bytes() == "120";
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    kmc::runtime rt;
    const auto opened = kmc::client::open(rt, servers);
    if (!opened) {
        std::cerr << opened.error().message() << '\n';
        return 2;
    }
    const kmc::client& mc = opened.value();
    const kmc::sync_client blocking(mc);
    if (const auto removed = blocking.del("list"); !removed) {
        std::cerr << mc.describe(removed.error()) << '\n';
        return 1;
    }

    {
        std::vector<std::jthread> all;
        for (int i = 0; i < writers; ++i) {
            const char name = static_cast<char>('a' + i);
            all.emplace_back([&rt, &mc, name] { rt.block_on(write_lines(mc, "list", name)); });
        }
    }
    const std::size_t lines = rt.block_on(size_of(mc, "list")) / 2;
    std::cout << writers << " writers, " << lines_each << " lines each: " << lines << " lines\n";

    const bool by_hand_is_right = rt.block_on(by_hand(mc));
    return lines == writers * lines_each && by_hand_is_right ? 0 : 1;
}
