#include "reference_session.hpp"

#include "protocol/binary/text_lines.hpp"

namespace kmc::fuzzing {

using detail::command;
using detail::status;

struct reference_session::head {
    std::uint8_t opcode;
    std::uint64_t key, extras, value;
    std::uint16_t status;
    std::uint32_t opaque;
    std::uint64_t cas;
};

namespace {

constexpr std::size_t head_bytes = 24;

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (const char c : bytes.substr(at, size)) {
        number = number << 8 | static_cast<unsigned char>(c);
    }
    return number;
}

bool is_quiet_opcode(std::uint8_t opcode) {
    switch (opcode) {
        case testing::opcode::getq:
        case testing::opcode::gatq:
        case testing::opcode::setq:
        case testing::opcode::addq:
        case testing::opcode::replaceq:
        case testing::opcode::appendq:
        case testing::opcode::prependq:
        case testing::opcode::delq:
        case testing::opcode::incrq:
        case testing::opcode::decrq:
        case testing::opcode::flushq:
            return true;
        default:
            return false;
    }
}

bool is_item(command what) {
    return what == command::get || what == command::gat;
}

}  // namespace

void reference_session::sent(command what, const testing::request_frame& frame, told* to) {
    waiting_.push_back({.to = to,
                        .what = what,
                        .opcode = frame.opcode,
                        .is_quiet = is_quiet_opcode(frame.opcode)});
}

void reference_session::forget(const told* first, const told* last) noexcept {
    for (waiting& w : waiting_) {
        if (w.to >= first && w.to < last) w.to = nullptr;
    }
}

void reference_session::received(std::string_view bytes) {
    if (is_broken_) return;
    bytes_ += bytes;
    while (!bytes_.empty() && read_one()) {
    }
}

void reference_session::connection_gone(errc why) {
    for (waiting& w : waiting_) {
        if (w.to == nullptr) continue;
        ++w.to->times;
        w.to->why = {why, stage::sent};
    }
    waiting_.clear();
    bytes_.clear();
    is_broken_ = true;
    why_ = why;
}

bool reference_session::broken(errc why) noexcept {
    is_broken_ = true;
    why_ = why;
    return false;
}

bool reference_session::fits(const head& h, const waiting& w) const noexcept {
    if (h.opcode != w.opcode) return false;
    if (h.status != 0) return h.extras == 0 && h.key == 0 && h.value <= 4096;
    const auto is_shaped = [&h](std::uint64_t extras, std::uint64_t most) {
        return h.extras == extras && h.key == 0 && h.value <= most;
    };
    switch (w.what) {
        case command::get:
        case command::gat:
            return is_shaped(4, limits_.value_bytes_max);
        case command::touch:
            return is_shaped(4, 0);
        case command::incr:
        case command::decr:
            return is_shaped(0, 8) && h.value == 8;
        case command::version:
            return is_shaped(0, 4096);
        case command::stat:
            if (h.extras != 0 || h.key > 250 || h.value > 1024 * 1024) return false;
            return h.key != 0 || h.value == 0;
        default:
            return is_shaped(0, 0);
    }
}

// A quiet request whose silence is proved, or a stat that had its parts and no end.
void reference_session::silence_told(waiting& w) {
    if (w.to == nullptr) return;
    ++w.to->times;
    w.to->is_answer = true;
    w.to->is_implied = true;
    w.to->status = is_item(w.what) ? status::not_found : status::ok;
}

// True if there may be another one behind.
bool reference_session::read_one() {
    const std::string_view bytes = bytes_;
    if (bytes[0] != '\x81') {
        const detail::text_verdict verdict = detail::judge_text_line(bytes);
        return verdict.is_decided && broken(verdict.why);
    }
    if (bytes.size() < head_bytes) return false;
    head h{.opcode = static_cast<std::uint8_t>(bytes[1]),
           .key = number_at(bytes, 2, 2),
           .extras = number_at(bytes, 4, 1),
           .value = number_at(bytes, 8, 4),
           .status = static_cast<std::uint16_t>(number_at(bytes, 6, 2)),
           .opaque = static_cast<std::uint32_t>(number_at(bytes, 12, 4)),
           .cas = number_at(bytes, 16, 8)};
    if (bytes[5] != 0 || h.key + h.extras > h.value) return broken(errc::protocol_error);
    h.value -= h.key + h.extras;

    const std::uint32_t place = h.opaque - head_;
    if (place >= waiting_.size()) return broken(errc::protocol_error);
    for (std::uint32_t i = 0; i < place; ++i) {
        if (!waiting_[i].is_quiet && waiting_[i].parts_bytes == 0) {
            return broken(errc::protocol_error);
        }
    }
    waiting& w = waiting_[place];
    if (!fits(h, w)) return broken(errc::protocol_error);
    const std::uint64_t frame_bytes = head_bytes + h.extras + h.key + h.value;
    if (w.what == command::stat && w.parts_bytes + frame_bytes > limits_.stat_bytes_max) {
        return broken(errc::protocol_error);
    }
    if (h.status == 0x20 && w.what != command::flush) return broken(errc::auth_failed);
    if (bytes.size() < frame_bytes) return false;

    if (h.status == 0x04 || h.status == 0x81) {
        if (w.to != nullptr) {
            ++w.to->times;
            w.to->why = {errc::server_error, stage::answered, error::no_server, h.status};
            w.to = nullptr;
        }
        return broken(errc::protocol_error);
    }
    for (std::uint32_t i = 0; i < place; ++i) {
        silence_told(waiting_.front());
        waiting_.pop_front();
    }
    head_ += place;

    waiting& first = waiting_.front();
    const std::string_view key = bytes.substr(head_bytes + h.extras, h.key);
    const std::string_view value = bytes.substr(head_bytes + h.extras + h.key, h.value);
    if (h.key != 0) {
        first.parts_bytes += frame_bytes;
        if (first.to != nullptr) first.to->parts.emplace_back(key, value);
    } else {
        if (first.to != nullptr) {
            told& t = *first.to;
            ++t.times;
            t.is_answer = true;
            t.status = static_cast<status>(h.status);
            t.flags =
                h.extras == 4 ? static_cast<std::uint32_t>(number_at(bytes, head_bytes, 4)) : 0;
            t.cas = h.cas;
            t.value = value;
            const bool is_counter = first.what == command::incr || first.what == command::decr;
            if (is_counter && h.status == 0) t.number = number_at(value, 0, 8);
        }
        waiting_.pop_front();
        ++head_;
    }
    bytes_.erase(0, frame_bytes);
    return true;
}

}  // namespace kmc::fuzzing
