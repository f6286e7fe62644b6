// What the compiler makes of coroutines, form by form: the table of docs/gcc12.md as a test.
//
// The safe forms are the ones kmc and its users may rely on, and have to pass everywhere. The
// broken ones destroy an object twice, or do not compile, on g++ 12: they run where they are right,
// so that the day they are right everywhere is seen. No kmc type is used: a failure here is the
// compiler's.

#include <array>
#include <catch2/catch.hpp>
#include <coroutine>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plain_coroutine.hpp"

using namespace kmc::testing::compiler;

namespace {

// Three shapes of an options argument.
struct aggregate_options {
    resident who;
    int extra = 0;
};
class class_options {
public:
    class_options(resident a, int b) : who(std::move(a)), extra(b) {}
    resident who;
    int extra;
};
struct trivial_options {
    const resident* who = nullptr;
    int extra = 0;
};

aggregate_options make_aggregate(census& people, int number) {
    return {resident(people, number)};
}

template <class Options>
lazy<int> read(Options options) {
    co_await step_aside{};
    co_return options.who.number() + options.extra;
}
lazy<int> read_pointed(trivial_options options) {
    co_await step_aside{};
    co_return (options.who == nullptr ? 0 : options.who->number()) + options.extra;
}
lazy<resident> make(census& people, int number) {
    co_await step_aside{};
    co_return resident(people, number);
}
lazy<int> echo(int number) {
    co_await step_aside{};
    co_return number;
}

// An awaiter that owns something, has a constructor and cannot move, behind a movable descriptor:
// the shape of each of kmc's operations.
class operation {
public:
    explicit operation(resident who) : who_(std::move(who)) {}

    class awaiter {
    public:
        explicit awaiter(resident who) : who_(std::move(who)) {}
        awaiter(const awaiter&) = delete;
        awaiter& operator=(const awaiter&) = delete;

        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) noexcept { paused() = handle; }
        int await_resume() {
            if (who_.number() < 0) throw std::runtime_error("negative");
            return who_.number();
        }

    private:
        resident who_;
    };

    awaiter operator co_await() && { return awaiter(std::move(who_)); }

private:
    resident who_;
};

template <class... Key>
std::array<std::string_view, sizeof...(Key)> keys(const Key&... key) {
    return {std::string_view(key)...};
}
template <std::size_t N>
lazy<std::size_t> total_size(std::array<std::string_view, N> texts) {
    co_await step_aside{};
    std::size_t total = 0;
    for (const auto text : texts) total += text.size();
    co_return total;
}
lazy<std::size_t> size_of(std::string_view text) {
    co_await step_aside{};
    co_return text.size();
}

}  // namespace

TEST_CASE("a temporary with a constructor may stand in a co_await expression") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const int braces = co_await read(class_options{resident(all, 1), 10});
        const int parentheses = co_await read(class_options(resident(all, 2), 20));
        co_return braces + parentheses;
    };

    CHECK(run(work(people)) == 33);
    CHECK(people.is_settled());
}

TEST_CASE("an aggregate that owns something is safe when a function returns it") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        co_return co_await read(make_aggregate(all, 4));
    };

    CHECK(run(work(people)) == 4);
    CHECK(people.is_settled());
}

TEST_CASE("an aggregate that owns something is safe as a named variable that is moved from") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        aggregate_options options{.who = resident(all, 5), .extra = 1};
        co_return co_await read(std::move(options));
    };

    CHECK(run(work(people)) == 6);
    CHECK(people.is_settled());
}

TEST_CASE("options that own nothing may be written in place, with a pointer to what they name") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const resident who(all, 7);
        const int named = co_await read_pointed({.who = &who, .extra = 1});
        const int defaults = co_await read_pointed({});
        co_return named + defaults;
    };

    CHECK(run(work(people)) == 8);
    CHECK(people.is_settled());
}

TEST_CASE("an immovable awaiter with a constructor works behind a movable descriptor") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const int in_place = co_await operation(resident(all, 3));
        operation named(resident(all, 4));
        const int moved = co_await std::move(named);
        co_return in_place + moved;
    };

    CHECK(run(work(people)) == 7);
    CHECK(people.is_settled());
}

TEST_CASE("an exception may leave an awaiter that has a constructor") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        try {
            co_return co_await operation(resident(all, -1));
        } catch (const std::runtime_error&) {
        }
        co_return co_await operation(resident(all, 9));
    };

    CHECK(run(work(people)) == 9);
    CHECK(people.is_settled());
}

TEST_CASE("a frame may be destroyed while it is suspended in an operation") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const resident local(all, 1);
        const auto [first, second] = std::pair(resident(all, 2), resident(all, 3));
        co_return local.number() + first.number() + second.number() +
            co_await operation(resident(all, 4));
    };
    lazy<int> suspended = work(people);
    suspended.start();
    REQUIRE_FALSE(suspended.is_done());
    REQUIRE_FALSE(people.living.empty());
    suspended.destroy();

    CHECK(people.is_settled());
}

TEST_CASE("a coroutine lambda without captures keeps its arguments") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        co_return co_await [](resident who, int more) -> lazy<int> {
            co_await step_aside{};
            co_return who.number() + more;
        }(resident(all, 5), 1);
    };

    CHECK(run(work(people)) == 6);
    CHECK(people.is_settled());
}

