// Waits until a file may have become another one: written and closed, replaced by a rename, or,
// when nobody tells, of another identity (inode, size, time of change) in two looks that agree.
//
// The watch is on the folder: a file that is replaced takes a watch on itself with it. One that is
// still being written is not looked at, because half a file reads like a shorter one.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <kmc/time.hpp>

namespace kmc::detail {

class file_watch {
public:
    // Throws std::system_error when the kernel gives no descriptor. A folder that is not there, or
    // has no watches left, is looked at from time to time.
    explicit file_watch(std::string path);
    file_watch(const file_watch&) = delete;
    file_watch& operator=(const file_watch&) = delete;
    ~file_watch();

    // True when the file is to be read again; false after stop(). One thread.
    // @param period  between looks when nobody tells.
    [[nodiscard]] bool wait(duration period);
    // Any thread.
    void stop() noexcept;

private:
    struct identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t size = 0;
        std::int64_t changed = 0;  // nanoseconds
        friend bool operator==(const identity&, const identity&) = default;
    };

    [[nodiscard]] identity look() const noexcept;
    void watch_folder() noexcept;
    // Takes what the kernel tells; true if any of it may be about the file.
    [[nodiscard]] bool take_events() noexcept;

    std::string path_;
    std::string folder_;
    int events_ = -1;  // inotify
    int stop_ = -1;    // eventfd
    int folder_watch_ = -1;
    identity known_;
    identity last_look_;
};

}  // namespace kmc::detail
