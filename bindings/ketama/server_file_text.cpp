#include "server_file_text.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace kmc::detail {

namespace {

// A list of 65535 servers has about 3 MB. Anything far above that is another file.
constexpr std::size_t largest_file = std::size_t{16} << 20;
// The slowest clock that a file system has.
constexpr std::chrono::seconds settling_time{3};
// What was changed longer ago than this has been written to its end; a clock of the kernel that
// stamps files may be 10 milliseconds behind.
constexpr std::chrono::milliseconds writing_time{20};
// How long to wait for a file that does not come to rest, and for one that is empty: its writer may
// have to wait for a processor.
constexpr std::chrono::milliseconds patience{100};
constexpr std::chrono::milliseconds patience_with_nothing{1000};
constexpr std::chrono::milliseconds pause{5};

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

// Since the file was changed; negative where its clock is ahead of this one.
std::chrono::nanoseconds age_of(const file_identity& file) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::chrono::seconds(now.tv_sec - file.changed_s) +
           std::chrono::nanoseconds(now.tv_nsec - file.changed_ns);
}

struct reading {
    server_file_text text;
    bool is_of_one_moment = false;  // nobody changed the file meanwhile, as far as its state tells
    bool is_complete = false;       // nor a moment before
};

config_result<reading> read_once(const descriptor& file, const std::string& path) {
    reading made;
    server_file_text& text = made.text;
    if (!identify(file, text.identity)) return config_error(path + " is not a file");
    const auto age = age_of(text.identity);
    if (const auto wrong = read_all(file.number(), path, text.content); !wrong.empty()) {
        return config_error(wrong);
    }
    file_identity after;
    made.is_of_one_moment = identify(file, after) && after == text.identity;
    text.is_settled = made.is_of_one_moment && age > settling_time;
    const auto rest = text.content.empty() ? patience_with_nothing : writing_time;
    made.is_complete = made.is_of_one_moment && (age < std::chrono::seconds(-1) || age >= rest);
    return made;
}

bool is_the_same(const reading& a, const reading& b) noexcept {
    return a.is_of_one_moment && b.is_of_one_moment && a.text.identity == b.text.identity &&
           a.text.content == b.text.content;
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

config_result<server_file_text> read_server_file(const descriptor& file, const std::string& path,
                                                 const image_header* known) {
    reading former;
    std::optional<server_file_text> latest;
    const auto has_something = [&] { return latest && !latest->content.empty(); };
    for (auto waited = pause * 0; waited < (has_something() ? patience : patience_with_nothing);
         waited += pause) {
        if (waited.count() != 0) std::this_thread::sleep_for(pause);
        auto now = read_once(file, path);
        if (!now) return now.error();
        reading& made = now.assume_value();
        const bool is_at_rest =
            !made.text.content.empty() &&
            (is_the_same(former, made) || (known != nullptr && is_made_of(*known, made.text)));
        if (made.is_complete || is_at_rest) return std::move(made.text);
        if (made.is_of_one_moment && (!latest || !made.text.content.empty())) latest = made.text;
        former = std::move(made);
    }
    // Written to all the time: what it was at one moment.
    if (latest) return *std::move(latest);
    return config_error(path + " is being written to all the time");
}

}  // namespace kmc::detail
