#include "io/select_engine.hpp"

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "io/engines.hpp"
#include "support/refusing_child.hpp"

using namespace kmc;
using namespace kmc::detail;
using kmc::testing::in_refusing_child;

namespace {

class environment_word {
public:
    environment_word(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        set(value);
    }
    environment_word(const environment_word&) = delete;
    environment_word& operator=(const environment_word&) = delete;
    ~environment_word() { set(before_ ? before_->c_str() : nullptr); }

private:
    void set(const char* value) {
        if (value == nullptr) {
            ::unsetenv(name_);
        } else {
            ::setenv(name_, value, 1);
        }
    }

    const char* name_;
    std::optional<std::string> before_;
};

// One line for a pipe: "epoll fell back: reason", or "error: message".
std::string told(const config_result<engine_choice>& choice) {
    if (!choice) return "error: " + choice.error().message();
    const engine_choice& c = choice.value();
    return std::string(c.chosen == backend::epoll ? "epoll" : "io_uring") +
           (c.fell_back ? " fell back: " : ": ") + c.reason;
}

bool uring_is_usable() {
    if (!probe_uring()) return true;
    WARN("SKIPPED: no io_uring on this machine, choices that need it were not checked");
    return false;
}

std::string choice_when_refused(std::initializer_list<int> calls, int error,
                                const runtime_options& options = {}) {
    return in_refusing_child(calls, error, [&] { return told(choose_engine(options)); });
}

auto has(const std::string& text) {
    return Catch::Matchers::Contains(text);
}

}  // namespace

TEST_CASE("io_uring is the first choice") {
    const environment_word unset("KMC_BACKEND", nullptr);
    if (!uring_is_usable()) return;

    const auto choice = choose_engine({});

    CHECK(told(choice) == "io_uring: io_uring");
    const auto engine = make_engine(choice.value().chosen);
    REQUIRE(engine.has_value());
    CHECK(engine.value()->name() == "io_uring");
}

TEST_CASE("a seccomp profile like a container's leads to epoll, and the reason says so") {
    const environment_word unset("KMC_BACKEND", nullptr);

    const auto line = choice_when_refused({425, 426, 427}, EPERM);

    CHECK_THAT(line, has("epoll fell back: ") && has("io_uring_setup") && has("EPERM"));
    CHECK_THAT(line, has("seccomp") || has("kernel.io_uring_disabled is"));
    CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("a requirement that is refused is an error") {
    const environment_word unset("KMC_BACKEND", nullptr);

    for (const backend asked : {backend::automatic, backend::io_uring}) {
        const auto line =
            choice_when_refused({425, 426, 427}, EPERM, {.backend = asked, .require = true});
        CHECK_THAT(line, has("error: ") && has("required") && has("EPERM"));
    }
}

TEST_CASE("every errno has its own advice") {
    const environment_word unset("KMC_BACKEND", nullptr);

    CHECK_THAT(choice_when_refused({425}, ENOSYS),
               has("epoll fell back") && has("ENOSYS") && has("kernel"));
    CHECK_THAT(choice_when_refused({425}, ENOMEM),
               has("epoll fell back") && has("ENOMEM") && has("ulimit -l"));
    CHECK_THAT(choice_when_refused({425}, EACCES), has("epoll fell back") && has("SELinux"));
    CHECK_THAT(choice_when_refused({425}, EMFILE), has("epoll fell back") && has("ulimit -n"));
    CHECK_THAT(choice_when_refused({425}, EINVAL), has("epoll fell back") && has("too old"));
}

TEST_CASE("a call refused after set-up is found before the first request") {
    const environment_word unset("KMC_BACKEND", nullptr);
    if (!uring_is_usable()) return;

    CHECK_THAT(choice_when_refused({426}, EPERM),
               has("epoll fell back") && has("io_uring_enter") && has("EPERM"));
    CHECK_THAT(choice_when_refused({427}, EPERM),
               has("epoll fell back") && has("io_uring_register") && has("EPERM"));
}

TEST_CASE("an engine that is refused to a thread says why") {
    const auto line = in_refusing_child({425}, EPERM, [] {
        const auto engine = make_engine(backend::io_uring);
        return engine.has_value() ? std::string("made") : engine.error().message();
    });

    CHECK_THAT(line, has("io_uring_setup") && has("EPERM"));
}

TEST_CASE("without locked memory there is a small ring or a reason that names the limit") {
    const environment_word unset("KMC_BACKEND", nullptr);
    if (::getuid() != 0) {
        WARN("SKIPPED: only root can become somebody without locked memory");
        return;
    }

    const auto line = in_refusing_child({}, 0, [] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0 || ::setuid(65534) != 0) {
            return std::string("not set up");
        }
        return told(choose_engine({}));
    });

    // Linux 6.1 does not charge a ring, 6.18 does.
    CHECK_THAT(line, has("io_uring: io_uring") || (has("ENOMEM") && has("the limit is 0 KiB")) ||
                         has("EPERM"));
}

TEST_CASE("KMC_BACKEND chooses when the options do not") {
    {
        const environment_word word("KMC_BACKEND", "epoll");
        CHECK(told(choose_engine({})) == "epoll: epoll, as KMC_BACKEND asked for");
        if (uring_is_usable()) {
            CHECK(told(choose_engine({.backend = backend::io_uring})) ==
                  "io_uring: io_uring, as the options asked for");
        }
    }
    if (uring_is_usable()) {
        for (const char* value : {"automatic", ""}) {
            const environment_word word("KMC_BACKEND", value);
            CHECK(told(choose_engine({})) == "io_uring: io_uring");
        }
        const environment_word word("KMC_BACKEND", "io_uring");
        CHECK(told(choose_engine({})) == "io_uring: io_uring, as KMC_BACKEND asked for");
    }
}

TEST_CASE("an unknown KMC_BACKEND is an error that names the known ones") {
    const environment_word word("KMC_BACKEND", "kqueue");

    CHECK_THAT(told(choose_engine({})), has("error: ") && has("\"kqueue\"") && has("automatic") &&
                                            has("io_uring") && has("epoll"));
    CHECK(told(choose_engine({.backend = backend::epoll})) ==
          "epoll: epoll, as the options asked for");
}

TEST_CASE("epoll may be asked for") {
    const auto engine = make_engine(backend::epoll);

    REQUIRE(engine.has_value());
    CHECK(engine.value()->name() == "epoll");
}
