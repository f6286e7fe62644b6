#include "chaos_proxy.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace kmc::testing {
namespace {

constexpr int patience_milliseconds = 20'000;

struct both_ends {
    descriptor reads;
    descriptor writes;
};

both_ends make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    return {.reads = descriptor(fds[0]), .writes = descriptor(fds[1])};
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

// Between fork and exec only calls that are safe in a process of many threads: everything is
// prepared before.
chaos_proxy::chaos_proxy(const std::string& target, const std::vector<std::string>& rules,
                         std::uint64_t seed) {
    std::vector<std::string> arguments = {KMC_CLI,
                                          "chaos",
                                          "--end-with-input",
                                          "--seed",
                                          std::to_string(seed),
                                          "127.0.0.1:0->" + target};
    for (const std::string& rule : rules) {
        arguments.emplace_back("--rule");
        arguments.push_back(rule);
    }
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string log = folder_.path() + "/log";
    both_ends in = make_pipe();
    both_ends out = make_pipe();

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(126);
        const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(in.reads.get(), STDIN_FILENO);
        ::dup2(out.writes.get(), STDOUT_FILENO);
        ::dup2(errors, STDERR_FILENO);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    input_ = std::move(in.writes);
    output_ = std::move(out.reads);
    out.writes = descriptor();  // its end has to show

    // "listening 127.0.0.1:40123 target ..."
    constexpr std::string_view head = "listening ";
    const std::string line = read_line();
    if (!line.starts_with(head)) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        throw std::runtime_error("kmc chaos did not start: " + content_of(log));
    }
    text_ = line.substr(head.size(), line.find(' ', head.size()) - head.size());
}

chaos_proxy::~chaos_proxy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

// Empty when it has ended, or says nothing for too long.
std::string chaos_proxy::read_line() {
    std::size_t end = 0;
    while ((end = unread_.find('\n')) == std::string::npos) {
        pollfd readable{.fd = output_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&readable, 1, patience_milliseconds) <= 0) return {};
        std::array<char, 4096> bytes;
        const ssize_t size = ::read(output_.get(), bytes.data(), bytes.size());
        if (size <= 0) return {};
        unread_.append(bytes.data(), static_cast<std::size_t>(size));
    }
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
}

std::string chaos_proxy::ask(std::string_view command) {
    const std::string line = std::string(command) + "\n";
    if (::write(input_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::system_error(errno, std::generic_category(), "write to kmc chaos");
    }
    std::string answer = read_line();
    if (answer.empty() || answer.starts_with("error")) {
        throw std::runtime_error("kmc chaos says to \"" + std::string(command) + "\": " + answer);
    }
    return answer;
}

std::uint64_t chaos_proxy::count(std::string_view name) {
    const std::string all = ask("stats") + " ";
    const std::string head = " " + std::string(name) + "=";
    const std::size_t at = all.find(head);
    if (at == std::string::npos) throw std::runtime_error("no " + head + " in " + all);
    return std::stoull(all.substr(at + head.size()));
}

std::uint64_t chaos_proxy::hits() {
    const std::string all = ask("stats");
    std::uint64_t sum = 0;
    for (std::size_t at = all.find(" rule_"); at != std::string::npos;
         at = all.find(" rule_", at + 1)) {
        sum += std::stoull(all.substr(all.find('=', at) + 1));
    }
    return sum;
}

}  // namespace kmc::testing
