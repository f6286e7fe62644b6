#include "own_process.hpp"

#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "nodes.hpp"
#include "support/refusing_child.hpp"

namespace kmc::testing {
namespace {

constexpr unsigned patience_seconds = 120;
constexpr std::string_view not_allowed = "NOT ALLOWED";

bool leave_the_network() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    const descriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    loopback.ifr_name[0] = 'l';
    loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    return ::ioctl(control.get(), SIOCSIFFLAGS, &loopback) == 0;
}

std::string guarded(const std::function<std::string()>& work) {
    ::alarm(patience_seconds);
    try {
        return work();
    } catch (const std::exception& e) {
        return std::string("an exception: ") + e.what();
    }
}

}  // namespace

std::string in_own_process(const std::function<std::string()>& work) {
    return in_refusing_child({}, 0, [&work] { return guarded(work); });
}

std::optional<std::string> in_own_network(const std::function<std::string()>& work) {
    const std::string said = in_refusing_child({}, 0, [&work]() -> std::string {
        return leave_the_network() ? guarded(work) : std::string(not_allowed);
    });
    if (said != not_allowed) return said;
    WARN("SKIPPED: this system does not allow a network namespace");
    return std::nullopt;
}

void must_run(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

bool has_program(const std::string& name) {
    if (std::system(("command -v " + name + " >/dev/null").c_str()) == 0) return true;
    WARN("SKIPPED: there is no " << name);
    return false;
}

}  // namespace kmc::testing
