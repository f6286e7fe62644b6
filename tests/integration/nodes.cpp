#include "nodes.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <catch2/catch.hpp>

extern char** environ;

namespace kmc::testing {
namespace {

using clock = std::chrono::steady_clock;

constexpr auto start_patience = std::chrono::seconds(20);
constexpr auto stop_patience = std::chrono::seconds(5);
constexpr int poll_milliseconds = 2;

[[noreturn]] void fail_with_errno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// Asks again and again, with a breath in between; false when the time is over.
template <class Predicate>
bool poll_until(clock::duration patience, Predicate holds) {
    const auto give_up = clock::now() + patience;
    while (!holds()) {
        if (clock::now() > give_up) return false;
        ::poll(nullptr, 0, poll_milliseconds);
    }
    return true;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class Address>
const sockaddr* as_sockaddr(const Address& a) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&a));
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

std::string text_of_port(unsigned port) {
    return "127.0.0.1:" + std::to_string(port);
}

std::uint16_t bind_anywhere(int fd) {
    const sockaddr_in any = loopback(0);
    if (::bind(fd, as_sockaddr(any), sizeof any) != 0) fail_with_errno("bind");
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&bound));
    if (::getsockname(fd, generic, &size) != 0) fail_with_errno("getsockname");
    return ntohs(bound.sin_port);
}

descriptor tcp_socket(int more_flags = 0) {
    descriptor s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | more_flags, 0));
    if (s.get() < 0) fail_with_errno("socket");
    return s;
}

std::string host_of(const std::string& text) {
    return text.substr(0, text.rfind(':'));
}

std::uint16_t port_of(const std::string& text) {
    return static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
}

}  // namespace

descriptor connect_to(const std::string& text) {
    if (text.starts_with('/')) {
        descriptor s(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        if (text.size() >= sizeof where.sun_path)
            throw std::runtime_error("path too long: " + text);
        std::copy(text.begin(), text.end(), where.sun_path);
        const bool reached = ::connect(s.get(), as_sockaddr(where), sizeof where) == 0;
        return reached ? std::move(s) : descriptor();
    }
    if (host_of(text) != "127.0.0.1") {
        throw std::runtime_error("only nodes of our own are looked into, not " + text);
    }
    descriptor s = tcp_socket();
    const sockaddr_in where = loopback(port_of(text));
    const bool reached = ::connect(s.get(), as_sockaddr(where), sizeof where) == 0;
    return reached ? std::move(s) : descriptor();
}

namespace {

std::string find_memcached() {
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/bin" : path;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const std::string candidate = std::string(rest.substr(0, end)) + "/memcached";
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    throw std::runtime_error(
        "memcached is not installed, and these tests are about it: run scripts/setup, or name "
        "nodes in KMC_TEST_SERVERS=host:port,...");
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

// ---- small things ---------------------------------------------------------------------------

descriptor::descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

descriptor::~descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

// ---- a node ---------------------------------------------------------------------------------

memcached_node::memcached_node(std::vector<std::string> extra, listens_on where)
    : extra_(std::move(extra)), where_(where) {
    if (where_ == listens_on::unix_socket) text_ = folder_.path() + "/socket";
    start();
}

memcached_node::~memcached_node() {
    kill();
}

// Between fork and exec only calls that are safe in a process of many threads: everything is
// prepared before.
void memcached_node::start() {
    const std::string program = find_memcached();
    const std::string log = folder_.path() + "/log";
    std::error_code ignored;
    std::filesystem::remove(folder_.path() + "/port", ignored);

    std::vector<std::string> arguments = {program, "-U", "0", "-t", "1", "-m", "64"};
    if (where_ == listens_on::unix_socket) {
        arguments.insert(arguments.end(), {"-s", text_});
    } else {
        // -1: a port that the kernel chooses, told in a file once the node listens.
        const std::string port = text_.empty() ? "-1" : std::to_string(port_of(text_));
        arguments.insert(arguments.end(), {"-l", "127.0.0.1", "-p", port});
    }
    if (::geteuid() == 0) arguments.insert(arguments.end(), {"-u", "root"});
    arguments.insert(arguments.end(), extra_.begin(), extra_.end());
    std::vector<std::string> environment = {"MEMCACHED_PORT_FILENAME=" + folder_.path() + "/port"};
    if (std::find(extra_.begin(), extra_.end(), "-S") != extra_.end()) {
        std::ofstream(folder_.path() + "/memcached.conf") << "mech_list: plain\n";
        environment.push_back("SASL_CONF_PATH=" + folder_.path());
    }
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    const auto argv = pointers_to(arguments);
    const auto envp = pointers_to(environment);

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail_with_errno("fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(126);
        const int in = ::open("/dev/null", O_RDONLY);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(in, STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        ::execve(program.c_str(), argv.data(), envp.data());
        ::_exit(127);
    }
    wait_until_it_listens();
}

void memcached_node::wait_until_it_listens() {
    bool has_ended = false;
    const bool listens = poll_until(start_patience, [&] {
        has_ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        return has_ended || is_ready();
    });
    if (has_ended) pid_ = -1;
    if (listens && !has_ended) return;
    kill();
    throw std::runtime_error("memcached did not start: " + content_of(folder_.path() + "/log"));
}

bool memcached_node::is_ready() {
    if (where_ == listens_on::unix_socket) return connect_to(text_).get() >= 0;
    // "TCP INET: 40123", written under another name and renamed when complete.
    const std::string told = content_of(folder_.path() + "/port");
    const std::size_t at = told.find("INET: ");
    if (at == std::string::npos) return false;
    text_ = text_of_port(static_cast<unsigned>(std::stoul(told.substr(at + 6))));
    return true;
}

void memcached_node::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void memcached_node::stop() {
    if (pid_ < 0) return;
    resume();
    ::kill(pid_, SIGTERM);
    const bool ended =
        poll_until(stop_patience, [&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; });
    if (ended) pid_ = -1;
    kill();
}

void memcached_node::pause() {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) {
        throw std::runtime_error("memcached did not stand still");
    }
}

void memcached_node::resume() {
    ::kill(pid_, SIGCONT);
}

void memcached_node::restart() {
    kill();
    std::error_code ignored;
    if (where_ == listens_on::unix_socket) std::filesystem::remove(text_, ignored);
    start();
}

// ---- clusters -------------------------------------------------------------------------------

cluster::cluster(std::vector<unsigned> weights, const std::vector<std::string>& extra)
    : weights_(std::move(weights)) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        nodes_.push_back(std::make_unique<memcached_node>(extra));
        texts_.push_back(nodes_.back()->text());
    }
}

std::string cluster::servers() const {
    std::string list;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        if (i != 0) list += ',';
        list += texts_[i] + ":" + std::to_string(weights_[i]);
    }
    return list;
}

