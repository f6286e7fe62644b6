// Requests of all kinds through the encoder, read back as a server reads them: what arrives is what
// was asked, in as many bytes as were announced, whatever the kernel takes at a time.

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "fuzzing.hpp"
#include "protocol/binary/encode.hpp"
#include "support/frames.hpp"

namespace {

using namespace kmc::detail;
using kmc::fuzzing::input;
using kmc::fuzzing::require;
using kmc::testing::request_frame;

struct asked {
    request what;
    std::string key;
    std::string value;
    counter_step step;
    kmc::shared_bytes shared;
    loudness how = loudness::loud;
};

// Of the protocol's document, not of the encoder's table.
struct wire_form {
    std::uint8_t loud, quiet;
    std::size_t extras;
    bool has_key, has_value;
};
constexpr std::array<wire_form, command_count> forms{{
    {0x00, 0x09, 0, true, false},   // get
    {0x1d, 0x1e, 4, true, false},   // gat
    {0x1c, 0x1c, 4, true, false},   // touch
    {0x01, 0x11, 8, true, true},    // set
    {0x02, 0x12, 8, true, true},    // add
    {0x03, 0x13, 8, true, true},    // replace
    {0x0e, 0x19, 0, true, true},    // append
    {0x0f, 0x1a, 0, true, true},    // prepend
    {0x04, 0x14, 0, true, false},   // del
    {0x05, 0x15, 20, true, false},  // incr
    {0x06, 0x16, 20, true, false},  // decr
    {0x08, 0x18, 4, false, false},  // flush
    {0x10, 0x10, 0, true, false},   // stat
    {0x0a, 0x0a, 0, false, false},  // noop
    {0x0b, 0x0b, 0, false, false},  // version
}};

void read_request(input& in, asked& a) {
    request& r = a.what;
    r.what = static_cast<command>(in.below(command_count));
    const std::uint8_t bits = in.byte();
    a.how = (bits & 1) != 0 ? loudness::quiet : loudness::loud;
    a.key = in.text(in.byte() % 251);
    if (a.key.empty() && r.what != command::stat) a.key = "k";
    r.flags = in.four_bytes();
    r.expiry = in.four_bytes();
    if ((bits & 2) != 0 && (r.what == command::set || r.what == command::del)) {
        r.cas = in.eight_bytes();
    }
    r.key = a.key.data();
    r.key_size = static_cast<std::uint16_t>(a.key.size());
    if (is_counter(r.what)) {
        a.step = {.delta = in.eight_bytes(), .initial = in.eight_bytes()};
        r.step = &a.step;
        return;
    }
    a.value = in.short_text();
    r.value_size = static_cast<std::uint32_t>(a.value.size());
    r.value = a.value.data();
    const bool is_store = forms[static_cast<std::size_t>(r.what)].has_value;
    if ((bits & 4) == 0 || !is_store || a.value.empty()) return;
    a.shared = kmc::shared_bytes(a.value);
    r.block = a.shared.block();
    r.is_shared = true;
}

std::string big(std::uint64_t number, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        text[bytes - 1 - i] = static_cast<char>(number >> (8 * i));
    }
    return text;
}

std::string extras_of(const asked& a, std::size_t size) {
    switch (size) {
        case 4:
            return big(a.what.expiry, 4);
        case 8:
            return big(a.what.flags, 4) + big(a.what.expiry, 4);
        case 20:
            return big(a.step.delta, 8) + big(a.step.initial, 8) + big(a.what.expiry, 4);
        default:
            return {};
    }
}

void check(const asked& a, const request_frame& frame, std::uint32_t sequence) {
    const wire_form& form = forms[static_cast<std::size_t>(a.what.what)];
    require(frame.opcode == (a.how == loudness::quiet ? form.quiet : form.loud), "opcode");
    require(frame.opaque == sequence, "opaque");
    require(frame.cas == a.what.cas, "cas");
    require(frame.key == (form.has_key ? a.key : ""), "key");
    require(frame.value == (form.has_value ? a.value : ""), "value");
    require(frame.extras == extras_of(a, form.extras), "extras");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    input in(data, size);
    std::uint32_t sequence = in.four_bytes();
    const std::uint32_t first = sequence;
    const std::size_t piece = 1 + in.byte();
    outbox out;
    std::vector<std::unique_ptr<asked>> all;
    std::string sent;
    std::size_t announced = 0;
    while (!in.empty() && all.size() < 64) {
        auto a = std::make_unique<asked>();
        read_request(in, *a);
        const std::size_t before = out.size();
        const std::size_t expected = binary::encoded_size(a->what, a->how);
        binary::encode(a->what, sequence++, a->how, out);
        require(out.size() - before == expected, "as many bytes as announced");
        announced += expected;
        // The kernel takes some of it now and then.
        if ((piece & 1) != 0) {
            const auto some = out.pending().first(std::min(piece, out.pending().size()));
            sent += as_text(some);
            out.consume(some.size());
        }
        all.push_back(std::move(a));
    }
    while (!out.empty()) {
        const auto some = out.pending().first(std::min(piece, out.pending().size()));
        require(!some.empty(), "there is a piece while there is something to send");
        sent += as_text(some);
        out.consume(some.size());
    }
    require(sent.size() == announced, "nothing lost, nothing added");
    const std::vector<request_frame> frames = kmc::testing::read_requests(sent);
    require(frames.size() == all.size(), "one frame for each request");
    for (std::size_t i = 0; i < all.size(); ++i) {
        check(*all[i], frames[i], first + static_cast<std::uint32_t>(i));
    }
    return 0;
}
