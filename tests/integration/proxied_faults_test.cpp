// A real memcached behind a proxy that breaks its replies and connections. Whatever it does, nobody
// gets another key's value or a changed one, no error is told as a miss, no call outlives its
// deadline, and when the trouble is over the next call is answered.

#include <catch2/catch.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chaos_proxy.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;

namespace {

constexpr auto short_deadline = 400ms;
constexpr auto long_deadline = 5s;
// What a busy machine may add.
constexpr auto slack = 3s;

using clock = std::chrono::steady_clock;

kmc::client_options faulty() {
    kmc::client_options options = patient();
    options.stall_timeout = 2 * short_deadline;
    return options;
}

using answer = kmc::result<std::optional<std::string>>;

kmc::task<void> get_one(const kmc::client& mc, const std::string& key, kmc::call_options options,
                        answer& out) {
    const auto got = co_await mc.get(key, options);
    if (!got) {
        out = got.error();
    } else if (got.value()) {
        out = std::optional(got.value()->to_string());
    } else {
        out = std::optional<std::string>();
    }
}

enum class traffic : std::uint8_t { single_calls, batch };

struct proxied_node {
    explicit proxied_node(std::size_t value_size = 100) : keys(make_keys("proxied", 60)) {
        session direct(node.text());
        direct.write_all(keys, 1, value_size);
        REQUIRE(s.serves_again(keys[0]));
    }

    // Asks for all keys at once; every answer is the key's own value or an error, and comes in
    // time. Returns the errors.
    std::vector<kmc::error> ask(traffic how, kmc::duration deadline) {
        std::vector<answer> answers(keys.size(), answer(kmc::error{}));
        const auto begin = clock::now();
        if (how == traffic::batch) {
            const kmc::many_reply reply = s.get_many(keys, {.deadline = deadline});
            for (std::size_t i = 0; i < keys.size(); ++i) {
                if (!reply[i]) {
                    answers[i] = reply[i].error();
                } else if (reply[i].value()) {
                    answers[i] = std::optional(std::string(reply[i].value()->bytes()));
                } else {
                    answers[i] = std::optional<std::string>();
                }
            }
        } else {
            run_all(s.rt(), keys.size(), [&](std::size_t i) {
                return get_one(s.mc(), keys[i], {.deadline = deadline}, answers[i]);
            });
        }
        CHECK(clock::now() - begin < deadline + slack);

        std::vector<kmc::error> errors;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            CAPTURE(i, keys[i]);
            if (!answers[i]) {
                errors.push_back(answers[i].error());
                continue;
            }
            REQUIRE(answers[i].value().has_value());
            REQUIRE(version_of(keys[i], *answers[i].value()) == 1);
        }
        return errors;
    }

    // The trouble is over: the next call is answered as soon as there is a connection, and all
    // calls after it.
    void check_recovery() {
        proxy.clear();
        REQUIRE(s.serves_again(keys[0]));
        CHECK(ask(traffic::batch, long_deadline).empty());
        CHECK(ask(traffic::single_calls, long_deadline).empty());
    }

    memcached_node node;
    chaos_proxy proxy{node.text()};
    session s{proxy.text(), faulty()};
    std::vector<std::string> keys;
};

std::string described(const std::vector<kmc::error>& errors) {
    std::map<std::string, int> counts;
    for (const kmc::error& e : errors) {
        ++counts[std::string(to_text(e.code)) + " (" + std::string(to_text(e.at)) + ")"];
    }
    std::string all;
    for (const auto& [text, count] : counts) all += std::to_string(count) + " x " + text + "; ";
    return all;
}

// What was sent fails for the fault's reason. What was not may also come too late for the
// connection: the next attempt waits, and calls do not.
void check_errors(const std::vector<kmc::error>& errors, errc expected) {
    INFO(described(errors));
    CHECK(std::ranges::all_of(errors, [expected](const kmc::error& e) {
        const bool came_late = e.at == stage::not_sent && e == errc::connect_failed;
        return (e == expected || came_late) && e.server == 0;
    }));
}

}  // namespace

