// Typed calls from the await to the store and back, and what their errors carry.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"

using kmc::errc;
using kmc::flag_dialect;
using kmc::stage;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;

namespace {

struct point {
    int x = 0;
    int y = 0;
};

kmc::client_options speaking(flag_dialect dialect) {
    kmc::client_options options;
    options.values.dialect = dialect;
    return options;
}

void run(sim_cluster& world, kmc::task<void> work) {
    sim_job job = world.start(std::move(work));
    world.step();
    REQUIRE(world.finish(job));
}

template <class T>
kmc::task<void> get_as(kmc::client& mc, std::string key, kmc::result<std::optional<T>>& out) {
    out = co_await mc.get<T>(key);
}

template <class T>
kmc::result<std::optional<T>> read(sim_cluster& world, std::string key) {
    kmc::result<std::optional<T>> out{std::nullopt};
    run(world, get_as<T>(world.mc(), std::move(key), out));
    return out;
}

template <class T>
kmc::task<void> set_as(kmc::client& mc, std::string key, T value, kmc::store_options options,
                       kmc::result<kmc::cas_token>& out) {
    out = co_await mc.set<T>(key, value, options);
}

template <class T>
kmc::result<kmc::cas_token> write(sim_cluster& world, std::string key, T value,
                                  kmc::store_options options = {}) {
    kmc::result<kmc::cas_token> out{kmc::cas_token{}};
    run(world, set_as<T>(world.mc(), std::move(key), std::move(value), options, out));
    return out;
}

kmc::task<void> set_raw(kmc::client& mc, std::string key, std::string bytes, std::uint32_t flags) {
    const auto stored = co_await mc.set(key, bytes, {.flags = flags});
    if (!stored) std::abort();
}

}  // namespace

template <>
struct kmc::codec<point> {
    static void encode(const point& p, kmc::encoding& out) {
        out.adopt(std::to_string(p.x) + ' ' + std::to_string(p.y), kmc::value_kind::text);
    }
    static kmc::result<point> decode(const kmc::content& in) {
        const auto gap = in.bytes.find(' ');
        if (gap == std::string_view::npos) return in.bad();
        return point{std::stoi(std::string(in.bytes.substr(0, gap))),
                     std::stoi(std::string(in.bytes.substr(gap)))};
    }
};

