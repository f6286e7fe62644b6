// What a pipeline has to make of a server's bytes, written a second time and for nothing but being
// right: whole frames out of one string, every rule where the protocol's document has it. Shares no
// code with src/pipeline and src/protocol but the names of things.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kmc/error.hpp>

#include "pipeline/pipeline.hpp"
#include "support/frames.hpp"

namespace kmc::fuzzing {

// What one request was told, or has to be told.
struct told {
    int times = 0;
    bool is_answer = false;
    detail::status status{};
    std::uint32_t flags = 0;
    std::uint64_t cas = 0;
    std::uint64_t number = 0;
    std::string value;
    bool is_implied = false;
    std::vector<std::pair<std::string, std::string>> parts;
    error why;
};

class reference_session {
public:
    reference_session(const detail::pipeline_limits& limits, std::uint32_t first_sequence)
        : limits_(limits), head_(first_sequence) {}

    // A request left like this. `to` is told what becomes of it; null once its caller is gone.
    void sent(detail::command what, const testing::request_frame& frame, told* to);
    void forget(const told* first, const told* last) noexcept;

    // Whatever the server said further.
    void received(std::string_view bytes);
    void connection_gone(errc why);

    [[nodiscard]] bool is_broken() const noexcept { return is_broken_; }
    [[nodiscard]] errc why() const noexcept { return why_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return waiting_.size(); }
    // Bytes that belong to no complete answer yet.
    [[nodiscard]] std::size_t unread() const noexcept { return bytes_.size(); }

private:
    struct waiting {
        told* to = nullptr;
        detail::command what{};
        std::uint8_t opcode = 0;
        bool is_quiet = false;
        std::uint64_t parts_bytes = 0;
    };
    struct head;

    bool read_one();
    bool broken(errc why) noexcept;
    [[nodiscard]] bool fits(const head& h, const waiting& w) const noexcept;
    void silence_told(waiting& w);

    detail::pipeline_limits limits_;
    std::uint32_t head_;
    std::deque<waiting> waiting_;
    std::string bytes_;
    bool is_broken_ = false;
    errc why_{};
};

}  // namespace kmc::fuzzing
