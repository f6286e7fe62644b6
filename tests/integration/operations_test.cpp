// Every single call against real memcached: what it answers, and what it leaves behind.

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::cas_token;
using kmc::del_outcome;
using kmc::errc;
using kmc::stage;
using kmc::store_outcome;
using kmc::update_outcome;

namespace {

constexpr std::uint64_t max64 = std::numeric_limits<std::uint64_t>::max();

std::string read(const kmc::sync_client& mc, std::string_view key) {
    const auto got = mc.get(key);
    REQUIRE(got);
    return got.value() ? got.value()->to_string() : "(none)";
}

std::optional<std::string> declined_by_function(std::optional<std::string_view>) {
    return std::nullopt;
}

cas_token token_of(const kmc::sync_client& mc, std::string_view key) {
    const auto got = mc.get(key);
    REQUIRE(got);
    REQUIRE(got.value());
    return got.value()->token();
}

}  // namespace

TEST_CASE("add stores only where there is nothing, replace only where there is something") {
    const cluster servers = any_cluster({1, 2});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "conditional";

    CHECK(mc.replace(key, "early").value() == std::nullopt);
    const auto added = mc.add(key, "first", {.flags = 0xdeadbeef});
    CHECK(added.value() != std::nullopt);
    CHECK(token_of(mc, key) == added.value());
    CHECK(mc.get(key).value()->flags() == 0xdeadbeef);
    CHECK(mc.add(key, "second").value() == std::nullopt);
    CHECK(read(mc, key) == "first");
    const auto replaced = mc.replace(key, "third");
    CHECK(replaced.value() != std::nullopt);
    CHECK(token_of(mc, key) == replaced.value());
    CHECK(read(mc, key) == "third");
}

TEST_CASE("append and prepend extend what is there and keep its flags") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "extended";

    CHECK(mc.append(key, "x").value() == std::nullopt);
    CHECK(mc.prepend(key, "x").value() == std::nullopt);
    CHECK(read(mc, key) == "(none)");
    REQUIRE(mc.set(key, "middle", {.flags = 77}));
    CHECK(mc.append(key, " end").value() != std::nullopt);
    CHECK(mc.prepend(key, "start ").value() != std::nullopt);
    CHECK(mc.append(key, "").value() != std::nullopt);

    CHECK(read(mc, key) == "start middle end");
    CHECK(mc.get(key).value()->flags() == 77);
}

TEST_CASE("cas stores only over the version that was seen") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "compared";

    CHECK(mc.cas(key, "v", cas_token{12345}).value() == store_outcome::not_found);
    REQUIRE(mc.set(key, "one"));
    const cas_token seen = token_of(mc, key);
    REQUIRE(mc.set(key, "two"));

    CHECK(mc.cas(key, "late", seen).value() == store_outcome::exists);
    CHECK(read(mc, key) == "two");
    CHECK(mc.cas(key, "three", token_of(mc, key)).value() == store_outcome::stored);
    CHECK(read(mc, key) == "three");
    const auto tokenless = mc.cas(key, "four", cas_token{});
    REQUIRE(!tokenless);
    CHECK(tokenless.error() == errc::no_cas);
    CHECK(tokenless.error().at == stage::not_sent);
    CHECK(read(mc, key) == "three");
}

TEST_CASE("del with a token removes only the version that was seen") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "removed";

    CHECK(mc.del(key, cas_token{1}).value() == del_outcome::not_found);
    REQUIRE(mc.set(key, "one"));
    const cas_token seen = token_of(mc, key);
    REQUIRE(mc.set(key, "two"));

    CHECK(mc.del(key, seen).value() == del_outcome::exists);
    CHECK(read(mc, key) == "two");
    CHECK(mc.del(key, token_of(mc, key)).value() == del_outcome::deleted);
    CHECK(read(mc, key) == "(none)");
    CHECK(mc.del(key, cas_token{}).error() == errc::no_cas);
}

