// One table: how often each call takes memory once everything is warm. The table below is what is
// promised; the test counts each of its rows, and docs/costs.md is the same table printed
// (KMC_WRITE_DOCS=1 writes it). Counted on real connections: a simulated network allocates too.

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"

using namespace std::chrono_literals;
using namespace kmc::testing;

namespace {

constexpr std::size_t warm_up_rounds = 200;
constexpr std::size_t counted_rounds = 100;
constexpr std::size_t key_count = 40;

// ---- what the calls are made with ---------------------------------------------------------------

// Takes coroutines back to the thread that drains it.
class inbox final : public kmc::resumer {
public:
    void post(std::coroutine_handle<> waiting) noexcept override {
        const std::lock_guard lock(mutex_);
        waiting_ = waiting;
        has_one_.notify_one();
    }
    void resume_one() {
        std::unique_lock lock(mutex_);
        has_one_.wait(lock, [this] { return waiting_ != nullptr; });
        const std::coroutine_handle<> next = std::exchange(waiting_, nullptr);
        lock.unlock();
        next.resume();
    }

private:
    std::mutex mutex_;
    std::condition_variable has_one_;
    std::coroutine_handle<> waiting_;
};

struct world {
    explicit world(const std::string& servers)
        : s(servers), names(make_keys("cost", key_count)), keys(views_of(names)) {}

    session s;
    std::vector<std::string> names;
    std::vector<std::string_view> keys;

