#include "server_file_text.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace kmc::detail {

namespace {

// A list of 65535 servers has about 3 MB. Anything far above that is another file.
constexpr std::size_t largest_file = std::size_t{16} << 20;
// The slowest clock that a file system has.
constexpr std::int64_t settling_seconds = 2;
// Of attempts to read a file that is being written to.
constexpr int most_attempts = 8;

config_error read_error(const std::string& path, int code) {
    return config_error("cannot read " + path + ": " + std::generic_category().message(code));
}

// Empty, or why not.
std::string read_all(int file, const std::string& path, std::string& out) {
    out.clear();
    std::array<char, 16384> piece;
    for (;;) {
        const ssize_t size =
            ::pread(file, piece.data(), piece.size(), static_cast<off_t>(out.size()));
        if (size == 0) return {};
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return read_error(path, errno).message();
        out.append(piece.data(), static_cast<std::size_t>(size));
        if (out.size() > largest_file) return "cannot read " + path + ": it is over 16 MiB";
    }
}

std::int64_t seconds_now() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

}  // namespace

bool identify(const descriptor& file, file_identity& out) noexcept {
    struct stat state {};
    if (::fstat(file.number(), &state) != 0 || !S_ISREG(state.st_mode)) return false;
    out.device = state.st_dev;
    out.inode = state.st_ino;
    out.size = state.st_size;
    out.modified_s = state.st_mtim.tv_sec;
    out.modified_ns = state.st_mtim.tv_nsec;
    out.changed_s = state.st_ctim.tv_sec;
    out.changed_ns = state.st_ctim.tv_nsec;
    return true;
}

config_result<server_file_text> read_server_file(const descriptor& file, const std::string& path) {
    server_file_text text;
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        file_identity after;
        const std::int64_t begun = seconds_now();
        if (!identify(file, text.identity)) return config_error(path + " is not a file");
        if (const auto wrong = read_all(file.number(), path, text.content); !wrong.empty()) {
            return config_error(wrong);
        }
        if (!identify(file, after) || !(after == text.identity)) continue;
        text.is_settled = begun > text.identity.changed_s + settling_seconds;
        return text;
    }
    return config_error(path + " is being written to all the time");
}

}  // namespace kmc::detail