TEST_CASE("a server without cas is found out, not believed") {
    if (control_is_missing()) return;
    const cluster servers({1}, {"-C"});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());

    REQUIRE(mc.set("k", "one").value() == cas_token{});
    CHECK(token_of(mc, "k") == cas_token{});
    CHECK(mc.cas("k", "two", token_of(mc, "k")).error() == errc::no_cas);
    CHECK(read(mc, "k") == "one");
    // A token of better times: the server stores without looking at it.
    const auto blind = mc.cas("k", "two", cas_token{7});
    REQUIRE(!blind);
    CHECK(blind.error() == errc::no_cas);
    CHECK(blind.error().at == stage::answered);
    const auto updated = mc.update(
        "k", [](std::optional<std::string_view>) { return std::optional<std::string>("three"); });
    CHECK(updated.error() == errc::no_cas);
}

TEST_CASE("counters count, wrap at 2^64, stop at 0, and are created on request") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "counter";

    CHECK(mc.incr(key).value() == std::nullopt);
    CHECK(mc.decr(key, 5).value() == std::nullopt);
    CHECK(read(mc, key) == "(none)");
    CHECK(mc.incr(key, 5, {.initial = 100}).value() == 100U);
    CHECK(mc.incr(key, 5, {.initial = 7}).value() == 105U);
    CHECK(mc.incr(key, 0).value() == 105U);
    CHECK(mc.decr(key, 6).value() == 99U);
    CHECK(read(mc, key) == "99 ");  // the server's own padding
    CHECK(mc.decr(key, 1000).value() == 0U);

    REQUIRE(mc.set(key, std::to_string(max64)));
    CHECK(mc.incr(key, 0).value() == max64);
    CHECK(mc.incr(key, 2).value() == 1U);
    CHECK(mc.decr(key, max64).value() == 0U);
    CHECK(mc.incr(key, max64).value() == max64);
    const std::string fresh = key_prefix() + "largest";
    CHECK(mc.incr(fresh, 1, {.initial = max64}).value() == max64);

    REQUIRE(mc.set(key, "twelve"));
    const auto refused = mc.incr(key);
    REQUIRE(!refused);
    CHECK(refused.error() == errc::not_a_number);
    CHECK(refused.error().at == stage::answered);
    CHECK(read(mc, key) == "twelve");
}

TEST_CASE("touch and gat change when an item goes, and nothing else") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "touched";

    CHECK(mc.touch(key, 1h).value() == false);
    CHECK(mc.gat(key, 1h).value() == std::nullopt);
    REQUIRE(mc.set(key, "v", {.flags = 5}));
    const cas_token before = token_of(mc, key);
    CHECK(mc.touch(key, 1h).value() == true);
    const auto got = mc.gat(key, 1h);
    REQUIRE((got && got.value()));
    CHECK(got.value()->bytes() == "v");
    CHECK(got.value()->flags() == 5);
    CHECK(got.value()->token() == before);

    // Expired at once: a moment in the past.
    CHECK(mc.touch(key, 0s).value() == true);
    CHECK(mc.touch(key, 1h).value() == false);
    REQUIRE(mc.set(key, "v"));
    CHECK(mc.gat(key, 0s).value() != std::nullopt);
    CHECK(read(mc, key) == "(none)");
    CHECK(mc.incr(key, 1, {.initial = 1, .ttl = 0s}).value() == 1U);
    CHECK(read(mc, key) == "(none)");
}

TEST_CASE("exists tells without touching the item") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "there";

    CHECK(mc.exists(key).value() == false);
    CHECK(read(mc, key) == "(none)");
    REQUIRE(mc.set(key, "v"));
    const cas_token before = token_of(mc, key);
    CHECK(mc.exists(key).value() == true);
    CHECK(token_of(mc, key) == before);
}

