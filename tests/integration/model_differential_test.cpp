// The simulated server against real ones: the same random commands, byte for byte the same answers
// but for the cas numbers. And kmc's pipeline against a server that is asked aloud: what it makes
// of silence is what the server would have said.

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "binary_connection.hpp"
#include "nodes.hpp"
#include "random_requests.hpp"
#include "support/frames.hpp"
#include "support/seed.hpp"
#include "unit/pipeline/harness.hpp"

using namespace kmc::testing;
using kmc::detail::command;

namespace {

template <class T>
std::string big(T number) {
    std::string bytes;
    for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(number >> shift);
    }
    return bytes;
}

// ---- bytes against bytes ------------------------------------------------------------------------

enum class token : std::uint8_t { none, known, foreign };

struct order {
    std::uint8_t opcode = 0;
    std::string extras = {}, key = {}, value = {};
    token guard = token::none;

    // Replies and requests differ in the magic alone, as long as nothing is refused.
    [[nodiscard]] std::string bytes(std::uint32_t opaque,
                                    const std::map<std::string, std::uint64_t>& tokens) const {
        std::uint64_t cas = guard == token::foreign ? 1'000'000'000'000 : 0;
        if (const auto found = tokens.find(key); guard == token::known && found != tokens.end()) {
            cas = found->second;
        }
        std::string frame = to_bytes({.opcode = opcode,
                                      .opaque = opaque,
                                      .cas = cas,
                                      .extras = extras,
                                      .key = key,
                                      .value = value});
        frame[0] = '\x80';
        return frame;
    }
};

order any_order(dealer& deal) {
    const auto one_of = [&](std::initializer_list<std::uint8_t> codes) {
        return codes.begin()[deal.below(codes.size())];
    };
    order o;
    switch (deal.below(12)) {
        case 0:
        case 1:
            o = {one_of({0x00, 0x09, 0x0c, 0x0d}), "", deal.key(), ""};
            break;
        case 2:
        case 3:
        case 4:
            o = {one_of({0x01, 0x11, 0x02, 0x12, 0x03, 0x13}),
                 big(deal.flags()) + big(deal.expiry()), deal.key(), deal.value()};
            break;
        case 5:
        case 6:
            o = {one_of({0x0e, 0x19, 0x0f, 0x1a}), "", deal.text_key(), deal.value()};
            break;
        case 7:
        case 8:
            o = {one_of({0x05, 0x06, 0x15, 0x16}),
                 big(deal.number()) + big(deal.number()) + big(deal.expiry()), deal.counter_key(),
                 ""};
            break;
        case 9:
            o = {one_of({0x04, 0x14}), "", deal.key(), ""};
            break;
        case 10:
            o = {one_of({0x1c, 0x1d, 0x1e, 0x23, 0x24}), big(deal.expiry()), deal.key(), ""};
            break;
        default:
            o.opcode = one_of({0x0a, 0x0b, 0x10, 0x10, 0x08, 0x18});
            if (o.opcode == opcode::stat) o.key = deal.group();
            if (o.opcode == opcode::flush) o.extras = deal.below(2) == 0 ? "" : big(0U);
            if (!deal.may_flush() && (o.opcode == opcode::flush || o.opcode == opcode::flushq)) {
                o = {opcode::noop, "", "", ""};
            }
            return o;
    }
    o.guard = static_cast<token>(deal.below(6) < 3 ? deal.below(3) : 0);
    return o;
}

