// The rules of the commands, each as it was measured on memcached 1.6.18.

#include "sim/model_store.hpp"

#include <map>
#include <string>

#include <catch2/catch.hpp>

using kmc::sim::model_options;
using kmc::sim::model_store;
namespace answered = kmc::sim::answered;
using condition = model_store::condition;
using direction = model_store::direction;
using side = model_store::side;

namespace {

constexpr std::uint64_t now = 1'700'000'000;
constexpr std::uint32_t long_past = 2'592'001;  // 30 days and a second: a moment in 1970

std::uint16_t store(model_store& s, condition when, const std::string& key, std::string_view value,
                    std::uint64_t token = 0) {
    return s.store(when, key, value, 0, 0, token, now).status;
}

std::string value_of(model_store& s, const std::string& key, std::uint64_t when = now) {
    const model_store::item* it = s.find(key, when);
    return it == nullptr ? "(none)" : it->value;
}

model_options without_cas() {
    model_options o;
    o.cas = false;
    return o;
}

}  // namespace

TEST_CASE("set, add and replace ask for what their names say") {
    model_store s;
    CHECK(store(s, condition::present, "k", "1") == answered::not_found);
    CHECK(store(s, condition::absent, "k", "2") == answered::ok);
    CHECK(store(s, condition::absent, "k", "3") == answered::exists);
    CHECK(store(s, condition::present, "k", "4") == answered::ok);
    CHECK(store(s, condition::none, "k", "5") == answered::ok);
    CHECK(value_of(s, "k") == "5");
}

TEST_CASE("a token turns each store into the same comparison") {
    const auto when = GENERATE(condition::none, condition::absent, condition::present);
    model_store s;
    CHECK(store(s, when, "k", "x", 77) == answered::not_found);
    const auto first = s.store(condition::none, "k", "old", 0, 0, 0, now);
    const std::uint64_t token = first.found->cas;
    CHECK(store(s, when, "k", "x", token + 1) == answered::exists);
    CHECK(value_of(s, "k") == "old");
    CHECK(store(s, when, "k", "new", token) == answered::ok);
    CHECK(value_of(s, "k") == "new");
    CHECK(s.find("k", now)->cas != token);
}

TEST_CASE("a server without tokens stores without comparing, but deletes and counts comparing") {
    model_store s(without_cas());
    CHECK(store(s, condition::none, "k", "1", 5) == answered::ok);
    CHECK(s.find("k", now)->cas == 0);
    CHECK(store(s, condition::absent, "k", "2", 5) == answered::exists);
    CHECK(store(s, condition::present, "m", "2", 5) == answered::not_found);
    CHECK(s.join(side::back, "k", "!", 5, now).status == answered::ok);
    CHECK(s.count(direction::up, "n", {1, 7, 0}, 5, now).status == answered::ok);
    CHECK(s.count(direction::up, "n", {1, 7, 0}, 5, now).status == answered::exists);
    CHECK(s.count(direction::up, "n", {1, 7, 0}, 0, now).number == 8);
    CHECK(s.remove("k", 5, now).status == answered::exists);
    CHECK(s.remove("k", 0, now).status == answered::ok);
}

TEST_CASE("append and prepend keep flags and expiry, and miss with a word of their own") {
    model_store s;
    CHECK(s.join(side::back, "k", "x", 0, now).status == answered::not_stored);
    s.store(condition::none, "k", "mid", 7, 60, 0, now);
    CHECK(s.join(side::back, "k", "-tail", 0, now).status == answered::ok);
    CHECK(s.join(side::front, "k", "head-", 0, now).status == answered::ok);
    CHECK(value_of(s, "k") == "head-mid-tail");
    CHECK(s.find("k", now)->flags == 7);
    CHECK(s.find("k", now)->expires == now + 60);
    CHECK(s.join(side::back, "k", "x", 99, now).status == answered::exists);
}

TEST_CASE("a sum over the limit is not stored, and the old value stays") {
    model_options options;
    options.item_size_max = 1000;
    model_store s(options);
    s.store(condition::none, "k", std::string(600, 'a'), 0, 0, 0, now);
    CHECK(s.join(side::back, "k", std::string(600, 'b'), 0, now).status == answered::not_stored);
    CHECK(s.join(side::back, "k", std::string(2000, 'b'), 0, now).status == answered::too_large);
    CHECK(value_of(s, "k") == std::string(600, 'a'));
}