    std::string key = "counted";  // stored anew, with `value`, before each round
    std::string value = "7";
    kmc::cas_token token{};
    std::string absent = "absent";
    std::string medium_key = "medium";
    std::string medium = std::string(3'000, 'm');
    std::string large_key = "large";
    std::string large = std::string(100'000, 'l');
    std::string huge_key = "huge";
    std::string huge = std::string(1'000'000, 'h');
    kmc::shared_bytes shared{large};
    std::array<std::string_view, 3> sizes{key, medium_key, large_key};
    std::vector<std::byte> room = std::vector<std::byte>(200'000);

    kmc::many_reply values;
    kmc::yes_no_reply yes_no;
    kmc::write_batch batch;
    kmc::write_reply written;

    std::stop_source stop;
    std::stop_token stop_token = stop.get_token();
    kmc::cancel_scope* scope = nullptr;  // made on the reactor's thread

    kmc::client& mc = s.mc();
    kmc::sync_client blocking{s.mc()};
    inbox home;
};

// An answer that found what it was about; an error never is one.
bool found(bool yes) {
    return yes;
}
bool found(kmc::store_outcome o) {
    return o == kmc::store_outcome::stored;
}
bool found(kmc::del_outcome o) {
    return o == kmc::del_outcome::deleted;
}
bool found(kmc::update_outcome o) {
    return o == kmc::update_outcome::updated;
}
template <class T>
bool found(const T&) {
    return true;
}
template <class T>
bool found(const std::optional<T>& maybe) {
    return maybe.has_value();
}
bool found(const kmc::result<void>& answer) {
    return answer.has_value();
}
template <class T>
bool found(const kmc::result<T>& answer) {
    return answer && found(answer.value());
}
template <class... T>
bool found(const std::tuple<T...>& answers) {
    return std::apply([](const auto&... each) { return (found(each) && ...); }, answers);
}
template <class T>
bool found(const std::vector<T>& answers) {
    return !answers.empty() &&
           std::all_of(answers.begin(), answers.end(), [](const T& each) { return found(each); });
}
bool found(const kmc::many_reply& reply) {
    return reply.size() > 0 && reply.summary().hits == reply.size();
}
bool found(const kmc::yes_no_reply& reply) {  // del_many finds its keys gone
    return reply.size() == key_count && reply.summary().errors == 0;
}
bool found(const kmc::write_reply& reply) {
    return reply.summary().done == key_count && reply.summary().errors == 0;
}

kmc::task<void> begin_round(world& w) {
    const auto stored = co_await w.mc.set(w.key, w.value);
    w.token = stored.value();
}

void fill(world& w) {
    w.batch.clear();
    for (const std::string_view key : w.keys) w.batch.set(key, "a value that was written");
    w.batch.incr(w.absent);
}

// ---- how a row is counted -----------------------------------------------------------------------

struct tally {
    std::uint64_t allocations = 0;
    std::size_t largest_bytes = 0;
    std::size_t right = 0;
};

enum class ends_with : std::uint8_t { something, nothing };

// A call on the reactor: `Make` gives what is awaited. A batch into a reply of the caller's gives
// nothing back; its reply is the member `Into`.
template <class Make, auto Into, ends_with Expected>
kmc::task<tally> count_awaits(world& w) {
    kmc::cancel_scope scope;
    w.scope = &scope;
    tally t;
    for (std::size_t i = 0; i < warm_up_rounds + counted_rounds; ++i) {
        co_await begin_round(w);
        const alloc_counter here;
        bool right = false;
        if constexpr (Into == nullptr) {
            auto answer = co_await Make()(w);
            if constexpr (Expected == ends_with::something) {
                right = found(answer);
            } else {
                right = answer && !answer.value();
            }
        } else {
            co_await Make()(w);
            right = found(w.*Into);
        }
        if (i < warm_up_rounds) continue;
        t.right += right;
        t.allocations += here.calls();
        t.largest_bytes = std::max(t.largest_bytes, here.largest());
    }
    co_return t;
}

// What is no call: a function of the reactor's thread.
template <class Run>
kmc::task<tally> count_runs(world& w) {
    tally t;
    for (std::size_t i = 0; i < counted_rounds; ++i) {
        const alloc_counter here;
        t.right += Run()(w);
        t.allocations += here.calls();
    }
    co_return t;
}

kmc::task<std::uint64_t> calls_so_far() {
    co_return alloc_counter::calls_of_all_threads();
}

// Calls of a thread that is no reactor's: of both threads, until the reactor has done all of it.
template <class Run>
tally count_elsewhere(world& w) {
    const auto rounds = [&w](std::size_t count) {
        std::size_t right = 0;
        for (std::size_t i = 0; i < count; ++i) right += Run()(w);
        return right;
    };
    w.s.rt().block_on(begin_round(w));
    static_cast<void>(rounds(warm_up_rounds));
    const std::uint64_t idle = w.s.rt().block_on(calls_so_far());
    const std::uint64_t before = w.s.rt().block_on(calls_so_far());
    const std::size_t right = rounds(counted_rounds);
    const std::uint64_t after = w.s.rt().block_on(calls_so_far());
    return {.allocations = (after - before) - (before - idle), .right = right};
}

enum class bound : std::uint8_t { exactly, at_most };

struct row {
    const char* call;
    std::uint64_t allocations;
    const char* what_for;
    tally (*count)(world&);
    bound how = bound::exactly;
};

template <class Make, auto Into, ends_with Expected>
tally awaited(world& w) {
    return w.s.rt().block_on(count_awaits<Make, Into, Expected>(w));
}
template <class Run>
tally run_there(world& w) {
    return w.s.rt().block_on(count_runs<Run>(w));
}

// The lambdas of the rows capture nothing, so that their type is all there is to them.
template <class Make>
row call(const char* name, std::uint64_t n, const char* what_for, Make,
         bound how = bound::exactly) {
    return {name, n, what_for, awaited<Make, nullptr, ends_with::something>, how};
}
template <class Make>
row call(const char* name, Make) {
    return call(name, 0, "", Make());
}
template <class Make>
row finds_nothing(const char* name, Make) {
    return {name, 0, "", awaited<Make, nullptr, ends_with::nothing>};
}
template <auto Into, class Make>
row fills(const char* name, Make, std::uint64_t n = 0, const char* what_for = "") {
    return {name, n, what_for, awaited<Make, Into, ends_with::something>};
}
template <class Run>
row plain(const char* name, Run) {
    return {name, 0, "", run_there<Run>};
}
template <class Run>
row elsewhere(const char* name, std::uint64_t n, const char* what_for, Run) {
    return {name, n, what_for, count_elsewhere<Run>, bound::at_most};
}

// ---- calls that need more than a line -----------------------------------------------------------

kmc::task<bool> read_stream(world& w) {
    std::size_t hits = 0;
    auto stream = w.mc.stream_many(w.keys, {.max_unread = 16});
    while (const auto entry = co_await stream.next()) {
        hits += entry->answer && entry->answer.value();
    }
    co_return hits == w.keys.size();
}

constexpr auto next_number = [](std::optional<std::string_view> now) {
    return now ? std::optional<std::string>("8") : std::nullopt;
};

kmc::detail::detached get_at_home(world& w, bool& right) {
    const auto got = co_await w.mc.resuming_on(w.home).get(w.key);
    right = got && got.value();
}

// ---- what is promised ---------------------------------------------------------------------------

struct section {
    const char* title;
    const char* says;
    std::vector<row> rows;
};

section single_calls() {
    return {
        "Single calls",
        "Awaited on a reactor's thread, with an item of one byte where no size is named.",
        {
            call("`get`", [](world& w) { return w.mc.get(w.key); }),
            finds_nothing("`get`: a miss", [](world& w) { return w.mc.get(w.absent); }),
            call("`get` of 3 kB", [](world& w) { return w.mc.get(w.medium_key); }),
            call("`get` of 100 kB", [](world& w) { return w.mc.get(w.large_key); }),
            call("`get_into` of 3 kB",
                 [](world& w) { return w.mc.get_into(w.medium_key, w.room); }),
            call("`get_into` of 100 kB",
                 [](world& w) { return w.mc.get_into(w.large_key, w.room); }),
            call("`gat`", [](world& w) { return w.mc.gat(w.key, 1h); }),
            call("`exists`", [](world& w) { return w.mc.exists(w.key); }),
            call("`set`", [](world& w) { return w.mc.set(w.key, w.value); }),
            call("`set` of 100 kB", [](world& w) { return w.mc.set(w.large_key, w.large); }),
            call("`set` of 1 MB", [](world& w) { return w.mc.set(w.huge_key, w.huge); }),
            call("`set` of 100 kB as `shared_bytes`",
                 [](world& w) { return w.mc.set(w.large_key, w.shared); }),
            finds_nothing("`add`", [](world& w) { return w.mc.add(w.key, w.value); }),
            call("`replace`", [](world& w) { return w.mc.replace(w.key, w.value); }),
            call("`replace` of 100 kB as `shared_bytes`",
                 [](world& w) { return w.mc.replace(w.large_key, w.shared); }),
            call("`append`", [](world& w) { return w.mc.append(w.key, w.value); }),
            call("`prepend`", [](world& w) { return w.mc.prepend(w.key, w.value); }),
            call("`cas`", [](world& w) { return w.mc.cas(w.key, w.value, w.token); }),
            call("`cas` with 100 kB as `shared_bytes`",
                 [](world& w) { return w.mc.cas(w.key, w.shared, w.token); }),
            call(
                "`update`, new value of 15 bytes at most", 1, "its coroutine, where that is large",
                [](world& w) { return w.mc.update(w.key, next_number); }, bound::at_most),
            call("`del`", [](world& w) { return w.mc.del(w.key); }),
            call("`del` with a token", [](world& w) { return w.mc.del(w.key, w.token); }),
            call("`touch`", [](world& w) { return w.mc.touch(w.key, 1h); }),
            call("`incr`", [](world& w) { return w.mc.incr(w.key); }),
            call("`incr` with `.initial`",
                 [](world& w) { return w.mc.incr(w.key, 1, {.initial = 1}); }),
            call("`decr`", [](world& w) { return w.mc.decr(w.key); }),
            plain("`locate`", [](world& w) { return w.mc.locate(w.key) < w.mc.servers().size(); }),
            plain("`resuming_on`, a copy of the handle",
                  [](world& w) { return !w.mc.resuming_on(w.home).servers().empty(); }),
        }};
}

section typed_calls() {
    return {"Typed values",
            "",
            {
                call("`get<int>`", [](world& w) { return w.mc.get<int>(w.key); }),
                call("`get<std::string>`, 15 bytes at most",
                     [](world& w) { return w.mc.get<std::string>(w.key); }),
                call("`get<std::string>` of 100 kB", 1, "the string",
                     [](world& w) { return w.mc.get<std::string>(w.large_key); }),
                plain("`decode<std::string>`, likewise",
                      [](world& w) {
                          const kmc::value_view stored{.data = w.value.data(), .size_bytes = 1};
                          return w.mc.decode<std::string>(stored).has_value();
                      }),
                call("`set<int>`", [](world& w) { return w.mc.set<int>(w.key, 5); }),
                call("`set<double>`", [](world& w) { return w.mc.set<double>(w.key, 0.1); }),
                call("`set<std::string>` of 100 kB, not compressed",
                     [](world& w) { return w.mc.set<std::string>(w.large_key, w.large); }),
                finds_nothing("`add<int>`", [](world& w) { return w.mc.add<int>(w.key, 5); }),
                call("`replace<int>`", [](world& w) { return w.mc.replace<int>(w.key, 5); }),
                call("`cas<int>`", [](world& w) { return w.mc.cas<int>(w.key, 5, w.token); }),
            }};
}

section options_and_company() {
    return {"What a call may say, and calls together",
            "A `get` here; any other call the same.",
            {
                call("`.deadline`", [](world& w) { return w.mc.get(w.key, {.deadline = 20s}); }),
                call("`.scope`", [](world& w) { return w.mc.get(w.key, {.scope = w.scope}); }),
                call("`.stop`", 1, "what a stop on any thread finds",
                     [](world& w) { return w.mc.get(w.key, {.stop = &w.stop_token}); }),
                call("`.group`", [](world& w) { return w.mc.set(w.key, w.value, {.group = "g"}); }),
                call("`when_all` of three calls",
                     [](world& w) {
                         return kmc::when_all(w.mc.get(w.key), w.mc.incr(w.key),
                                              w.mc.exists(w.key));
                     }),
                call(
                    "`when_all` of a vector of three", 7, "the vector, the calls, the answers",
                    [](world& w) {
                        std::vector<kmc::detail::get_op> calls;
                        calls.reserve(3);
                        for (int i = 0; i < 3; ++i) calls.push_back(w.mc.get(w.key));
                        return kmc::when_all(std::move(calls));
                    },
                    bound::at_most),
            }};
}

section other_threads() {
    return {"From a thread without a reactor",
            "Both threads together.",
            {
                elsewhere("`sync_client::set`", 3, "the call's copy, its coroutine, the rendezvous",
                          [](world& w) { return found(w.blocking.set(w.key, w.value)); }),
                elsewhere("`sync_client::get`", 4, "the same, and the value",
                          [](world& w) { return found(w.blocking.get(w.key)); }),
                elsewhere("`sync_client::get_many`", 8, "the same, and the batch's memory",
                          [](world& w) { return found(w.blocking.get_many(w.keys)); }),
                elsewhere("`get`, a coroutine of your own with `resuming_on`", 3,
                          "the call's copy, the value, your coroutine",
                          [](world& w) {
                              bool right = false;
                              get_at_home(w, right);
                              w.home.resume_one();
                              return right;
                          }),
            }};
}

section batches() {
    return {
        "Batches and streams",
        "Of 40 keys on three servers. Into a reply of an earlier time the number of keys does not\n"
        "matter, as long as it stays about the same, nor do values of up to 2 MiB, 16 MiB of "
        "those\n"
        "from 32 KiB on.",
        {
            fills<&world::values>("`get_many` into a reply",
                                  [](world& w) { return w.mc.get_many(w.keys, w.values); }),
            fills<&world::values>("`get_many` into a reply, a value of 100 kB among them",
                                  [](world& w) { return w.mc.get_many(w.sizes, w.values); }),
            fills<&world::values>("`gat_many` into a reply",
                                  [](world& w) { return w.mc.gat_many(w.keys, 1h, w.values); }),
            fills<&world::yes_no>("`touch_many` into a reply",
                                  [](world& w) { return w.mc.touch_many(w.keys, 1h, w.yes_no); }),
            fills<&world::written>("`write` into a reply, the batch filled anew",
                                   [](world& w) {
                                       fill(w);
                                       return w.mc.write(w.batch, w.written);
                                   }),
            fills<&world::written>("`write` with `ack::all`, likewise",
                                   [](world& w) {
                                       fill(w);
                                       return w.mc.write(w.batch, w.written,
                                                         {.ack = kmc::ack::all});
                                   }),
            call(
                "`get_many`", 5, "the batch's memory",
                [](world& w) { return w.mc.get_many(w.keys); }, bound::at_most),
            call(
                "`gat_many`", 5, "the same", [](world& w) { return w.mc.gat_many(w.keys, 1h); },
                bound::at_most),
            call(
                "`touch_many`", 5, "the same", [](world& w) { return w.mc.touch_many(w.keys, 1h); },
                bound::at_most),
            call(
                "`write`", 5, "the same", [](world& w) { return w.mc.write(w.batch); },
                bound::at_most),
            call(
                "`stream_many`, read to its end", 20, "the stream's memory; values as in `get`",
                [](world& w) { return read_stream(w); }, bound::at_most),
            fills<&world::yes_no>("`del_many` into a reply",
                                  [](world& w) { return w.mc.del_many(w.keys, w.yes_no); }),
            call(
                "`del_many`", 5, "the batch's memory",
                [](world& w) { return w.mc.del_many(w.keys); }, bound::at_most),
        }};
}

// The last: for a moment, a flush loses what is stored.
section whole_servers() {
    return {"Whole servers",
            "Of three. Statistics are as many strings as the server has lines to say.",
            {
                call("`version`, 15 characters at most", [](world& w) { return w.mc.version(0); }),
                call("`ping`", [](world& w) { return w.mc.ping(0); }),
                call(
                    "`stats`", 100, "the texts", [](world& w) { return w.mc.stats(0); },
                    bound::at_most),
                call(
                    "`version_all`", 7, "the vectors", [](world& w) { return w.mc.version_all(); },
                    bound::at_most),
                call(
                    "`ping_all`", 7, "the vectors", [](world& w) { return w.mc.ping_all(); },
                    bound::at_most),
                call(
                    "`stats_all`", 310, "the vectors and the texts",
                    [](world& w) { return w.mc.stats_all(); }, bound::at_most),
                call("`flush`", [](world& w) { return w.mc.flush(0, {.delay = 100h}); }),
                call(
                    "`flush_all`", 7, "the vectors",
                    [](world& w) { return w.mc.flush_all({.delay = 100h}); }, bound::at_most),
            }};
}

std::vector<section> promised() {
    std::vector<section> all;
    for (const auto each :
         {single_calls, typed_calls, options_and_company, other_threads, batches, whole_servers}) {
        all.push_back(each());
    }
    return all;
}

std::string page() {
    std::ostringstream out;
    out << "# How often every call takes memory\n\n"
           "Allocations per call once everything is warm: connected, and with calls of the same "
           "kind before.\nA thread uses the memory of values and buffers again, up to 2 MiB each "
           "and 16 MiB in all; what\nit has not needed for a second or two it gives back.\nThis "
           "page is printed "
           "from the table that "
           "`tests/integration/cost_table_test.cpp` counts row by row,\non real servers and on "
           "both engines.\n";
    for (const section& part : promised()) {
        out << "\n## " << part.title << "\n\n";
        if (*part.says != '\0') out << part.says << "\n\n";
        out << "| call | allocations | what for |\n|---|---|---|\n";
        for (const row& r : part.rows) {
            out << "| " << r.call << " | " << (r.how == bound::at_most ? "at most " : "")
                << r.allocations << " | " << r.what_for << " |\n";
        }
    }
    return out.str();
}

}  // namespace

TEST_CASE("every call takes memory as often as is documented") {
    if (!alloc_counter::available()) {
        WARN("LEFT OUT: a sanitizer owns operator new, so allocations are not counted");
        return;
    }
    if (control_is_missing()) return;  // it flushes
    const cluster servers({1, 1, 1});
    world w(servers.servers());
    w.s.write_all(w.names, 1, 100);
    w.s.write(w.medium_key, w.medium);
    w.s.write(w.large_key, w.large);

    for (const section& part : promised()) {
        for (const row& r : part.rows) {
            const tally t = r.count(w);

            INFO(r.call << ": the largest had " << t.largest_bytes << " bytes");
            CHECK(t.right == counted_rounds);
            if (r.how == bound::exactly) {
                CHECK(t.allocations == r.allocations * counted_rounds);
            } else {
                CHECK(t.allocations <= r.allocations * counted_rounds);
            }
        }
    }
}

TEST_CASE("the documented table of costs is the one that is counted") {
    const std::string path = KMC_DOCS_DIR "/costs.md";
    if (std::getenv("KMC_WRITE_DOCS") != nullptr) std::ofstream(path) << page();

    std::ifstream file(path);
    const std::string documented((std::istreambuf_iterator<char>(file)),
                                 std::istreambuf_iterator<char>());
    CHECK(documented == page());
}