// A counter that got shorter has blanks behind, or has not, by what else holds the item.
std::string_view trimmed(std::string_view text) {
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

struct answer_frame {
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::string bytes;  // without cas, and what a counter leaves behind
};

std::vector<answer_frame> frames_of(std::string_view bytes) {
    const auto number = [&](std::size_t at, std::size_t size) {
        std::uint64_t n = 0;
        for (const char c : bytes.substr(at, size)) n = n << 8 | static_cast<unsigned char>(c);
        return n;
    };
    std::vector<answer_frame> frames;
    while (bytes.size() >= 24) {
        answer_frame f{static_cast<std::uint32_t>(number(12, 4)), number(16, 8), ""};
        const std::size_t size = 24 + number(8, 4);
        const std::string body(trimmed(bytes.substr(24, size - 24)));
        f.bytes = std::string(bytes.substr(0, 8)) + big(static_cast<std::uint32_t>(body.size())) +
                  std::string(bytes.substr(12, 4)) + std::string(8, '\0') + body;
        frames.push_back(f);
        bytes.remove_prefix(std::min(size, bytes.size()));
    }
    return frames;
}

using tokens = std::map<std::string, std::uint64_t>;

void learn(tokens& known, const std::vector<order>& asked, const std::vector<answer_frame>& told) {
    for (const answer_frame& f : told) {
        if (f.cas != 0) known[asked.at(f.opaque).key] = f.cas;
    }
}

// Empty when both said the same.
std::string difference(const std::vector<order>& asked, const std::vector<answer_frame>& real,
                       const std::vector<answer_frame>& model) {
    for (std::size_t i = 0; i < std::max(real.size(), model.size()); ++i) {
        if (i < real.size() && i < model.size() && real[i].bytes == model[i].bytes &&
            (real[i].cas != 0) == (model[i].cas != 0)) {
            continue;
        }
        const std::uint32_t at = i < real.size() ? real[i].opaque : model[i].opaque;
        const auto shown = [&](const std::vector<answer_frame>& all) {
            return i < all.size() ? to_hex(all[i].bytes.substr(0, 60)) : std::string("nothing");
        };
        return "request " + std::to_string(at) + " " +
               to_hex(asked.at(at).bytes(at, {}).substr(0, 60)) + ": memcached " + shown(real) +
               ", the model " + shown(model);
    }
    return "";
}

// ---- silence against words ----------------------------------------------------------------------

void add_any(spy_node& node, dealer& deal, std::uint64_t token) {
    using namespace kmc::detail;
    static constexpr std::array stores{command::set, command::add, command::replace,
                                       command::append, command::prepend};
    switch (deal.below(10)) {
        case 0:
        case 1:
            node.get(deal.key());
            break;
        case 2:
        case 3:
        case 4:
        case 5: {
            request r;
            r.what = stores[deal.below(stores.size())];
            const bool joins = r.what == command::append || r.what == command::prepend;
            const std::string key = joins ? deal.text_key() : deal.key();
            const std::string value = deal.value();
            r.key = key.data();
            r.key_size = static_cast<std::uint16_t>(key.size());
            r.value = value.data();
            r.value_size = static_cast<std::uint32_t>(value.size());
            r.flags = deal.flags();
            r.expiry = deal.expiry();
            if (r.what == command::set) r.cas = token;
            node.ask(r);
            break;
        }
        case 6: {
            const std::string key = deal.key();
            request r;
            r.what = command::del;
            r.key = key.data();
            r.key_size = static_cast<std::uint16_t>(key.size());
            r.cas = token;
            node.ask(r);
            break;
        }
        case 7:
            node.change(deal.below(2) == 0 ? command::incr : command::decr, deal.counter_key(),
                        {deal.number(), deal.number()}, deal.expiry());
            break;
        case 8:
            deal.below(2) == 0 ? node.touch(deal.key(), deal.expiry())
                               : node.gat(deal.key(), deal.expiry());
            break;
        default:
            switch (deal.below(4)) {
                case 0:
                    deal.may_flush() ? node.flush() : node.noop();
                    break;
                case 1:
                    node.version();
                    break;
                case 2:
                    node.noop();
                    break;
                default:
                    node.stat(deal.group());
            }
    }
    if (deal.below(6) == 0) node.loud();
}

std::string shown(const outcome& o) {
    return "status " + std::to_string(static_cast<int>(o.status)) + " number " +
           std::to_string(o.number) + " value " + to_hex(o.value.substr(0, 40)) + " parts " +
           std::to_string(o.parts.size()) + (o.is_implied ? " implied" : "");
}

bool are_same(const outcome& quiet, const outcome& aloud) {
    if (quiet.times != 1 || aloud.times != 1 || !quiet.is_answer || !aloud.is_answer) return false;
    if (quiet.status != aloud.status || quiet.parts != aloud.parts) return false;
    if (quiet.is_implied && quiet.parts.empty()) return true;
    return trimmed(quiet.value) == trimmed(aloud.value) && quiet.flags == aloud.flags &&
           quiet.number == aloud.number && (quiet.cas != 0) == (aloud.cas != 0);
}

}  // namespace

