#include "loop/mailbox.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using kmc::detail::letter;
using kmc::detail::mailbox;

namespace {

struct numbered : letter {
    std::vector<int>* log = nullptr;
    int sender = 0;
    int number = 0;
};

}  // namespace

TEST_CASE("letters are opened in the order they were posted") {
    std::vector<int> log;
    std::vector<numbered> letters(5);
    mailbox box;
    for (int i = 0; i < 5; ++i) {
        numbered& l = letters[static_cast<std::size_t>(i)];
        l.log = &log;
        l.number = i;
        l.open = [](letter& opened) noexcept {
            auto& self = static_cast<numbered&>(opened);
            self.log->push_back(self.number);
        };
        box.post(l);
    }

    CHECK_FALSE(box.empty());
    box.open_all();
    CHECK(log == std::vector<int>{0, 1, 2, 3, 4});
    CHECK(box.empty());
}

TEST_CASE("letters of many threads all arrive, each thread's in order") {
    constexpr int senders = 4;
    constexpr int each = 5000;
    static std::vector<std::vector<int>> seen;
    seen.assign(senders, {});
    std::vector<std::vector<numbered>> letters(senders);
    mailbox box;
    std::atomic<int> running{senders};
    std::vector<std::thread> threads;
    for (int s = 0; s < senders; ++s) {
        auto& mine = letters[static_cast<std::size_t>(s)];
        mine = std::vector<numbered>(each);
        threads.emplace_back([&box, &running, &mine, s] {
            for (int i = 0; i < each; ++i) {
                numbered& l = mine[static_cast<std::size_t>(i)];
                l.sender = s;
                l.number = i;
                l.open = [](letter& opened) noexcept {
                    auto& self = static_cast<numbered&>(opened);
                    seen[static_cast<std::size_t>(self.sender)].push_back(self.number);
                };
                box.post(l);
            }
            --running;
        });
    }
    while (running != 0 || !box.empty()) box.open_all();
    for (std::thread& t : threads) t.join();
    box.open_all();

    for (const std::vector<int>& one : seen) {
        REQUIRE(one.size() == each);
        CHECK(std::is_sorted(one.begin(), one.end()));
    }
}
