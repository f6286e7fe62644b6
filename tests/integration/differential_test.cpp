// The same random calls to real servers and to a map: the answers have to be the same.

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/seed.hpp"

using namespace kmc::testing;

namespace {

struct item {
    std::string bytes;
    std::uint32_t flags = 0;
    kmc::cas_token token{};
};

// One worker: its own keys, its own model, its own random numbers. Calls of one worker follow each
// other, so the model knows every answer.
class worker {
public:
    worker(kmc::client& mc, std::vector<std::string> keys, std::uint64_t seed)
        : mc_(mc), keys_(std::move(keys)), random_(seed) {}

    kmc::task<void> run(std::size_t calls) {
        for (std::size_t i = 0; i < calls && difference.empty(); ++i) {
            done = i + 1;
            const std::uint64_t dice = random_() % 100;
            if (dice < 40) {
                co_await set();
            } else if (dice < 70) {
                co_await get();
            } else if (dice < 85) {
                co_await del();
            } else {
                co_await get_many();
            }
        }
    }

    std::string difference;
    std::size_t done = 0;

private:
    const std::string& any_key() { return keys_[random_() % keys_.size()]; }

    void differ(const std::string& call, const std::string& key, const std::string& how) {
        difference = "call " + std::to_string(done) + ", " + call + " " + key + ": " + how;
    }

    kmc::task<void> set() {
        const std::string& key = any_key();
        item stored;
        const std::size_t size = random_() % 8 == 0 ? random_() % 60'000 : random_() % 200;
        for (std::size_t i = 0; i < size; ++i) stored.bytes += static_cast<char>(random_());
        stored.flags = static_cast<std::uint32_t>(random_());
        const auto r = co_await mc_.set(key, stored.bytes, {.flags = stored.flags});
        if (!r) {
            differ("set", key, mc_.describe(r.error()));
            co_return;
        }
        stored.token = r.value();
        model_[key] = std::move(stored);
    }

    kmc::task<void> del() {
        const std::string& key = any_key();
        const auto r = co_await mc_.del(key);
        if (!r) {
            differ("del", key, mc_.describe(r.error()));
        } else if (r.value() != (model_.erase(key) == 1)) {
            differ("del", key, r.value() ? "was there" : "was not there");
        }
    }

    kmc::task<void> get() {
        const std::string& key = any_key();
        const auto r = co_await mc_.get(key);
        if (!r) {
            differ("get", key, mc_.describe(r.error()));
        } else if (!r.value()) {
            compare(key, nullptr, 0, kmc::cas_token{});
        } else {
            const std::string_view bytes = r.value()->bytes();
            compare(key, &bytes, r.value()->flags(), r.value()->token());
        }
    }

    kmc::task<void> get_many() {
        std::vector<std::string_view> asked(random_() % 30);
        for (std::string_view& key : asked) key = any_key();
        co_await mc_.get_many(asked, reply_);
        if (reply_.size() != asked.size()) differ("get_many", "", "has another size");
        for (std::size_t i = 0; i < reply_.size(); ++i) {
            if (!reply_[i]) {
                differ("get_many", std::string(asked[i]), mc_.describe(reply_[i].error()));
            } else if (const auto& hit = reply_[i].value()) {
                const std::string_view bytes = hit->bytes();
                compare(std::string(asked[i]), &bytes, hit->flags, hit->token);
            } else {
                compare(std::string(asked[i]), nullptr, 0, kmc::cas_token{});
            }
        }
    }

    // `bytes` null: a miss.
    void compare(const std::string& key, const std::string_view* bytes, std::uint32_t flags,
                 kmc::cas_token token) {
        const auto known = model_.find(key);
        if ((bytes == nullptr) != (known == model_.end())) {
            differ("get", key, bytes == nullptr ? "a miss" : "a hit");
        } else if (bytes == nullptr) {
            return;
        } else if (*bytes != known->second.bytes) {
            differ("get", key, "another value");
        } else if (flags != known->second.flags || token != known->second.token) {
            differ("get", key, "other flags or another token");
        }
    }

    kmc::client& mc_;
    std::vector<std::string> keys_;
    std::mt19937_64 random_;
    std::map<std::string, item> model_;
    kmc::many_reply reply_;
};

}  // namespace

TEST_CASE("any sequence of calls gives what a map would give") {
    const std::uint64_t first_seed = seed();
    WARN("KMC_SEED=" << first_seed);
    const unsigned threads = GENERATE(1U, 2U);
    CAPTURE(first_seed, threads);
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers(), patient(), threads);
    std::vector<std::unique_ptr<worker>> workers;
    for (std::size_t w = 0; w < 8; ++w) {
        workers.push_back(std::make_unique<worker>(
            s.mc(), make_keys("d" + std::to_string(threads) + "-" + std::to_string(w) + "-", 25),
            first_seed + w));
    }

    run_all(s.rt(), workers.size(), [&](std::size_t w) { return workers[w]->run(1000); });

    for (const auto& w : workers) {
        CHECK(w->difference == "");
        CHECK(w->done == 1000);
    }
}
