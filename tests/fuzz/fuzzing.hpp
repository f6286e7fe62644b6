// What every fuzz target needs: a reader that turns the input into numbers and texts, and require()
// for what must hold. A target is one file with LLVMFuzzerTestOneInput in it and nothing of
// libFuzzer, so that replay_main.cpp can run the kept inputs in any build.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kmc::fuzzing {

// Ends the process when something that must hold does not: that is what libFuzzer calls a finding.
inline void require(bool holds, const char* what,
                    std::source_location at = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "fuzzing: not so: %s (%s:%u)\n", what, at.file_name(),
                 static_cast<unsigned>(at.line()));
    std::abort();
}

// Bytes from the front of the input. At its end there are zeros and empty texts for ever.
class input {
public:
    input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return left_.size(); }

    std::uint8_t byte() noexcept {
        if (left_.empty()) return 0;
        const std::uint8_t first = left_.front();
        left_ = left_.subspan(1);
        return first;
    }
    // 0 .. bound - 1, of one byte.
    std::uint32_t below(std::uint32_t bound) noexcept { return byte() % bound; }
    std::uint16_t two_bytes() noexcept {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    std::uint32_t four_bytes() noexcept {
        const std::uint32_t high = two_bytes();
        return high << 16 | two_bytes();
    }
    std::uint64_t eight_bytes() noexcept {
        const std::uint64_t high = four_bytes();
        return high << 32 | four_bytes();
    }
    // At most `size` bytes.
    std::string text(std::size_t size) {
        const auto taken = left_.first(std::min(size, left_.size()));
        left_ = left_.subspan(taken.size());
        return std::string(taken.begin(), taken.end());
    }
    // A length of one byte, and so many bytes.
    std::string short_text() { return text(byte()); }
    std::string rest() { return text(left_.size()); }

private:
    std::span<const std::uint8_t> left_;
};

// What foreign text may become in a message.
inline bool is_one_readable_line(std::string_view text) noexcept {
    return !text.empty() && text.size() < 1000 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace kmc::fuzzing
