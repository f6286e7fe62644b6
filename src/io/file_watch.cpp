#include "io/file_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace kmc::detail {
namespace {

constexpr std::uint32_t told_of =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

int require(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
    return descriptor;
}

}  // namespace

file_watch::file_watch(std::string path) : path_(std::move(path)), folder_(folder_of(path_)) {
    stop_ = require(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    events_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (events_ < 0) {
        const int code = errno;
        ::close(stop_);
        throw std::system_error(code, std::generic_category(), "inotify_init1");
    }
    watch_folder();
    known_ = last_look_ = look();
}

file_watch::~file_watch() {
    ::close(events_);
    ::close(stop_);
}

void file_watch::stop() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
}

void file_watch::watch_folder() noexcept {
    if (folder_watch_ < 0) folder_watch_ = ::inotify_add_watch(events_, folder_.c_str(), told_of);
}

file_watch::identity file_watch::look() const noexcept {
    struct stat s {};
    if (::stat(path_.c_str(), &s) != 0) return {};
    return {.device = static_cast<std::uint64_t>(s.st_dev),
            .inode = static_cast<std::uint64_t>(s.st_ino),
            .size = static_cast<std::uint64_t>(s.st_size),
            .changed = std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec};
}

bool file_watch::take_events() noexcept {
    bool any = false;
    alignas(inotify_event) char buffer[4096];
    while (true) {
        const ssize_t size = ::read(events_, buffer, sizeof buffer);
        if (size <= 0) return any;
        for (ssize_t at = 0; at < size;) {
            inotify_event e;
            std::memcpy(&e, buffer + at, sizeof e);
            // Padded with zero bytes.
            const std::string_view name(e.len != 0 ? buffer + at + sizeof e : "");
            at += static_cast<ssize_t>(sizeof e + e.len);
            // Gone with its folder; the look from time to time finds the next one.
            if ((e.mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) folder_watch_ = -1;
            // What is renamed into the folder may be a link on the way to the file.
            any |= (e.mask & IN_CLOSE_WRITE) == 0 || path_.ends_with(name);
        }
    }
}

bool file_watch::wait(duration period) {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(period).count();
    const int limit = static_cast<int>(std::clamp<std::int64_t>(whole, 1, 24 * 3600 * 1000));
    while (true) {
        pollfd ready[2] = {{.fd = stop_, .events = POLLIN, .revents = 0},
                           {.fd = events_, .events = POLLIN, .revents = 0}};
        if (::poll(ready, 2, limit) < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
        if ((ready[0].revents & POLLIN) != 0) return false;
        const bool was_watched = folder_watch_ >= 0;
        const bool is_told = (ready[1].revents & POLLIN) != 0 && take_events();
        watch_folder();
        const identity now = look();
        const bool is_stable = now == std::exchange(last_look_, now);
        // Other files of the folder change as well; but two changes of this one may look alike.
        if (is_told || (now != known_ && is_stable) || (!was_watched && now != known_)) {
            known_ = now;
            return true;
        }
    }
}

}  // namespace kmc::detail
