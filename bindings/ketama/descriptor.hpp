// A file descriptor that closes itself. Its number is the process's: a program may close what it
// did not open, and the number is another file's then; who holds one for long lets go of it
// unclosed.

#pragma once

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace kmc::detail {

class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    [[nodiscard]] int number() const noexcept { return number_; }
    // Left to whoever has the number now.
    void abandon() noexcept { number_ = -1; }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

// In a program that has closed its standard streams, the next file to be opened becomes one: what
// it prints would go there.
[[nodiscard]] inline descriptor beyond_standard_streams(descriptor file) noexcept {
    if (!file || file.number() > STDERR_FILENO) return file;
    return descriptor{::fcntl(file.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

}  // namespace kmc::detail
