// What a network does to packets: says no, says nothing, or loses one direction. In a network of
// their own that has a loopback, no route and no other interface, so that nothing leaves it; left
// out, and said so, where the system does not allow that.

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "own_process.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;

namespace {

constexpr auto short_deadline = 300ms;
constexpr auto slack = 2s;

// Of a documentation network: it is nobody's, and nothing here leads to it.
const std::string nowhere = "192.0.2.1";

std::string port_of(const std::string& node) {
    return node.substr(node.rfind(':') + 1);
}

// What the kernel itself says about a connect to that place, without waiting for it.
int errno_of_connect(const std::string& host, const std::string& port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    ::inet_pton(AF_INET, host.c_str(), &where.sin_addr);
    const descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const void* plain = &where;
    return ::connect(fd.get(), static_cast<const sockaddr*>(plain), sizeof where) == 0 ? 0 : errno;
}

void refuse_packets(const std::string& rules) {
    must_run("nft add table inet t");
    must_run("nft 'add chain inet t in { type filter hook input priority 0; }'");
    must_run("nft 'add rule inet t in " + rules + "'");
}

// A good server and a bad one; the keys of the bad one fail with `code` at once and are told so,
// those of the good one are answered.
void check_one_bad(complaints& c, const std::string& bad, int kernel_says, const char* name,
                   double most_milliseconds = 1000) {
    const memcached_node good;
    session s(good.text() + "," + bad);
    const auto keys = make_keys(name, 200);
    std::vector<std::string> of_good;
    for (const std::string& key : keys) {
        if (s.mc().locate(key) == 0) of_good.push_back(key);
    }
    s.write_all(of_good, 1, 100);
    const std::string host = bad.substr(0, bad.rfind(':'));
    const int errno_now = errno_of_connect(host, port_of(bad));
    c.unless(errno_now == kernel_says, std::string(name) + ": the kernel says " +
                                           std::strerror(errno_now) + ": nothing is tested");

    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = 20s});
    const double took = since.milliseconds();
    c.unless(took < most_milliseconds, std::string(name) + " took " + std::to_string(took) + " ms");
    std::size_t failed = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (s.mc().locate(keys[i]) == 0) {
            c.unless(
                reply[i] && reply[i].value() && version_of(keys[i], reply[i].value()->bytes()) == 1,
                std::string(name) + ": a key of the good server has no answer");
            continue;
        }
        ++failed;
        c.unless(!reply[i] && reply[i].error() == errc::connect_failed &&
                     reply[i].error().at == stage::not_sent && reply[i].error().server == 1,
                 std::string(name) + ": a key of the bad server: " +
                     (reply[i] ? "answered" : s.mc().describe(reply[i].error())));
    }
    c.unless(failed > 0, "the bad server has no keys");
    c.unless(s.mc().counters(1).dials == 1, "more than one attempt to connect");
    c.unless(s.mc().counters(1).hard_failures == 1, "not one failure of the server");
    std::printf("%s (%s): the batch took %.1f ms\n", name, std::strerror(kernel_says), took);
    std::fflush(stdout);
}

std::string without_a_route() {
    complaints c;
    check_one_bad(c, nowhere + ":11211", ENETUNREACH, "no route");
    return c.text();
}

std::string told_unreachable() {
    complaints c;
    must_run("ip route add unreachable 192.0.2.0/24");
    check_one_bad(c, nowhere + ":11211", EHOSTUNREACH, "unreachable by route");
    return c.text();
}

std::string rejected(const char* with, int kernel_says) {
    complaints c;
    const refusing_port some;
    refuse_packets("tcp dport " + port_of(some.text()) + " reject with " + with);
    // On a loopback, news by ICMP comes while the kernel is still busy with the connect, which then
    // does not hear of it before it asks again, a second later.
    check_one_bad(c, some.text(), kernel_says, with, kernel_says == ECONNREFUSED ? 1000 : 3000);
    return c.text();
}

std::string syn_dropped() {
    complaints c;
    const memcached_node good;
    const memcached_node hidden;
    refuse_packets("tcp dport " + port_of(hidden.text()) + " drop");
    session s(good.text() + "," + hidden.text());
    const auto keys = make_keys("dropped", 200);
    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = short_deadline});
    c.unless(since.elapsed() >= short_deadline, "it ended early");
    c.unless(since.elapsed() < short_deadline + slack, "it ended late");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (s.mc().locate(keys[i]) == 0) {
            c.unless(reply[i].has_value(), "a key of the good server has no answer");
        } else {
            c.unless(!reply[i] && reply[i].error() == errc::timed_out &&
                         reply[i].error().at == stage::not_sent,
                     "a key behind the drop has another outcome");
        }
    }
    c.unless(s.mc().counters(1).dials == 1, "more than one attempt to connect");
    must_run("nft flush ruleset");
    return c.text();
}

// Packets of the server reach nobody from now on; those to it do.
std::string one_way_lost() {
    complaints c;
    const memcached_node node;
    kmc::client_options options = patient();
    options.stall_timeout = 2 * short_deadline;
    options.connect_timeout = short_deadline;
    session s(node.text(), options);
    const auto keys = make_keys("one way", 50);
    s.write_all(keys, 1, 100);

    refuse_packets("tcp sport " + port_of(node.text()) + " drop");
    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = short_deadline});
    c.unless(since.elapsed() >= short_deadline && since.elapsed() < short_deadline + slack,
             "not at the deadline");
    for (const auto& r : reply) {
        c.unless(!r && r.error() == errc::timed_out && r.error().at == stage::sent,
                 "not timed out as sent");
    }
    const bool is_noticed = comes_true([&] { return s.mc().counters(0).connections_lost == 1; });
    c.unless(is_noticed, "the stall is not noticed");
    std::printf("one-way loss: given up after %.1f ms (deadline 300 ms, stall_timeout 600 ms)\n",
                since.milliseconds());
    std::fflush(stdout);

    must_run("nft flush ruleset");
    c.unless(s.serves_again(keys[0]), "it does not serve again");
    for (const std::string& key : keys) {
        c.unless(version_of(key, s.read(key).value_or("")) == 1, "not the value of " + key);
    }
    return c.text();
}

void check_in_own_network(const std::function<std::string()>& work) {
    if (control_is_missing()) return;
    if (const auto said = in_own_network(work)) CHECK(*said == "");
}

}  // namespace

TEST_CASE("a server without a route to it fails its own keys at once") {
    check_in_own_network(&without_a_route);
}

TEST_CASE("a server that the network calls unreachable fails its own keys at once") {
    if (has_program("ip")) check_in_own_network(&told_unreachable);
}

TEST_CASE("a server whose network says no fails its own keys at once") {
    if (!has_program("nft")) return;
    check_in_own_network([] { return rejected("tcp reset", ECONNREFUSED); });
    check_in_own_network([] { return rejected("icmp type host-unreachable", EHOSTUNREACH); });
    check_in_own_network([] { return rejected("icmp type admin-prohibited", EHOSTUNREACH); });
}

TEST_CASE("a network that swallows connects costs one attempt and the deadline") {
    if (has_program("nft")) check_in_own_network(&syn_dropped);
}

TEST_CASE("a connection that only carries one way is given up, and replaced when it heals") {
    if (has_program("nft")) check_in_own_network(&one_way_lost);
}
