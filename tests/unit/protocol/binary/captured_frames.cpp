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

template <class T>
T number_in(const std::string& extras, std::size_t at) {
    return detail::load_big<T>(detail::as_bytes(extras).data() + at);
}

struct shape {
    std::uint8_t loud, quiet;
    std::size_t extras;
    enum { no_key, key, any_key } key_rule;
    bool has_value;
};

// By hand and not from src/protocol, whose rows are what is tested.
const std::map<detail::command, shape>& shapes() {
    using detail::command;
    static const std::map<command, shape> all{
        {command::get, {opcode::get, opcode::getq, 0, shape::key, false}},
        {command::gat, {opcode::gat, opcode::gatq, 4, shape::key, false}},
        {command::touch, {opcode::touch, opcode::touch, 4, shape::key, false}},
        {command::set, {opcode::set, opcode::setq, 8, shape::key, true}},
        {command::add, {opcode::add, opcode::addq, 8, shape::key, true}},
        {command::replace, {opcode::replace, opcode::replaceq, 8, shape::key, true}},
        {command::append, {opcode::append, opcode::appendq, 0, shape::key, true}},
        {command::prepend, {opcode::prepend, opcode::prependq, 0, shape::key, true}},
        {command::del, {opcode::del, opcode::delq, 0, shape::key, false}},
        {command::incr, {opcode::incr, opcode::incrq, 20, shape::key, false}},
        {command::decr, {opcode::decr, opcode::decrq, 20, shape::key, false}},
        {command::flush, {opcode::flush, opcode::flushq, 4, shape::no_key, false}},
        {command::stat, {opcode::stat, opcode::stat, 0, shape::any_key, false}},
        {command::noop, {opcode::noop, opcode::noop, 0, shape::no_key, false}},
        {command::version, {opcode::version, opcode::version, 0, shape::no_key, false}},
    };
    return all;
}

bool has_good_key(const shape& s, std::size_t size) {
    if (s.key_rule == shape::no_key) return size == 0;
    return size <= 250 && (size != 0 || s.key_rule == shape::any_key);
}

}  // namespace

std::optional<spoken> command_of(std::uint8_t code) {
    for (const auto& [what, shape] : shapes()) {
        if (code == shape.loud) return spoken{what, detail::loudness::loud};
        if (code == shape.quiet) return spoken{what, detail::loudness::quiet};
    }
    return std::nullopt;
}

std::string why_not_ours(const captured_frame& frame) {
    const auto asked = command_of(frame.opcode);
    if (!asked) return "another command";
    const shape& s = shapes().at(asked->what);
    if (frame.data_type != 0 || frame.status != 0) return "a reserved field";
    if (asked->what == detail::command::flush && frame.extras.empty())
        return "a flush without delay";
    if (frame.extras.size() != s.extras || !has_good_key(s, frame.key.size()) ||
        (!s.has_value && !frame.value.empty())) {
        return "malformed";
    }
    const bool may_be_guarded =
        asked->what == detail::command::set || asked->what == detail::command::del;
    return frame.cas != 0 && !may_be_guarded ? "a token with an unguarded command" : "";
}

detail::request request_behind(const captured_frame& frame, detail::counter_step& step) {
    const spoken asked = command_of(frame.opcode).value();
    detail::request r{.key = frame.key.data(),
                      .value = frame.value.data(),
                      .value_size = static_cast<std::uint32_t>(frame.value.size()),
                      .key_size = static_cast<std::uint16_t>(frame.key.size()),
                      .what = asked.what,
                      .is_loud = asked.how == detail::loudness::loud,
                      .cas = frame.cas};
    if (frame.extras.size() == 4) r.expiry = number_in<std::uint32_t>(frame.extras, 0);
    if (frame.extras.size() == 8) {
        r.flags = number_in<std::uint32_t>(frame.extras, 0);
        r.expiry = number_in<std::uint32_t>(frame.extras, 4);
    }
    if (frame.extras.size() == 20) {
        step = {number_in<std::uint64_t>(frame.extras, 0),
                number_in<std::uint64_t>(frame.extras, 8)};
        r.step = &step;
        r.expiry = number_in<std::uint32_t>(frame.extras, 16);
    }
    return r;
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
