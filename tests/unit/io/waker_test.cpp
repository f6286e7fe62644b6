#include "io/waker.hpp"

#include <catch2/catch.hpp>

#include <poll.h>

using kmc::detail::waker;

namespace {

bool is_rung(const waker& w) {
    pollfd one{.fd = w.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) == 1;
}

}  // namespace

TEST_CASE("only a sleeper costs a write") {
    waker w;

    w.wake();
    w.wake();
    CHECK_FALSE(is_rung(w));

    CHECK_FALSE(w.lie_down());
    CHECK(w.get_up().woken);
    CHECK(w.lie_down());
    w.wake();
    CHECK(is_rung(w));
    CHECK(w.get_up().woken);
}

TEST_CASE("a wish is granted once") {
    waker w;
    w.wake();
    static_cast<void>(w.lie_down());
    CHECK(w.get_up().woken);

    CHECK(w.lie_down());
    CHECK_FALSE(w.get_up().woken);
}
