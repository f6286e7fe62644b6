#include "playing_server.hpp"

#include <algorithm>
#include <array>

namespace kmc::fuzzing {

using detail::status;
namespace opcode = testing::opcode;

namespace {

void put_big(std::string& to, std::size_t at, std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes && at + bytes - 1 - i < to.size(); ++i) {
        to[at + bytes - 1 - i] = static_cast<char>(number >> (8 * i));
    }
}

std::uint32_t big_at(const std::string& from, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4 && i < from.size(); ++i) {
        number = number << 8 | static_cast<unsigned char>(from[i]);
    }
    return number;
}

}  // namespace

std::string honest_answer(const testing::request_frame& f, std::uint32_t dice,
                          const server_mood& mood, told& meant) {
    meant.status = status::ok;
    meant.cas = 7 + f.opaque;
    switch (f.opcode) {
        case opcode::get:
        case opcode::getq:
        case opcode::gat:
        case opcode::gatq: {
            const bool is_quiet = f.opcode == opcode::getq || f.opcode == opcode::gatq;
            if ((dice & 1) != 0) {
                meant.status = status::not_found;
                meant.cas = 0;
                meant.is_implied = is_quiet;
                if (is_quiet) return {};
                meant.value = "Not found";
                return testing::refusal(f.opaque, f.opcode, 1);
            }
            meant.flags = f.opaque ^ 0x5aU;
            meant.value = f.key + '=' + std::to_string(f.opaque);
            meant.value.append(dice >= 128 ? dice * 2 : dice / 8, 'v');
            // The server knows the limit; it was told with -I.
            meant.value.resize(
                std::min<std::size_t>(meant.value.size(), mood.limits.value_bytes_max));
            return testing::hit(f.opaque, meant.value, f.opcode, meant.flags, meant.cas);
        }
        case opcode::touch:
            return testing::hit(f.opaque, "", f.opcode, 0, meant.cas);
        case opcode::incr:
        case opcode::decr: {
            meant.number = 0x0102030405060708U * (dice + 1);
            const std::string bytes = testing::counted(f.opaque, f.opcode, meant.number, meant.cas);
            meant.value = bytes.substr(24);
            return bytes;
        }
        case opcode::version:
            meant.value = "1.6.18";
            return testing::to_bytes(
                {.opcode = f.opcode, .opaque = f.opaque, .cas = meant.cas, .value = meant.value});
        case opcode::stat: {
            meant.cas = 0;
            std::string bytes;
            std::size_t room = mood.limits.stat_bytes_max;
            for (std::uint32_t i = dice % 4; i != 0; --i) {
                const std::string name = f.key + std::to_string(i);
                const std::string part = testing::statistic(f.opaque, name, f.key);
                if (part.size() + 24 > room) break;
                room -= part.size();
                bytes += part;
                meant.parts.emplace_back(name, f.key);
            }
            // Some groups end without an end, if there is somebody whose answer can tell it.
            meant.is_implied = (dice & 64) != 0 && !bytes.empty() && mood.is_noop_next;
            return meant.is_implied ? bytes : bytes + testing::statistic(f.opaque);
        }
        default:
            break;
    }
    if ((dice & 3) == 3 && f.opcode != opcode::noop) {
        meant.status = status::out_of_memory;
        meant.cas = 0;
        meant.value = "no memory for " + f.key;
        return testing::refusal(f.opaque, f.opcode, 0x82, meant.value);
    }
    constexpr std::array quiet = {opcode::setq,     opcode::addq,  opcode::replaceq,
                                  opcode::appendq,  opcode::delq,  opcode::incrq,
                                  opcode::prependq, opcode::decrq, opcode::flushq};
    if (std::find(quiet.begin(), quiet.end(), f.opcode) != quiet.end()) {
        meant.is_implied = true;
        meant.cas = 0;
        return {};
    }
    return testing::success(f.opaque, f.opcode, meant.cas);
}

void damage(input& in, std::string& frame) {
    const std::uint32_t which = in.below(13);
    const std::uint8_t value = in.byte();
    const std::size_t at = frame.empty() ? 0 : value % frame.size();
    constexpr std::array<std::uint16_t, 12> statuses = {0,    1,    2,    3,    4,    5,
                                                        0x06, 0x20, 0x81, 0x82, 0x86, 0xffff};
    switch (which) {
        case 0:
            put_big(frame, 1, value, 1);
            break;
        case 1:
            put_big(frame, 6, statuses[value % statuses.size()], 2);
            break;
        case 2:
            put_big(frame, 12, big_at(frame, 12) + static_cast<std::uint32_t>(value) - 8, 4);
            break;
        case 3:
            put_big(frame, 2, value < 16 ? value : in.two_bytes(), 2);
            break;
        case 4:
            put_big(frame, 4, value, 1);
            break;
        case 5:
            put_big(frame, 5, value, 1);
            break;
        case 6:
            put_big(frame, 8, in.four_bytes(), 4);
            break;
        case 7:
            put_big(frame, 8, big_at(frame, 8) + static_cast<std::uint32_t>(value) - 128, 4);
            break;
        case 8:
            put_big(frame, 0, value, 1);
            break;
        case 9:
            frame.insert(at, in.text(1 + value % 4U));
            break;
        case 10:
            frame.erase(at, 1 + value % 3U);
            break;
        case 11:
            frame += frame;
            break;
        default:
            frame.resize(at);
    }
    // Damage may double it each time.
    if (frame.size() > 4096) frame.resize(4096);
}

}  // namespace kmc::fuzzing