TEST_CASE("counters wrap upwards, stop at zero downwards, and are padded when they shrink") {
    model_store s;
    CHECK(s.count(direction::up, "n", {1, 0, 0xffffffff}, 0, now).status == answered::not_found);
    CHECK(s.count(direction::down, "n", {1, 1000, 0}, 0, now).number == 1000);
    CHECK(s.count(direction::down, "n", {1, 5, 60}, 0, now).number == 999);
    CHECK(value_of(s, "n") == "999 ");
    CHECK(s.find("n", now)->expires == 0);
    CHECK(s.count(direction::down, "n", {5000, 0, 0}, 0, now).number == 0);
    CHECK(value_of(s, "n") == "0   ");

    CHECK(s.count(direction::up, "m", {0, 0xffffffffffffffff, 0}, 0, now).status == 0);
    CHECK(s.count(direction::up, "m", {2, 0, 0}, 0, now).number == 1);
    CHECK(s.count(direction::up, "m", {2, 0, 0}, 12345, now).status == answered::exists);
    CHECK(s.count(direction::up, "new", {2, 3, 0}, 12345, now).number == 3);
}

TEST_CASE("what is no number below 2^64 is not counted") {
    const auto [text, number] = GENERATE(table<std::string, std::uint16_t>({
        {"12", 0},
        {" 12", 0},
        {"+12", 0},
        {"12 ", 0},
        {"18446744073709551615", 0},
        {"00000000000000000000000000000012", 0},
        {"12 and more", 0},
        {std::string("12\0more", 7), 0},
        {"-0", 0},
        {"-18446744073709551615", 0},  // 1, as strtoull has it
        {"18446744073709551616", answered::not_a_number},
        {"-1", answered::not_a_number},
        {"", answered::not_a_number},
        {"12abc", answered::not_a_number},
        {"abc", answered::not_a_number},
    }));
    CAPTURE(text);
    model_store s;
    store(s, condition::none, "n", text);
    CHECK(s.count(direction::up, "n", {1, 0, 0}, 0, now).status == number);
}

TEST_CASE("what is empty is no number, whatever the token") {
    model_store s;
    store(s, condition::none, "n", "");
    CHECK(s.count(direction::up, "n", {1, 0, 0}, 12345, now).status == answered::not_a_number);
}

TEST_CASE("touch changes the expiry and not the token") {
    model_store s;
    CHECK(s.touch("k", 60, now).status == answered::not_found);
    store(s, condition::none, "k", "v");
    const std::uint64_t token = s.find("k", now)->cas;
    CHECK(s.touch("k", 60, now).found->cas == token);
    CHECK(value_of(s, "k", now + 59) == "v");
    CHECK(s.touch("k", long_past, now).status == answered::ok);
    CHECK(value_of(s, "k") == "(none)");
}

TEST_CASE("a delayed flush comes a second early, and for a second nothing stays") {
    const auto [cas, delay] = GENERATE(
        table<bool, std::uint32_t>({{true, 1}, {true, 3}, {false, 0}, {false, 1}, {false, 3}}));
    CAPTURE(cas, delay);
    model_options options;
    options.cas = cas;
    model_store s(options);
    const std::uint64_t fires = now + delay - (cas ? 1 : 0);
    store(s, condition::none, "k", "old");

    s.flush(delay, now);

    if (fires > now) CHECK(value_of(s, "k", fires - 1) == "old");
    CHECK(value_of(s, "k", fires) == "(none)");
    s.store(condition::none, "k", "lost", 0, 0, 0, fires);
    CHECK(value_of(s, "k", fires) == "(none)");
    s.store(condition::none, "k", "new", 0, 0, 0, fires + 1);
    CHECK(value_of(s, "k", fires + 1) == "new");
}

TEST_CASE("a flush at once takes the place of one that was to come") {
    model_store s;
    s.flush(100, now);
    s.flush(0, now);
    store(s, condition::none, "k", "v");
    CHECK(value_of(s, "k", now + 200) == "v");
}
