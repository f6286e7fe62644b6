#include "io/select_engine.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/resource.h>

#include "io/engines.hpp"

namespace kmc::detail {
namespace {

std::string errno_name(int error) {
    switch (error) {
        case EPERM:
            return "EPERM";
        case ENOSYS:
            return "ENOSYS";
        case ENOMEM:
            return "ENOMEM";
        case EACCES:
            return "EACCES";
        case EMFILE:
            return "EMFILE";
        case ENFILE:
            return "ENFILE";
        case EINVAL:
            return "EINVAL";
        case EOPNOTSUPP:
            return "EOPNOTSUPP";
        default:
            return "errno " + std::to_string(error) + ", " + std::generic_category().message(error);
    }
}

// What the administrator set: "0", "1", "2", or nothing when this kernel has no such switch.
std::string disabled_switch() {
    std::ifstream file("/proc/sys/kernel/io_uring_disabled");
    std::string word;
    file >> word;
    return word;
}

std::string locked_memory_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return "unknown";
    if (limit.rlim_cur == RLIM_INFINITY) return "unlimited";
    return std::to_string(limit.rlim_cur / 1024) + " KiB";
}

std::string hint_for_eperm() {
    const std::string word = disabled_switch();
    if (word == "1" || word == "2") {
        return "sysctl kernel.io_uring_disabled is " + word +
               (word == "1" ? ": set it to 0, or put the process into kernel.io_uring_group"
                            : ": set it to 0");
    }
    return "a seccomp profile refuses it (containers have one by default): allow io_uring_setup, "
           "io_uring_enter and io_uring_register in it, or check sysctl kernel.io_uring_disabled";
}

// What to change, for somebody who administers the machine or the container.
std::string hint_for(int error) {
    switch (error) {
        case EPERM:
            return hint_for_eperm();
        case ENOSYS:
            return "the kernel was built without io_uring, or the sandbox (gVisor, a seccomp "
                   "profile) hides it: use a kernel that has it, or allow io_uring_setup, "
                   "io_uring_enter and io_uring_register";
        case ENOMEM:
            return "rings count as locked memory of the user, and the limit is " +
                   locked_memory_limit() + ": raise it (ulimit -l, LimitMEMLOCK=)";
        case EACCES:
            return "a security module such as SELinux refuses it: allow io_uring in its policy";
        case EMFILE:
        case ENFILE:
            return "no file descriptor is left: raise the limit (ulimit -n)";
        case EINVAL:
        case EOPNOTSUPP:
            return "the kernel is too old: Linux 6.1 has all that is needed";
        default:
            return "the kernel gives no better reason";
    }
}

std::string describe(const uring_refusal& no) {
    return std::string(no.step) + " failed with " + errno_name(no.error) + "; " +
           hint_for(no.error);
}

struct wish {
    backend wanted = backend::automatic;
    std::string_view source;  // whose wish it is; empty: nobody's
};

config_result<wish> wish_of(const runtime_options& options) {
    if (options.backend != backend::automatic) return wish{options.backend, "the options"};
    const char* value = std::getenv("KMC_BACKEND");
    const std::string_view word = value == nullptr ? std::string_view{} : value;
    if (word.empty() || word == "automatic") return wish{};
    if (word == "io_uring") return wish{backend::io_uring, "KMC_BACKEND"};
    if (word == "epoll") return wish{backend::epoll, "KMC_BACKEND"};
    return config_error("KMC_BACKEND is \"" + std::string(word) +
                        "\"; it may be automatic, io_uring or epoll");
}

}  // namespace

config_result<engine_choice> choose_engine(const runtime_options& options) {
    const auto asked = wish_of(options);
    if (!asked) return asked.error();
    const std::string for_whom = asked.value().source.empty()
                                     ? ""
                                     : ", as " + std::string(asked.value().source) + " asked for";
    if (asked.value().wanted == backend::epoll) {
        return engine_choice{backend::epoll, false, "epoll" + for_whom};
    }
    const auto refusal = probe_uring();
    if (!refusal) return engine_choice{backend::io_uring, false, "io_uring" + for_whom};
    if (options.require) {
        return config_error("io_uring is required and cannot be used: " + describe(*refusal));
    }
    return engine_choice{backend::epoll, true, "epoll instead of io_uring: " + describe(*refusal)};
}

config_result<std::unique_ptr<io_engine>> make_engine(backend chosen) {
    try {
        if (chosen == backend::epoll) return make_epoll_engine();
        uring_refusal refusal;
        if (auto engine = make_uring_engine(refusal)) return engine;
        return config_error("the io_uring engine cannot be made: " + describe(refusal));
    } catch (const std::system_error& e) {
        return config_error("the engine cannot be made: " + std::string(e.what()) + "; " +
                            hint_for(e.code().value()));
    }
}

}  // namespace kmc::detail
