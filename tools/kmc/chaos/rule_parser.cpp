#include "chaos/rule_parser.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "chaos/frame.hpp"
#include "chaos/words.hpp"

namespace kmc::chaos {
namespace {

using names = std::vector<std::string_view>;

constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

struct named_field {
    std::string_view name;
    field where;
};
constexpr std::array<named_field, 9> named_fields{{
    {"magic", fields::magic},
    {"opcode", fields::opcode},
    {"keylen", fields::key_length},
    {"extlen", fields::extras_length},
    {"datatype", fields::data_type},
    {"status", fields::status},
    {"length", fields::length},
    {"opaque", fields::opaque},
    {"cas", fields::cas},
}};

constexpr std::uint64_t largest_in(field f) noexcept {
    return any_number >> (64 - 8 * f.size);
}

std::string listed(const names& all) {
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != 0) text += i + 1 == all.size() ? " or " : ", ";
        text += all[i];
    }
    return text;
}

// Goes through the words once. The first thing that is wrong is kept, and whatever is read after
// it is of no consequence.
class parser {
public:
    explicit parser(std::string_view text) : text_(text), words_(words_of(text, wrong_)) {}

    config_result<rule> run() {
        rule made;
        made.text = text_;
        const std::string_view about = one_of({"request", "reply", "accept"});
        made.about = about == "request" ? side::request
                     : about == "reply" ? side::reply
                                        : side::accept;
        read_conditions(made);
        if (made.about == side::accept) {
            made.then.what = one_of({"cut", "reset", "hold"}) == "cut" ? deed::cut
                             : word_ == "reset"                        ? deed::reset
                                                                       : deed::hold;
        } else {
            read_action(made);
        }
        if (!wrong_ && next_ < words_.size()) expected("the end of the rule");
        if (wrong_) return config_error(sentence());
        return made;
    }

private:
    // ---- words ----

    [[nodiscard]] const word* peek() const {
        return !wrong_ && next_ < words_.size() ? &words_[next_] : nullptr;
    }

    void expected(const std::string& what) {
        if (wrong_) return;
        const word* w = peek();
        wrong_ = {w != nullptr ? w->place : text_.size(), "expected " + what};
        if (w != nullptr) found_ = w->text;
    }

    bool take(std::string_view wanted) {
        const word* w = peek();
        if (w == nullptr || w->is_quoted || w->text != wanted) return false;
        ++next_;
        return true;
    }

    std::string_view one_of(const names& all) {
        word_ = {};
        for (const std::string_view name : all) {
            if (take(name)) return word_ = name;
        }
        expected(listed(all));
        return word_;
    }

    // A word that `read` understands.
    template <class Read>
    auto value(Read read, const std::string& what) {
        using type = std::decay_t<decltype(*read(std::string_view()))>;
        const word* w = peek();
        if (w != nullptr && !w->is_quoted) {
            if (auto v = read(w->text)) {
                ++next_;
                return std::move(*v);
            }
        }
        expected(what);
        return type{};
    }

    std::uint64_t number(std::uint64_t least = 0, std::uint64_t most = any_number) {
        const auto read = [least, most](std::string_view text) {
            const auto n = number_in(text);
            return n && *n >= least && *n <= most ? n : std::nullopt;
        };
        std::string what = "a number";
        if (most != any_number) {
            what += " from " + std::to_string(least) + " to " + std::to_string(most);
        } else if (least != 0) {
            what += " from " + std::to_string(least) + " on";
        }
        return value(read, what);
    }

    nanoseconds time() { return value(time_in, "a time such as 50us, 200ms, 1.5s or 2m"); }

    // A time, if there is one.
    std::optional<nanoseconds> try_time() {
        const word* w = peek();
        const auto t = w != nullptr && !w->is_quoted ? time_in(w->text) : std::nullopt;
        if (t) ++next_;
        return t;
    }

    std::string text(const std::string& what) {
        const word* w = peek();
        if (w == nullptr || (w->text == ":" && !w->is_quoted)) {
            expected(what);
            return {};
        }
        return words_[next_++].text;
    }

    static std::optional<std::uint8_t> opcode_in(std::string_view text) {
        if (const auto code = opcode_named(text)) return code;
        const auto n = number_in(text);
        if (!n || *n > 0xff) return std::nullopt;
        return static_cast<std::uint8_t>(*n);
    }

    std::uint8_t opcode() { return value(opcode_in, "an opcode such as get, getq, noop or 0x0a"); }

    // ---- conditions ----

    void read_conditions(rule& made) {
        names left = {"connection", "frame",  "after",       "opcode", "status",
                      "key",        "opaque", "probability", "times",  "once"};
        const auto without = [&left](std::initializer_list<std::string_view> gone) {
            for (const std::string_view name : gone) std::erase(left, name);
        };
        if (made.about == side::accept) {
            without({"frame", "after", "opcode", "status", "key", "opaque"});
        }
        if (made.about == side::request) without({"status"});
        while (!wrong_ && !take(":")) {
            names possible = left;
            possible.emplace_back(":");
            const std::string_view what = one_of(possible);
            if (wrong_) return;
            without({what});
            if (what == "after") without({"frame", "opcode", "status", "key", "opaque"});
            if (what == "times" || what == "once") without({"times", "once"});
            read_condition(what, made.when);
            if (made.when.asks_for_frame()) without({"after"});
        }
    }