TEST_CASE("a typed value is stored with the dialect's flags and comes back as its type") {
    sim_cluster world(1, 2, speaking(flag_dialect::php_memcached));

    REQUIRE(write<long>(world, "n", -5));
    REQUIRE(write<double>(world, "d", 0.5, {.flags = 0x7'0000}));
    REQUIRE(write<std::string>(world, "s", "text"));
    REQUIRE(write<std::string_view>(world, "v", "a longer text, by view"));
    REQUIRE(write<bool>(world, "b", true));

    CHECK(world.stored("n")->flags == 1);
    CHECK(world.stored("d")->flags == 0x7'0002);
    CHECK(read<long>(world, "n").value() == -5);
    CHECK(read<double>(world, "d").value() == 0.5);
    CHECK(read<std::string>(world, "s").value() == "text");
    CHECK(read<std::string>(world, "v").value() == "a longer text, by view");
    CHECK(read<bool>(world, "b").value() == true);
    CHECK(read<kmc::versioned<double>>(world, "d").value()->application_flags == 0x7'0000);
}

TEST_CASE("a miss is a miss for every type") {
    sim_cluster world(2, 1);

    CHECK(read<int>(world, "none").value() == std::nullopt);
    CHECK(read<bool>(world, "none").value() == std::nullopt);
    CHECK(read<std::string>(world, "none").value() == std::nullopt);
}

TEST_CASE("a type of the user's own goes through the client") {
    sim_cluster world(3, 2);

    REQUIRE(write<point>(world, "p", {3, -4}));

    const auto p = read<point>(world, "p");
    REQUIRE(p.value());
    CHECK(p.value()->x == 3);
    CHECK(p.value()->y == -4);
    CHECK(read<int>(world, "p").error() == errc::bad_value);
}

TEST_CASE("a foreign value names its server, its flags, and what they mean") {
    sim_cluster world(4, 3, speaking(flag_dialect::pylibmc));
    run(world, set_raw(world.mc(), "k", "\x80\x05N.", 1));

    const auto refused = read<std::string>(world, "k");

    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::foreign_value);
    CHECK(refused.error().at == stage::answered);
    CHECK(refused.error().server == world.mc().locate("k"));
    CHECK(refused.error().status == 1);
    const std::string words = world.mc().describe(refused.error());
    CHECK(words == world.mc().servers()[refused.error().server].text +
                       ": the value's flags tell of a type that kmc does not read: pylibmc: a "
                       "pickled object (flags 0x1), answered");
}

TEST_CASE("a value that does not fit names its server") {
    sim_cluster world(5, 3);
    world.plant("k", "300");

    const auto refused = read<std::uint8_t>(world, "k");

    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::bad_value);
    CHECK(refused.error().at == stage::answered);
    CHECK(refused.error().server == world.mc().locate("k"));
    CHECK(read<std::uint16_t>(world, "k").value() == 300);
}

TEST_CASE("a value without a form in the dialect is refused before anything is sent") {
    sim_cluster world(6, 1, speaking(flag_dialect::pylibmc));

    const auto real = write<double>(world, "k", 1.5);
    const auto flagged = write<int>(world, "k", 1, {.flags = 0x1'0000});

    for (const auto& refused : {real, flagged}) {
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == errc::bad_value);
        CHECK(refused.error().at == stage::not_sent);
    }
    CHECK(world.stored("k") == nullptr);
}

TEST_CASE("errors of the call itself come through a typed call unchanged") {
    sim_cluster world(7, 1);

    CHECK(read<int>(world, "").error() == errc::bad_key);
    CHECK(write<int>(world, "", 1).error() == errc::bad_key);
    CHECK(write<std::string>(world, "k", std::string(2 * 1024 * 1024, 'x')).error() ==
          errc::too_large);
}

namespace {

kmc::task<void> kept_descriptors(kmc::client& mc, bool& right) {
    auto store = mc.set<int>("n", 41 + 1);  // the number is gone when the call begins
    auto load = mc.get<int>("n");
    const auto stored = co_await std::move(store);
    const auto loaded = co_await std::move(load);
    right = stored.has_value() && loaded.has_value() && loaded.value() == 42;
}

kmc::task<void> batch_as_numbers(kmc::client& mc, std::vector<int>& out) {
    const std::array<std::string_view, 2> keys{"a", "b"};
    const auto reply = co_await mc.get_many(keys);
    for (std::size_t i = 0; i < reply.size(); ++i) {
        out.push_back(mc.decode<int>(*reply[i].value()).value());
    }
}

}  // namespace

TEST_CASE("a descriptor keeps a number by value") {
    sim_cluster world(8, 1);
    bool right = false;

    run(world, kept_descriptors(world.mc(), right));

    CHECK(right);
}

TEST_CASE("values of a batch are decoded by the same rules") {
    sim_cluster world(9, 2);
    world.plant("a", "7");
    world.plant("b", "999 ");
    std::vector<int> numbers;

    run(world, batch_as_numbers(world.mc(), numbers));

    CHECK(numbers == std::vector{7, 999});
}

TEST_CASE("a typed call may be destroyed wherever it is") {
    for (int steps = 0; steps < 8; ++steps) {
        sim_cluster world(10, 1, speaking(flag_dialect::php_memcached));
        kmc::result<kmc::cas_token> out{kmc::cas_token{}};
        kmc::result<std::optional<std::string>> got{std::nullopt};
        {
            sim_job store =
                world.start(set_as<std::string>(world.mc(), "k", std::string(500, 'x'), {}, out));
            sim_job load = world.start(get_as<std::string>(world.mc(), "k", got));
            for (int i = 0; i <= steps; ++i) world.step(std::chrono::milliseconds(1));
        }
        world.run_for(std::chrono::seconds(2));
        CHECK(world.at_rest());
    }
}

TEST_CASE("long text is compressed on its way and unfolded on its way back") {
    if (!kmc::has_zlib()) {
        WARN("this kmc is built without zlib");
        return;
    }
    kmc::client_options options = speaking(flag_dialect::php_memcached);
    options.values.compress_from = 100;
    sim_cluster world(11, 1, options);
    const std::string text(5000, 'x');

    REQUIRE(write<std::string>(world, "k", text));

    CHECK(world.stored("k")->flags == 0x30);
    CHECK(world.stored("k")->value.size() < 100);
    CHECK(read<std::string>(world, "k").value() == text);
}