TEST_CASE("a named closure may be called in a co_await expression, whatever it captured") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const resident who(all, 5);
        const auto by_value = [who](int more) -> lazy<int> {
            co_await step_aside{};
            co_return who.number() + more;
        };
        const auto by_reference = [&who](int more) -> lazy<int> {
            co_await step_aside{};
            co_return who.number() + more;
        };
        const int first = co_await by_value(1);
        co_return first + co_await by_reference(2);
    };

    CHECK(run(work(people)) == 13);
    CHECK(people.is_settled());
}

TEST_CASE("an if chooses between two awaits of class type, ?: between two of scalar type") {
    census people;
    const bool left = GENERATE(true, false);

    const auto work = [](census& all, bool to_the_left) -> lazy<int> {
        std::optional<resident> chosen;
        if (to_the_left) {
            chosen.emplace(co_await make(all, 1));
        } else {
            chosen.emplace(co_await make(all, 2));
        }
        const int scalar = to_the_left ? co_await echo(10) : co_await echo(20);
        co_return chosen->number() + scalar;
    };

    CHECK(run(work(people, left)) == (left ? 11 : 22));
    CHECK(people.is_settled());
}

TEST_CASE("what is awaited into locals may be built into anything") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        resident a = co_await make(all, 1);
        resident b = co_await make(all, 2);
        std::vector<aggregate_options> built;
        built.push_back(aggregate_options{std::move(a)});
        built.push_back(aggregate_options{std::move(b)});
        std::vector<resident> direct;
        direct.push_back(co_await make(all, 3));
        co_return built[0].who.number() + built[1].who.number() + direct[0].number();
    };

    CHECK(run(work(people)) == 6);
    CHECK(people.is_settled());
}

TEST_CASE("a list of keys may be an array or come from a variadic function") {
    const auto work = []() -> lazy<std::size_t> {
        const std::size_t array =
            co_await total_size(std::array<std::string_view, 2>{"one", "three"});
        const std::size_t variadic = co_await total_size(keys("a", std::string("bc"), "def"));
        co_return array * 100 + variadic;
    };

    CHECK(run(work()) == 806);
}

TEST_CASE("a temporary string lives until the await on a view of it ends") {
    const auto work = [](std::string prefix) -> lazy<std::size_t> {
        co_return co_await size_of(prefix + std::string(100, 'x'));
    };

    CHECK(run(work("key:")) == 104);
}

TEST_CASE("an await may stand in a condition if the coroutine has a variable of its own") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        int sum = 0;
        if (const resident who = co_await make(all, 3); who.number() == 3) sum += who.number();
        for (int i = 0; co_await echo(i) < 4; ++i) sum += i;
        co_return sum;
    };

    CHECK(run(work(people)) == 9);
    CHECK(people.is_settled());
}

TEST_CASE("a coroutine ends whose condition was awaited into a variable") {
    const auto work = [](int number) -> lazy<bool> {
        const bool is_small = co_await echo(number) < 5;
        if (is_small) co_return true;
        co_return false;
    };

    CHECK(run(work(1)));
    CHECK_FALSE(run(work(9)));
}

#if defined(__clang__)

namespace {

// Functions, not lambdas: it is their outermost block that has to be without a variable.
lazy<bool> is_small(int number) {
    if (co_await echo(number) < 5) co_return true;
    co_return false;
}
lazy<int> count_up(int number) {
    while (co_await echo(number) < 5) ++number;
    co_return number;
}

}  // namespace

TEST_CASE("broken on g++ 12: an await in a condition, in a coroutine without a variable") {
    CHECK(run(is_small(1)));
    CHECK_FALSE(run(is_small(9)));
    CHECK(run(count_up(1)) == 5);
}

TEST_CASE("broken on g++ 12: an aggregate temporary that owns something") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        co_return co_await read(aggregate_options{.who = resident(all, 5), .extra = 1});
    };

    CHECK(run(work(people)) == 6);
    CHECK(people.is_settled());
}

TEST_CASE("broken on g++ 12: a closure temporary that captured something") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        const auto call = [](auto function) -> lazy<int> {
            co_await step_aside{};
            co_return function();
        };
        co_return co_await call([who = resident(all, 5)] { return who.number(); });
    };

    CHECK(run(work(people)) == 5);
    CHECK(people.is_settled());
}

TEST_CASE("broken on g++ 12: ?: between two awaits of class type") {
    census people;

    const auto work = [](census& all, bool left) -> lazy<int> {
        const resident chosen = left ? co_await make(all, 1) : co_await make(all, 2);
        co_return chosen.number();
    };

    CHECK(run(work(people, true)) == 1);
    CHECK(run(work(people, false)) == 2);
    CHECK(people.is_settled());
}

TEST_CASE("broken on g++ 12: an aggregate built around an await") {
    census people;

    const auto work = [](census& all) -> lazy<int> {
        std::vector<aggregate_options> built;
        built.push_back(aggregate_options{co_await make(all, 1)});
        built.push_back(aggregate_options{co_await make(all, 2)});
        co_return built[0].who.number() + built[1].who.number();
    };

    CHECK(run(work(people)) == 3);
    CHECK(people.is_settled());
}

TEST_CASE("broken on g++ 12: a list in braces inside a co_await expression") {
    const auto work = []() -> lazy<std::size_t> {
        const auto count = [](std::initializer_list<std::string_view> texts) -> lazy<std::size_t> {
            const std::size_t size = texts.size();
            co_await step_aside{};
            co_return size;
        };
        co_return co_await count({"one", "two"});
    };

    CHECK(run(work()) == 2);
}

#endif