    void read_condition(std::string_view what, condition& when) {
        if (what == "connection") {
            when.connection = number(1);
        } else if (what == "frame") {
            when.frame = number(1);
        } else if (what == "after") {
            when.after = number();
            one_of({"bytes"});
        } else if (what == "opcode") {
            when.opcodes = value(opcodes_in, "opcodes such as get,getq or 0x0a");
        } else if (what == "status") {
            when.status = static_cast<std::uint16_t>(number(0, 0xffff));
        } else if (what == "key") {
            when.key = text("a key");
        } else if (what == "opaque") {
            when.opaque = static_cast<std::uint32_t>(number(0, 0xffffffff));
        } else if (what == "probability") {
            when.probability = value(probability_in, "a number above 0, at most 1");
        } else {
            when.times = what == "once" ? 1 : number(1);
        }
    }

    static std::optional<std::vector<std::uint8_t>> opcodes_in(std::string_view text) {
        std::vector<std::uint8_t> all;
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t end = std::min(text.find(',', begin), text.size());
            const auto code = opcode_in(text.substr(begin, end - begin));
            if (!code) return std::nullopt;
            all.push_back(*code);
            begin = end + 1;
        }
        return all;
    }

    // ---- actions ----

    void read_action(rule& made) {
        action& then = made.then;
        const bool at_a_byte = made.when.after.has_value();
        names possible = {"delay", "stall", "stop", "drop", "cut", "reset", "flip", "inject"};
        if (!at_a_byte) possible.insert(possible.end(), {"slice", "set", "duplicate", "swap"});
        const std::string_view what = one_of(possible);
        if (what == "delay") {
            then.what = deed::delay;
            then.time = time();
        } else if (what == "stall") {
            then.what = deed::stall;
            then.time = try_time().value_or(nanoseconds());
        } else if (what == "stop") {
            then.what = deed::stop_reading;
            one_of({"reading"});
        } else if (what == "drop") {
            then.what = take("rest") ? deed::drop_rest : deed::drop;
            if (at_a_byte && then.what == deed::drop) expected("rest");
        } else if (what == "cut" || what == "reset") {
            then.what = what == "cut" ? deed::cut : deed::reset;
        } else if (what == "flip") {
            then.what = deed::flip;
            if (take("bit")) then.bit = number(0, at_a_byte ? 7 : any_number);
        } else if (what == "inject") {
            then.what = deed::inject;
            then.bytes = injected(made.about);
        } else if (what == "slice") {
            then.what = deed::slice;
            then.pieces = value(slicing_in, "a size of pieces such as 1 or 1..16");
            if (take("gap")) then.pieces.gap = time();
        } else if (what == "set") {
            then.what = deed::set;
            read_field(made);
        } else {
            then.what = what == "duplicate" ? deed::duplicate : deed::swap;
        }
        const bool may_be_inside = then.what == deed::stall || then.what == deed::stop_reading ||
                                   then.what == deed::drop_rest || then.what == deed::cut ||
                                   then.what == deed::reset;
        if (may_be_inside && !at_a_byte && take("at")) then.at = number();
    }

    static std::optional<slicing> slicing_in(std::string_view text) {
        const std::size_t dots = text.find("..");
        const auto least = number_in(text.substr(0, dots));
        const auto most = dots == text.npos ? least : number_in(text.substr(dots + 2));
        if (!least || !most || *least == 0 || *most < *least) return std::nullopt;
        return slicing{.least = *least, .most = *most};
    }

    void read_field(rule& made) {
        names possible;
        for (const named_field& f : named_fields) {
            if (f.name != "status" || made.about == side::reply) possible.push_back(f.name);
        }
        const std::string_view name = one_of(possible);
        for (const named_field& f : named_fields) {
            if (f.name == name) made.then.where = f.where;
        }
        if (wrong_) return;
        made.then.value = name == "opcode" ? opcode() : number(0, largest_in(made.then.where));
    }

    std::string injected(side about) {
        if (take("hex")) return value(bytes_in_hex, "pairs of hexadecimal digits");
        if (!take("frame")) {
            const word* w = peek();
            if (w != nullptr && w->is_quoted) return words_[next_++].text;
            expected("a text in quotes, hex or frame");
            return {};
        }
        forged_frame made;
        made.magic = magic_of(about);
        made.opcode = opcode();
        if (take("status")) made.status = static_cast<std::uint16_t>(number(0, 0xffff));
        if (take("opaque")) made.opaque = static_cast<std::uint32_t>(number(0, 0xffffffff));
        if (take("value")) made.value = text("a value");
        return to_bytes(made);
    }

    // ---- errors ----

    [[nodiscard]] std::string sentence() const {
        std::string s = "rule \"" + std::string(text_) + "\", ";
        if (wrong_->place >= text_.size()) {
            s += "at its end: ";
        } else {
            s += "character " + std::to_string(wrong_->place + 1);
            s += found_.empty() ? ": " : " (" + found_ + "): ";
        }
        return s + wrong_->reason;
    }

    std::string_view text_;
    std::optional<flaw> wrong_;
    std::string found_;
    std::vector<word> words_;
    std::size_t next_ = 0;
    std::string_view word_;
};

}  // namespace

config_result<rule> parse_rule(std::string_view text) {
    return parser(text).run();
}

}  // namespace kmc::chaos