TEST_CASE("a fault of the wire is an error of its calls, and of nothing else") {
    if (control_is_missing()) return;
    const auto [fault, expected, deadline] = GENERATE(table<const char*, errc, kmc::duration>({
        {"reset at 30", errc::connection_lost, long_deadline},
        {"reset", errc::connection_lost, long_deadline},
        {"cut at 30", errc::connection_lost, long_deadline},
        {"cut at 10", errc::connection_lost, long_deadline},
        {"drop rest at 30", errc::timed_out, short_deadline},
        {"drop rest", errc::timed_out, short_deadline},
        {"stall at 30", errc::timed_out, short_deadline},
        {"set opaque 0xdeadbeef", errc::protocol_error, long_deadline},
        {"set magic 0x80", errc::protocol_error, long_deadline},
        {"set magic 0", errc::protocol_error, long_deadline},
        {"set opcode 0x55", errc::protocol_error, long_deadline},
        {"set opcode noop", errc::protocol_error, long_deadline},
        {"set length 0xffffffff", errc::protocol_error, long_deadline},
        {"set length 3", errc::protocol_error, long_deadline},
        {"set extlen 5", errc::protocol_error, long_deadline},
        {"set keylen 9", errc::protocol_error, long_deadline},
        {"inject \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"", errc::protocol_error, long_deadline},
        {"inject hex 15030300020228", errc::protocol_error, long_deadline},
        {"inject frame get opaque 0x7fffffff value unasked", errc::protocol_error, long_deadline},
    }));
    const traffic how = GENERATE(traffic::single_calls, traffic::batch);
    CAPTURE(fault, how == traffic::batch);
    proxied_node p;
    p.proxy.add("reply opcode get,getq once: " + std::string(fault));

    const auto errors = p.ask(how, deadline);

    CHECK(p.proxy.hits() == 1);
    check_errors(errors, expected);
    CHECK(std::ranges::any_of(errors, &kmc::error::maybe_executed));
    p.check_recovery();
}

TEST_CASE("a reply that comes twice is nobody's the second time") {
    if (control_is_missing()) return;
    const traffic how = GENERATE(traffic::single_calls, traffic::batch);
    proxied_node p;
    p.proxy.add("reply opcode get,getq once: duplicate");

    const auto errors = p.ask(how, long_deadline);

    CHECK(p.proxy.hits() == 1);
    check_errors(errors, errc::protocol_error);
    p.check_recovery();
    CHECK(p.proxy.count("connections") == 2);
}

TEST_CASE("replies that changed places go to nobody") {
    if (control_is_missing()) return;
    proxied_node p;
    p.proxy.add("reply opcode get once: swap");

    const auto errors = p.ask(traffic::single_calls, long_deadline);

    CHECK(p.proxy.hits() == 1);
    CHECK(std::ranges::any_of(errors, &kmc::error::maybe_executed));
    check_errors(errors, errc::protocol_error);
    p.check_recovery();
}

TEST_CASE("pieces of one byte both ways are whole answers") {
    if (control_is_missing()) return;
    const traffic how = GENERATE(traffic::single_calls, traffic::batch);
    proxied_node p;
    p.proxy.add("request: slice 1");
    p.proxy.add("reply: slice 1");

    CHECK(p.ask(how, long_deadline).empty());

    CHECK(p.proxy.hits() > p.keys.size());
    p.check_recovery();
    CHECK(p.proxy.count("connections") == 1);
}

TEST_CASE("a status that nobody knows is told, and the connection stays") {
    if (control_is_missing()) return;
    proxied_node p;
    const std::string missing = key_prefix() + "nobody stored this";
    p.proxy.add("reply opcode get status 1: set status 0x1234");

    const auto got = p.s.get(missing, {.deadline = long_deadline});

    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == errc::server_error);
    CHECK(got.error().status == 0x1234);
    CHECK(got.error().at == stage::answered);
    CHECK(p.ask(traffic::single_calls, long_deadline).empty());
    p.check_recovery();
    CHECK(p.s.read(missing) == std::nullopt);
    CHECK(p.proxy.count("connections") == 1);
}