TEST_CASE("get_into fills the caller's memory or leaves it alone") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::string key = key_prefix() + "into";
    const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 1000, 16384, 32767, 32768, 500'000);
    CAPTURE(size);
    std::string written(size, 'x');
    for (std::size_t i = 0; i < size; ++i) written[i] = static_cast<char>(i * 31);
    s.write(key, written, {.flags = 9});
    const bool from_a_reactor = GENERATE(false, true);
    std::vector<std::byte> room(size + 3, std::byte{0x5a});
    const auto fetch = [&](std::string_view k, std::span<std::byte> into) {
        auto op = s.mc().get_into(k, into);
        if (!from_a_reactor) return kmc::sync_wait(std::move(op));
        const auto task =
            [](kmc::detail::get_into_op ask) -> kmc::task<kmc::result<std::optional<kmc::filled>>> {
            co_return co_await std::move(ask);
        };
        return s.rt().block_on(task(std::move(op)));
    };

    const auto whole = fetch(key, room);
    REQUIRE((whole && whole.value()));
    CHECK(whole.value()->size_bytes == size);
    CHECK(whole.value()->flags == 9);
    CHECK(whole.value()->fits);
    bool same = true;
    for (std::size_t i = 0; i < size; ++i) same &= room[i] == static_cast<std::byte>(written[i]);
    CHECK(same);
    CHECK(room[size] == std::byte{0x5a});
    CHECK(fetch(key_prefix() + "nothing", room).value() == std::nullopt);

    if (size == 0) return;
    std::vector<std::byte> small(size - 1, std::byte{0x5a});
    const auto cut = fetch(key, small);
    REQUIRE((cut && cut.value()));
    CHECK(cut.value()->size_bytes == size);
    CHECK(!cut.value()->fits);
    bool untouched = true;
    for (const std::byte b : small) untouched &= b == std::byte{0x5a};
    CHECK(untouched);
}