cluster any_cluster(std::vector<unsigned> weights) {
    const char* given = std::getenv("KMC_TEST_SERVERS");
    if (given == nullptr || *given == '\0') return cluster(std::move(weights));
    cluster theirs;
    std::string_view rest = given;
    while (!rest.empty() && theirs.texts_.size() < weights.size()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        if (end != 0) theirs.texts_.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (theirs.texts_.empty()) throw std::runtime_error("KMC_TEST_SERVERS names no node");
    weights.resize(theirs.texts_.size());
    theirs.weights_ = std::move(weights);
    return theirs;
}

bool control_is_missing() {
    const char* given = std::getenv("KMC_TEST_SERVERS");
    if (given == nullptr || *given == '\0') return false;
    WARN(
        "LEFT OUT: this test has to start, look into or stop its servers, and KMC_TEST_SERVERS "
        "names servers of somebody else");
    return true;
}

// ---- the text protocol ----------------------------------------------------------------------

text_connection::text_connection(const std::string& node) : socket_(connect_to(node)) {
    if (socket_.get() < 0) fail_with_errno("connect " + node);
}

std::string text_connection::ask(std::string_view line, std::string_view end) {
    const std::string request = std::string(line) + "\r\n";
    if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        if (errno != EPIPE && errno != ECONNRESET) fail_with_errno("send");
    }
    std::string answer;
    while (!answer.ends_with(end)) {
        pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&readable, 1, 10'000) <= 0) throw std::runtime_error("no answer to " + request);
        char bytes[4096];
        const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, 0);
        if (size <= 0) break;
        answer.append(bytes, static_cast<std::size_t>(size));
    }
    return answer;
}

std::uint64_t stat(const std::string& node, std::string_view name) {
    const std::string all = text_connection(node).ask("stats", "END\r\n");
    const std::string head = "STAT " + std::string(name) + " ";
    const std::size_t at = all.find(head);
    if (at == std::string::npos) throw std::runtime_error("no such number: " + std::string(name));
    return std::stoull(all.substr(at + head.size()));
}

// ---- servers that misbehave -----------------------------------------------------------------

refusing_port::refusing_port() : socket_(tcp_socket()) {
    text_ = text_of_port(bind_anywhere(socket_.get()));
}

silent_port::silent_port() : socket_(tcp_socket()) {
    text_ = text_of_port(bind_anywhere(socket_.get()));
    if (::listen(socket_.get(), 64) != 0) fail_with_errno("listen");
}

// A backlog of 0 takes one connection; the further ones make sure of it and wait for ever.
black_hole::black_hole() : socket_(tcp_socket()) {
    const std::uint16_t port = bind_anywhere(socket_.get());
    text_ = text_of_port(port);
    if (::listen(socket_.get(), 0) != 0) fail_with_errno("listen");
    const sockaddr_in where = loopback(port);
    for (int i = 0; i < 4; ++i) {
        descriptor s = tcp_socket(SOCK_NONBLOCK);
        static_cast<void>(::connect(s.get(), as_sockaddr(where), sizeof where));
        queue_.push_back(std::move(s));
    }
}

}  // namespace kmc::testing