TEST_CASE("a server that stops reading costs its calls their deadline, and serves again") {
    if (control_is_missing()) return;
    proxied_node p;
    p.proxy.add("request opcode get,getq,set: stop reading");
    // More than all buffers on the way hold.
    const std::string large = make_value(p.keys[0], 2, 1'000'000);

    const auto begin = clock::now();
    std::vector<kmc::result<kmc::cas_token>> stored;
    for (int i = 0; i < 16; ++i) {
        stored.push_back(p.s.set(p.keys[0], large, {.deadline = short_deadline / 8}));
    }
    CHECK(clock::now() - begin < 2 * short_deadline + slack);
    for (const auto& r : stored) {
        REQUIRE_FALSE(r.has_value());
        CHECK((r.error() == errc::timed_out || r.error() == errc::connection_lost));
    }
    const auto got = p.s.get(p.keys[1], {.deadline = short_deadline});
    CHECK_FALSE(got.has_value());

    p.proxy.clear();
    REQUIRE(p.s.serves_again(p.keys[1]));
    CHECK(version_of(p.keys[1], p.s.read(p.keys[1]).value()) == 1);
    // Some of the stores were carried out, or none; the value is whole.
    const std::string now = p.s.read(p.keys[0]).value();
    CHECK(version_of(p.keys[0], now) == (now.size() == large.size() ? 2 : 1));
}

TEST_CASE("who answers the greeting with something else is no server for anybody") {
    if (control_is_missing()) return;
    const auto [garbage, expected] = GENERATE(table<const char*, errc>({
        {"inject \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"", errc::protocol_error},
        {"inject hex 15030300020228", errc::protocol_error},
        {"inject \"ERROR\\r\\n\"", errc::not_binary},
        {"inject \"ERROR Too many open connections\\r\\n\"", errc::server_busy},
        {"set opaque 0xdeadbeef", errc::protocol_error},
        {"cut at 10", errc::connect_failed},
        {"reset", errc::connect_failed},
    }));
    CAPTURE(garbage);
    proxied_node p;
    p.proxy.add("reply frame 1: " + std::string(garbage));
    p.proxy.reset();
    // At first a call may still hear of the loss of the old connection, or that the next attempt
    // has to wait.
    std::optional<kmc::error> last;
    const auto give_up = clock::now() + 20s;
    do {
        if (last) ::poll(nullptr, 0, 2);
        const auto got = p.s.get(p.keys[0], {.deadline = long_deadline});
        REQUIRE_FALSE(got.has_value());
        last = got.error();
        REQUIRE(
            (*last == expected || *last == errc::connect_failed || *last == errc::connection_lost));
    } while ((!(*last == expected) || p.proxy.hits() == 0) && clock::now() < give_up);

    INFO(described({*last}));
    CHECK(*last == expected);
    CHECK_FALSE(last->maybe_executed());
    p.check_recovery();
}

TEST_CASE("a store whose answer is lost may have been carried out, and says so") {
    if (control_is_missing()) return;
    const auto [fault, is_stored] = GENERATE(table<const char*, bool>({
        {"reply opcode set once: reset at 10", true},
        {"reply opcode set once: cut at 10", true},
        {"request opcode set once: reset at 40", false},
        {"request opcode set once: cut at 40", false},
    }));
    CAPTURE(fault);
    proxied_node p;
    p.proxy.add(fault);

    const auto stored =
        p.s.set(p.keys[0], make_value(p.keys[0], 2, 100), {.deadline = long_deadline});

    REQUIRE_FALSE(stored.has_value());
    CHECK(stored.error() == errc::connection_lost);
    CHECK(stored.error().maybe_executed());
    p.proxy.clear();
    REQUIRE(p.s.serves_again(p.keys[0]));
    CHECK(version_of(p.keys[0], p.s.read(p.keys[0]).value()) == (is_stored ? 2 : 1));
}

TEST_CASE("a connection that nobody answers to is an error by the deadline") {
    if (control_is_missing()) return;
    const memcached_node node;
    const chaos_proxy proxy(node.text(), {"accept: hold"});
    session s(proxy.text(), faulty());

    const auto begin = clock::now();
    const auto got = s.get("k", {.deadline = short_deadline});

    CHECK(clock::now() - begin < short_deadline + slack);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == errc::timed_out);
    CHECK_FALSE(got.error().maybe_executed());
}
