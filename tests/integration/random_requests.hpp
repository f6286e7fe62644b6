// What a differential test needs beside a real server: the kinds of servers, the model behind the
// same question-and-answer face, and dice that make commands meet.

#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model_memcached.hpp"

namespace kmc::testing {

using kmc::sim::model_options;
using kmc::sim::model_session;
using kmc::sim::model_store;

struct server_kind {
    const char* name;
    std::vector<std::string> arguments;
    model_options options;
    bool has_large_values;
};

inline const std::vector<server_kind>& server_kinds() {
    static const std::vector<server_kind> all = [] {
        std::vector<server_kind> kinds{{"plain", {}, {}, false},
                                       {"without cas", {"-C"}, {}, false},
                                       {"without flush", {"-F"}, {}, false},
                                       {"large values", {}, {}, true}};
        kinds[1].options.cas = false;
        kinds[2].options.flush_enabled = false;
        return kinds;
    }();
    return all;
}

class model_server {
public:
    explicit model_server(const model_options& options) : store_(options), session_(store_) {}

    std::string ask(std::string_view requests) {
        std::string out;
        session_.feed(requests);
        const auto now = static_cast<std::uint64_t>(std::time(nullptr));
        for (auto state = model_session::state::more; state == model_session::state::more;) {
            state = session_.step(now, out);
            if (state == model_session::state::broken || state == model_session::state::finished) {
                throw std::runtime_error("the model hung up");
            }
        }
        return out;
    }

private:
    model_store store_;
    model_session session_;
};

// Draws what makes commands meet: few keys, many numbers, values near the edges.
class dealer {
public:
    dealer(std::uint64_t seed, const server_kind& kind) : random_(seed), kind_(kind) {}

    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    std::string key() {
        static const std::array<std::string, 6> keys{
            "a", "b", "n", "m", std::string("\0\r\n \xff", 5), std::string(250, 'k')};
        return keys[below(keys.size())];
    }
    std::string value() {
        static const std::array<const char*, 15> texts{"",
                                                       "0",
                                                       "5",
                                                       "10",
                                                       "1000",
                                                       "18446744073709551616",
                                                       "99999999999999999999",
                                                       " 12",
                                                       "+12",
                                                       "12 ",
                                                       "12abc",
                                                       "abc",
                                                       "00000000000000000000007",
                                                       "7 up",
                                                       "\v7\f"};
        if (kind_.has_large_values && below(20) == 0) return std::string(1'100'000, 'x');
        if (below(3) != 0) return texts[below(texts.size())];
        return std::string(below(300), 'v');
    }
    // Nothing that depends on the second in which it is asked.
    // Counters and what is appended to keep apart where the text of a counter may differ.
    std::string counter_key() { return below(2) == 0 ? "n" : "m"; }
    std::string text_key() { return below(2) == 0 ? "a" : "b"; }
    std::uint32_t expiry() {
        static const std::array<std::uint32_t, 5> all{0, 0, 3600, 2'592'001, 0xffffffff};
        return all[below(all.size())];
    }
    std::uint32_t flags() { return below(2) == 0 ? 0 : static_cast<std::uint32_t>(random_()); }
    // Below 2^63: from there on 1.6.18 reads beyond the item, and answers by what it finds there.
    std::uint64_t number() {
        static const std::array<std::uint64_t, 5> all{0, 1, 7, 999, 1ULL << 40};
        return all[below(all.size())];
    }
    // Without cas, what a flush takes depends on the second as well.
    [[nodiscard]] bool may_flush() const { return kind_.options.cas; }
    std::string group() {
        static const std::array<const char*, 8> all{"reset",         "resetXYZ",   "sizes",
                                                    "detail on",     "detail off", "nosuchstat",
                                                    "sizes_disable", "conns"};
        return all[below(all.size())];
    }

private:
    std::mt19937_64 random_;
    const server_kind& kind_;
};

}  // namespace kmc::testing
