#include "support/refusing_child.hpp"

#include <array>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kmc::testing {
namespace {

constexpr int exit_done = 0;
constexpr int exit_no_filter = 3;
constexpr int exit_threw = 4;

bool refuse(std::initializer_list<int> calls, int error) {
    // Only on the native instruction set are the numbers what the caller thinks; that is where the
    // tests run.
    std::vector<sock_filter> program;
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const int call : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        program.push_back(
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                            .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

[[noreturn]] void live_as_child(int to, std::initializer_list<int> calls, int error,
                                const std::function<std::string()>& work) {
    if (calls.size() != 0 && !refuse(calls, error)) ::_exit(exit_no_filter);
    try {
        const std::string answer = work();
        for (std::string_view left = answer; !left.empty();) {
            const auto written = ::write(to, left.data(), left.size());
            if (written <= 0) ::_exit(exit_threw);
            left.remove_prefix(static_cast<std::size_t>(written));
        }
    } catch (const std::exception&) {
        ::_exit(exit_threw);
    }
    // Not exit(): the destructors and the leak check belong to the parent.
    ::_exit(exit_done);
}

}  // namespace

std::string in_refusing_child(std::initializer_list<int> calls, int error,
                              const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no child");
    if (child == 0) {
        ::close(ends[0]);
        live_as_child(ends[1], calls, error, work);
    }
    ::close(ends[1]);
    std::string answer;
    std::array<char, 4096> piece{};
    for (;;) {
        const auto got = ::read(ends[0], piece.data(), piece.size());
        if (got <= 0) break;
        answer.append(piece.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status)) throw std::runtime_error("the child was killed");
    if (WEXITSTATUS(status) == exit_no_filter) throw std::runtime_error("seccomp is not allowed");
    if (WEXITSTATUS(status) != exit_done) throw std::runtime_error("the child failed");
    return answer;
}

}  // namespace kmc::testing
