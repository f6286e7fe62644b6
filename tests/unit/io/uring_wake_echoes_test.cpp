#include "io/uring_wake_echoes.hpp"

#include <catch2/catch.hpp>

using kmc::detail::wake_echoes;

namespace {

// Number of echoes that this armed.
unsigned arm(wake_echoes& echoes, unsigned completions) {
    if (echoes.read_missing()) echoes.on_read_armed();
    unsigned armed = 0;
    for (; echoes.echo_missing(completions); ++armed) echoes.on_echo_armed();
    return armed;
}

}  // namespace

TEST_CASE("a wait is for no more completions than a wake-up will bring") {
    wake_echoes echoes;
    CHECK(echoes.ready_for() == 1);
    CHECK(arm(echoes, echoes.wanted_of(4)) == 3);
    CHECK(echoes.ready_for() == 1);  // the kernel has none of them
    echoes.on_submitted();
    CHECK(echoes.ready_for() == 4);
    CHECK(arm(echoes, 3) == 0);
}

TEST_CASE("while a wake-up is due, and until its echoes have died away, a wait is for one") {
    wake_echoes echoes;
    arm(echoes, 3);
    echoes.on_submitted();
    echoes.on_written();
    CHECK(echoes.wanted_of(3) == 1);

    echoes.on_read(1);
    CHECK(echoes.read_missing());
    CHECK(echoes.wanted_of(3) == 1);
    CHECK(arm(echoes, 5) == 0);  // a new echo might not be hit

    echoes.on_echo();
    CHECK(echoes.wanted_of(3) == 1);
    CHECK(echoes.ready_for() == 2);
    echoes.on_echo();
    CHECK(echoes.wanted_of(3) == 3);
    CHECK(echoes.ready_for() == 1);
    CHECK(arm(echoes, 3) == 2);
}

TEST_CASE("a read in vain leaves the wake-ups due, and one read may bring several") {
    wake_echoes echoes;
    arm(echoes, 1);
    echoes.on_written();
    echoes.on_written();
    echoes.on_read(0);
    CHECK(echoes.wanted_of(2) == 1);
    arm(echoes, 1);
    echoes.on_read(2);
    CHECK(echoes.wanted_of(2) == 2);
    echoes.on_written();
    arm(echoes, 1);
    echoes.on_read(2);  // the other one was not noted yet, or is nobody's
    CHECK(echoes.wanted_of(2) == 2);
}