TEST_CASE("flush forgets the items of one server, or of all") {
    if (control_is_missing()) return;
    const cluster servers({1, 1, 1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const auto keys = make_keys("flushed", 30);
    s.write_all(keys, 1, 10);

    REQUIRE(mc.flush(1));
    for (const std::string& key : keys) {
        CHECK((read(mc, key) == "(none)") == (s.mc().locate(key) == 1));
    }
    for (const auto& r : mc.flush_all()) CHECK(r);
    for (const std::string& key : keys) CHECK(read(mc, key) == "(none)");
    CHECK(mc.flush(3).error() == errc::bad_config);

    // More than 30 days is a moment on the wire, not a time: nothing may go now.
    s.write_all(keys, 2, 10);
    REQUIRE(mc.flush(1, {.delay = 24h * 40}));
    for (const std::string& key : keys) CHECK(read(mc, key) != "(none)");
}

TEST_CASE("a server that forbids flushing says so and goes on") {
    if (control_is_missing()) return;
    const cluster servers({1}, {"-F"});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    REQUIRE(mc.set("k", "v"));

    const auto refused = mc.flush(0);
    REQUIRE(!refused);
    CHECK(refused.error() == errc::auth_failed);
    CHECK(refused.error().at == stage::answered);
    CHECK(read(mc, "k") == "v");
    CHECK(stat(servers.text(0), "total_connections") <= 3);
}

TEST_CASE("stats come whole, by group, and from every server") {
    if (control_is_missing()) return;
    const cluster servers({1, 1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    REQUIRE(mc.set("k", "v"));

    const auto general = mc.stats(0);
    REQUIRE(general);
    CHECK(general.value().find("version") == std::optional<std::string_view>(s.version(0).value()));
    CHECK(general.value().find("no such thing") == std::nullopt);
    CHECK(general.value().entries.size() > 30);
    const auto settings = mc.stats(1, "settings");
    REQUIRE(settings);
    CHECK(settings.value().find("item_size_max") == std::optional<std::string_view>("1048576"));
    const auto reset = mc.stats(0, "reset");
    REQUIRE(reset);
    CHECK(reset.value().entries.empty());
    const auto unknown = mc.stats(0, "weather");
    REQUIRE(!unknown);
    CHECK(unknown.error() ==
          kmc::error{.code = errc::server_error, .at = stage::answered, .server = 0, .status = 1});
    CHECK(read(mc, "k") == "v");

    const auto all = mc.stats_all();
    REQUIRE(all.size() == 2);
    for (const auto& one : all) CHECK(one.value().find("pid") != std::nullopt);
    CHECK(all[0].value().find("pid") != all[1].value().find("pid"));
    for (const auto& r : mc.ping_all()) CHECK(r);
    for (const auto& r : mc.version_all()) CHECK(r.value() == s.version(0).value());
}

TEST_CASE("update reads, changes and stores, and tells what became of it") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "updated";
    const auto twice = [](std::optional<std::string_view> now) -> std::optional<std::string> {
        return now ? std::string(*now) + std::string(*now) : "ab";
    };
    const auto decline = [](std::optional<std::string_view>) -> std::optional<std::string> {
        return std::nullopt;
    };

    CHECK(mc.update(key, declined_by_function).value() == update_outcome::missing);
    CHECK(mc.update(key, twice, {.deadline = kmc::duration::min()}).error() == errc::timed_out);
    CHECK(mc.update(key, twice).value() == update_outcome::missing);
    CHECK(mc.update(key, decline, {.create = true}).value() == update_outcome::missing);
    CHECK(mc.update(key, twice, {.create = true, .flags = 3}).value() == update_outcome::created);
    CHECK(mc.update(key, twice).value() == update_outcome::updated);
    CHECK(mc.update(key, decline).value() == update_outcome::unchanged);
    CHECK(read(mc, key) == "abab");
    CHECK(mc.get(key).value()->flags() == 3);

    const auto meddle = [&](std::optional<std::string_view>) -> std::optional<std::string> {
        text_connection other(servers.text(0));
        static_cast<void>(other.ask("set " + key + " 0 0 6\r\ntheirs", "STORED\r\n"));
        return "mine";
    };
    CHECK(mc.update(key, meddle, {.attempts = 3}).value() == update_outcome::contended);
    CHECK(read(mc, key) == "theirs");
}

TEST_CASE("a thousand updates by four threads are all counted") {
    const cluster servers = any_cluster({1});
    session s(servers.servers(), patient(), 2);
    const kmc::sync_client mc(s.mc());
    const std::string key = key_prefix() + "tally";
    REQUIRE(mc.set(key, "0"));
    std::vector<int> failures(4, 0);

    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < failures.size(); ++t) {
        threads.emplace_back([&, t] {
            const auto next = [](std::optional<std::string_view> now) {
                return std::optional<std::string>(std::to_string(std::stoi(std::string(*now)) + 1));
            };
            for (int i = 0; i < 250; ++i) {
                const auto r = mc.update(key, next, {.attempts = 10'000, .deadline = 60s});
                if (!r || r.value() != update_outcome::updated) ++failures[t];
            }
        });
    }
    for (std::thread& t : threads) t.join();

    CHECK(failures == std::vector<int>(4, 0));
    CHECK(read(mc, key) == "1000");
}

TEST_CASE("calls of different kinds run together and answer in order") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    const std::string key = key_prefix() + "together";
    struct job {
        static kmc::task<bool> run(const kmc::client& mc, const std::string& key) {
            const auto [stored, counted, none] = co_await kmc::when_all(
                mc.set(key, "v"), mc.incr(key + "n", 1, {.initial = 41}), mc.get(key + "x"));
            std::vector<kmc::detail::get_op> reads;
            for (int i = 0; i < 50; ++i) reads.push_back(mc.get(key));
            const auto all = co_await kmc::when_all(std::move(reads));
            bool same = all.size() == 50;
            for (const auto& r : all) same = same && r && r.value() && r.value()->bytes() == "v";
            co_return stored&& counted&& counted.value() == 41U && none && !none.value() && same;
        }
    };

    CHECK(s.rt().block_on(job::run(s.mc(), key)));
    CHECK(kmc::sync_wait(job::run(s.mc(), key + "2")));
    const auto [a, b] = kmc::sync_wait(kmc::when_all(s.mc().version(0), s.mc().ping(1)));
    CHECK(a);
    CHECK(b);
}

TEST_CASE("keys of every byte value, with flags of every bit, come back from every call") {
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    for (int byte = 0; byte < 256; ++byte) {
        const std::string key = key_prefix() + static_cast<char>(byte);
        const std::uint32_t flags = 1U << (byte % 32);
        CAPTURE(byte);
        REQUIRE(mc.add(key, "a", {.flags = flags}).value());
        REQUIRE(mc.append(key, "b").value());
        REQUIRE(mc.touch(key, 1h).value());
        const auto got = mc.gat(key, 1h);
        REQUIRE((got && got.value()));
        CHECK(got.value()->bytes() == "ab");
        CHECK(got.value()->flags() == flags);
        CHECK(mc.del(key, got.value()->token()).value() == del_outcome::deleted);
    }
    const std::string longest(250, 'k');
    CHECK(mc.set(longest, "v"));
    CHECK(mc.get(longest + "k").error() == errc::bad_key);
    CHECK(mc.incr("").error() == errc::bad_key);
    CHECK(mc.stats(0, longest + "k").error() == errc::bad_key);
}

TEST_CASE("a stop on another thread cancels calls that wait for a silent server") {
    const silent_port silent;
    session s(silent.text(), {.call_timeout = 60s, .connect_timeout = 60s, .stall_timeout = 60s});
    std::stop_source source;
    const std::stop_token token = source.get_token();
    const bool from_a_reactor = GENERATE(false, true);
    struct job {
        static kmc::task<kmc::result<std::optional<kmc::value>>> run(const kmc::client& mc,
                                                                     const std::stop_token& t) {
            co_return co_await mc.get("k", {.stop = &t});
        }
    };

    std::thread stopper([&] { source.request_stop(); });
    const auto got = from_a_reactor ? s.rt().block_on(job::run(s.mc(), token))
                                    : kmc::sync_wait(s.mc().get("k", {.stop = &token}));
    stopper.join();

    REQUIRE(!got);
    CHECK(got.error() == errc::cancelled);
    CHECK(!got.error().maybe_executed());
}

TEST_CASE("blocking a reactor is refused") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    struct job {
        static kmc::task<bool> run(const kmc::client& mc) {
            try {
                static_cast<void>(kmc::sync_client(mc).get("k"));
            } catch (const std::system_error& e) {
                co_return e.code() == errc::wrong_thread;
            }
            co_return false;
        }
    };
    CHECK(s.rt().block_on(job::run(s.mc())));
}

TEST_CASE("a prefix goes before every key, and the ring hashes what it is told to") {
    const cluster servers = any_cluster({1, 1, 1});
    session plain(servers.servers());
    session bare(servers.servers(), {.call_timeout = 10s, .prefix = "app:"});
    session whole(servers.servers(), {.call_timeout = 10s, .prefix = "app:", .hash_prefix = true});
    std::size_t moved = 0;
    for (const std::string& key : make_keys("prefixed", 60)) {
        CHECK(bare.mc().locate(key) == plain.mc().locate(key));
        CHECK(whole.mc().locate(key) == plain.mc().locate("app:" + key));
        moved += whole.mc().locate(key) != bare.mc().locate(key) ? 1 : 0;
        whole.write(key, "v");
        CHECK(plain.read("app:" + key) == "v");
        CHECK(whole.read(key) == "v");
        if (whole.mc().locate(key) == bare.mc().locate(key)) CHECK(bare.read(key) == "v");
    }
    CHECK(moved != 0);
    const std::string longest(246, 'k');
    CHECK(whole.set(longest, "v"));
    CHECK(whole.set(longest + "k", "v").error() == errc::bad_key);
    CHECK(whole.set("", "v").error() == errc::bad_key);
}

TEST_CASE("hash tags and groups keep together what belongs together") {
    const cluster servers = any_cluster({1, 1, 1, 1});
    session s(servers.servers(), {.call_timeout = 10s, .hash_tag = "{}"});
    const std::size_t home = s.mc().locate("user7");
    for (int i = 0; i < 20; ++i) {
        const std::string tagged = key_prefix() + "{user7}:" + std::to_string(i);
        CHECK(s.mc().locate(tagged) == home);
        s.write(tagged, "t");
        CHECK(s.read(tagged) == "t");

        const std::string grouped = key_prefix() + "grouped" + std::to_string(i);
        CHECK(s.mc().locate(grouped, "user7") == home);
        REQUIRE(s.set(grouped, "g", {.group = "user7"}));
        CHECK(s.get(grouped, {.group = "user7"}).value()->bytes() == "g");
    }
    CHECK(s.mc().locate("{}x") == session(servers.servers()).mc().locate("{}x"));
}

TEST_CASE("lanes share the keys, and large values have one of their own") {
    if (control_is_missing()) return;
    const cluster servers({1});
    session s(servers.servers(), {.call_timeout = 30s, .lanes = 3, .bulk_bytes = 100'000});
    const auto before = stat(servers.text(0), "curr_connections");
    for (int i = 0; i < 50; ++i) s.write("k" + std::to_string(i), "v");
    CHECK(stat(servers.text(0), "curr_connections") == before + 3);

    s.write("large", std::string(200'000, 'v'));
    CHECK(s.get("large", {.large = true}).value()->bytes().size() == 200'000);
    CHECK(stat(servers.text(0), "curr_connections") == before + 4);
}

TEST_CASE("large values are sent from where they are, by every store, from any thread") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    const std::size_t size =
        GENERATE(as<std::size_t>{}, 0, 10, 16383, 16384, 32767, 32768, 900'000);
    CAPTURE(size);
    std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 + i / 1000);
    const kmc::shared_bytes value{std::string(bytes)};
    struct job {
        static kmc::task<bool> run(const kmc::client& mc, std::string key,
                                   kmc::shared_bytes value) {
            std::vector<kmc::detail::store_op> many;
            for (int i = 0; i < 8; ++i) many.push_back(mc.set(key, value));
            for (const auto& r : co_await kmc::when_all(std::move(many))) {
                if (!r) co_return false;
            }
            auto got = co_await mc.get(key);
            if (!got || !got.value() || got.value()->bytes() != value.view()) co_return false;
            const auto token = got.value()->token();
            // What a get brought goes back without a copy.
            const kmc::shared_bytes again(std::move(*got.value()));
            const auto swapped = co_await mc.cas(key, again, token);
            if (!swapped || swapped.value() != store_outcome::stored) co_return false;
            const auto replaced = co_await mc.replace(key, value);
            const auto added = co_await mc.add(key, value);
            const auto removed = co_await mc.del(key);
            const auto added_now = co_await mc.add(key, value);
            got = co_await mc.get(key);
            co_return replaced&& replaced.value() && added && !added.value() && removed &&
                added_now && added_now.value() && got && got.value() &&
                got.value()->bytes() == value.view();
        }
    };

    CHECK(s.rt().block_on(job::run(s.mc(), key_prefix() + "lent", value)));
    CHECK(kmc::sync_wait(job::run(s.mc(), key_prefix() + "lent from afar", value)));
    CHECK(value.view() == bytes);
    if (size != 0) CHECK(value.block()->owners == 1);
}
