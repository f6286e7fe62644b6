#include "node.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace demo {
namespace {

constexpr auto start_patience = std::chrono::seconds(10);
constexpr auto poll_interval = std::chrono::milliseconds(2);

// An empty folder, gone at the end of the scope.
class scratch_folder {
public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "kmc-demo-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        }
        path_ = name;
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

std::vector<char*> as_c_list(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& s : strings) list.push_back(s.data());
    list.push_back(nullptr);
    return list;
}

// memcached writes the port it got into this file once it listens: "TCP INET: 40123".
std::uint16_t read_port(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string tcp, inet;
    unsigned port = 0;
    if (!(in >> tcp >> inet >> port) || port > 0xffff) return 0;
    return static_cast<std::uint16_t>(port);
}

// Runs in the child. Other threads of the demo may exist: nothing here may allocate or lock.
[[noreturn]] void become(char* const* arguments, char* const* environment, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the line above
    ::close_range(3, ~0U, 0);
    ::execvpe(arguments[0], arguments, environment);
    constexpr char message[] = "cannot run memcached: is it installed?\n";
    [[maybe_unused]] const auto written = ::write(2, message, sizeof message - 1);
    ::_exit(127);
}

}  // namespace

node::node() {
    start("-1");
}  // -1: any free port

void node::start_again() {
    start(std::to_string(port_));
}

void node::start(const std::string& port) {
    const scratch_folder folder;
    const auto port_file = folder.path() / "port";

    std::vector<std::string> arguments = {"memcached", "-l", "127.0.0.1", "-p", port, "-U",
                                          "0",         "-m", "64",        "-t", "1"};
    if (::geteuid() == 0) arguments.insert(arguments.end(), {"-u", "root"});
    std::vector<std::string> environment = {"MEMCACHED_PORT_FILENAME=" + port_file.string()};
    if (const char* path = std::getenv("PATH")) environment.push_back(std::string("PATH=") + path);
    const auto argument_list = as_c_list(arguments);
    const auto environment_list = as_c_list(environment);

    const pid_t self = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) become(argument_list.data(), environment_list.data(), self);

    const auto give_up = std::chrono::steady_clock::now() + start_patience;
    while ((port_ = read_port(port_file)) == 0) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            throw std::runtime_error("memcached ended at once");
        }
        if (std::chrono::steady_clock::now() > give_up) {
            throw std::runtime_error("memcached does not listen");
        }
        std::this_thread::sleep_for(poll_interval);
    }
}

void node::kill_now() noexcept {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

}  // namespace demo
