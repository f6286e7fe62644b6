#include "captured_frames.hpp"

#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/byte_order.hpp"
#include "base/bytes.hpp"
#include "support/frames.hpp"
#include "support/vectors.hpp"

namespace kmc::testing {
namespace {

captured_frame read_frame(const std::string& exchange, const nlohmann::json& from) {
    return {
        .exchange = exchange,
        .opcode = from.at("opcode"),
        .data_type = from.at("data_type"),
        .status = from.contains("status") ? from["status"] : from.at("vbucket"),
        .opaque = from.at("opaque"),
        .cas = std::stoull(from.at("cas").get<std::string>()),
        .extras = from_hex(from.at("extras_hex").get<std::string>()),
        .key = from_hex(from.at("key_hex").get<std::string>()),
        .value = from_hex(from.at("value_hex").get<std::string>()),
        .bytes = from_hex(from.at("hex").get<std::string>()),
    };
}

std::vector<captured_frame> read_frames(const nlohmann::json& exchange, const char* which) {
    std::vector<captured_frame> frames;
    if (!exchange.contains(which)) return frames;
    for (const nlohmann::json& frame : exchange[which]) {
        // Frames that are malformed on purpose are listed as text.
        if (frame.is_object()) frames.push_back(read_frame(exchange.at("id"), frame));
    }
    return frames;
}

std::vector<captured_exchange> read_all() {
    std::vector<captured_exchange> all;
    const auto folder = find_vectors("");
    if (!folder) return all;
    std::ifstream file(*folder / "binary_frames.json");
    const nlohmann::json document = nlohmann::json::parse(file);
    for (const nlohmann::json& group : document.at("groups")) {
        for (const nlohmann::json& exchange : group.at("exchanges")) {
            all.push_back({.id = exchange.at("id"),
                           .reply_bytes = from_hex(exchange.value("reply_hex", "")),
                           .requests = read_frames(exchange, "request"),
                           .replies = read_frames(exchange, "reply")});
        }
    }
    return all;
}

std::uint32_t number_in(const std::string& extras, std::size_t at) {
    return detail::load_big<std::uint32_t>(detail::as_bytes(extras).data() + at);
}

}  // namespace

std::optional<spoken> request_behind(const captured_frame& frame) {
    using detail::command;
    using detail::loudness;
    static const std::map<std::uint8_t, std::pair<command, loudness>> known{
        {opcode::get, {command::get, loudness::loud}},
        {opcode::getq, {command::get, loudness::quiet}},
        {opcode::set, {command::set, loudness::loud}},
        {opcode::setq, {command::set, loudness::quiet}},
        {opcode::del, {command::del, loudness::loud}},
        {opcode::delq, {command::del, loudness::quiet}},
        {opcode::noop, {command::noop, loudness::loud}},
        {opcode::version, {command::version, loudness::loud}},
    };
    const auto found = known.find(frame.opcode);
    if (found == known.end()) return std::nullopt;
    const auto [what, how] = found->second;
    const bool is_keyed = what != command::noop && what != command::version;
    const bool is_as_we_would_send_it =
        frame.data_type == 0 && frame.status == 0 &&
        frame.extras.size() == (what == command::set ? 8U : 0U) &&
        (is_keyed ? !frame.key.empty() && frame.key.size() <= 250 : frame.key.empty());
    if (!is_as_we_would_send_it) return std::nullopt;

    detail::request r{.key = frame.key.data(),
                      .value = frame.value.data(),
                      .value_size = static_cast<std::uint32_t>(frame.value.size()),
                      .key_size = static_cast<std::uint16_t>(frame.key.size()),
                      .what = what,
                      .cas = frame.cas};
    if (what == command::set) {
        r.flags = number_in(frame.extras, 0);
        r.expiry = number_in(frame.extras, 4);
    }
    return spoken{r, how};
}

const std::vector<captured_exchange>& captured_exchanges() {
    static const std::vector<captured_exchange> all = read_all();
    return all;
}

bool are_captured_frames_missing() {
    if (!captured_exchanges().empty()) return false;
    WARN("SKIPPED: there are no captured frames");
    return true;
}

}  // namespace kmc::testing