TEST_CASE("the simulated server answers as a real one, whatever it is asked") {
    const std::uint64_t first_seed = seed();
    const server_kind kind = GENERATE(from_range(server_kinds()));
    CAPTURE(first_seed, kind.name);
    const memcached_node node(kind.arguments);
    binary_connection real(node.text());
    model_options options = kind.options;
    options.version =
        frames_of(real.ask(order{.opcode = opcode::version}.bytes(0, {}))).at(0).bytes.substr(24);
    model_server model(options);
    dealer deal(first_seed, kind);
    tokens real_tokens, model_tokens;
    std::size_t answers = 0;

    for (int batch = 0; batch < 600; ++batch) {
        std::vector<order> orders(1 + deal.below(30));
        std::string to_real, to_model;
        for (std::uint32_t i = 0; i < orders.size(); ++i) {
            orders[i] = any_order(deal);
            to_real += orders[i].bytes(i, real_tokens);
            to_model += orders[i].bytes(i, model_tokens);
        }

        const auto from_real = frames_of(real.ask(to_real));
        const auto from_model = frames_of(model.ask(to_model));

        REQUIRE(difference(orders, from_real, from_model) == "");
        learn(real_tokens, orders, from_real);
        learn(model_tokens, orders, from_model);
        answers += from_real.size();
    }
    CHECK(answers > 3000);
}

TEST_CASE("what a pipeline makes of silence is what the server would have said") {
    const std::uint64_t first_seed = seed();
    const server_kind kind = GENERATE(from_range(server_kinds()));
    CAPTURE(first_seed, kind.name);
    const memcached_node node(kind.arguments);
    binary_connection real(node.text());
    model_options options = kind.options;
    options.version =
        frames_of(real.ask(order{.opcode = opcode::version}.bytes(0, {}))).at(0).bytes.substr(24);
    model_server model(options);
    wire quiet_wire(0xffffff00, {.run_requests = 16});
    wire loud_wire;
    // The same dice on both sides; only the tokens differ.
    dealer deal(first_seed, kind), mirror(first_seed, kind), dice(first_seed + 1, kind);
    std::uint64_t real_token = 0, model_token = 0;
    std::size_t implied = 0, told = 0;

    for (int batch = 0; batch < 600; ++batch) {
        spy_node asked;
        std::vector<std::unique_ptr<spy_node>> aloud;
        for (std::uint64_t i = 1 + dice.below(30); i != 0; --i) {
            const std::uint64_t guard = dice.below(6);
            const std::uint64_t foreign = 1'000'000'000'000;
            add_any(asked, deal, guard == 0 ? foreign : guard == 1 ? real_token : 0);
            auto one = std::make_unique<spy_node>();
            add_any(*one, mirror, guard == 0 ? foreign : guard == 1 ? model_token : 0);
            aloud.push_back(std::move(one));
        }
        asked.noop();

        while (asked.encoded != asked.count) quiet_wire.send(asked, 1 << 28);
        const std::string requests(kmc::detail::as_text(quiet_wire.tx.pending()));
        quiet_wire.tx.clear();
        real.talk(requests, [&](std::string_view bytes) {
            quiet_wire.receive(bytes);
            return quiet_wire.pipeline.empty() || quiet_wire.is_broken;
        });
        REQUIRE_FALSE(quiet_wire.is_broken);
        for (std::size_t i = 0; i < aloud.size(); ++i) {
            spy_node fence;  // ends what comes without an end
            loud_wire.send(*aloud[i]);
            loud_wire.send(fence.noop());
            loud_wire.receive(model.ask(kmc::detail::as_text(loud_wire.tx.pending())));
            loud_wire.tx.clear();
            REQUIRE_FALSE(loud_wire.is_broken);

            CAPTURE(batch, i, static_cast<int>(asked.requests[i].what));
            const outcome& by_silence = asked.got[i];
            const outcome& by_words = aloud[i]->got[0];
            if (!are_same(by_silence, by_words)) {
                FAIL(shown(by_silence) << ", aloud: " << shown(by_words));
            }
            (by_silence.is_implied ? implied : told) += 1;
            if (by_silence.cas != 0) {
                real_token = by_silence.cas;
                model_token = by_words.cas;
            }
        }
        CHECK(asked.completions == 1);
    }
    CHECK(implied > 1000);
    CHECK(told > 1000);
}
