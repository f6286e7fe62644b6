// The binary reply decoder, fed one stream of bytes. Whatever they are: the verdict on a frame does
// not depend on how many bytes have come, nothing is read beyond them, and the numbers of a head
// are those that stand there.

#include <array>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "fuzzing.hpp"
#include "protocol/binary/decode.hpp"
#include "protocol/outcome.hpp"
#include "protocol/status.hpp"

namespace {

using namespace kmc::detail;
using kmc::fuzzing::require;

constexpr std::size_t head_bytes = 24;
constexpr std::size_t longest_line = 31;

// A block of exactly these bytes: a sanitizer sees the first one read behind it.
class exact_bytes {
public:
    explicit exact_bytes(std::span<const std::byte> bytes)
        : block_(std::make_unique<std::byte[]>(bytes.size())), size_(bytes.size()) {
        copy_bytes(block_.get(), bytes.data(), bytes.size());
    }
    [[nodiscard]] std::span<const std::byte> span() const { return {block_.get(), size_}; }

private:
    std::unique_ptr<std::byte[]> block_;
    std::size_t size_;
};

parse_result parse(std::span<const std::byte> bytes) {
    return binary::parse_head(exact_bytes(bytes).span());
}

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (const std::byte b : bytes.subspan(at, size)) {
        number = number << 8 | std::to_integer<std::uint64_t>(b);
    }
    return number;
}

bool is_same(const reply_head& a, const reply_head& b) {
    return a.sequence == b.sequence && a.opcode == b.opcode && a.status == b.status &&
           a.cas == b.cas && a.head_size == b.head_size && a.extras_size == b.extras_size &&
           a.key_size == b.key_size && a.value_size == b.value_size;
}

bool is_same(const parse_result& a, const parse_result& b) {
    if (a.status != b.status) return false;
    if (a.status == parse_status::broken) return a.why == b.why;
    return a.status == parse_status::need_more || is_same(a.head, b.head);
}

void check_head(const reply_head& head, std::span<const std::byte> bytes) {
    require(bytes.size() >= head_bytes, "a head needs 24 bytes");
    require(bytes[0] == std::byte{0x81} && bytes[5] == std::byte{0}, "magic and data type");
    require(head.opcode == number_at(bytes, 1, 1), "opcode");
    require(head.key_size == number_at(bytes, 2, 2), "key size");
    require(head.extras_size == number_at(bytes, 4, 1), "extras size");
    require(head.status == number_at(bytes, 6, 2), "status");
    require(head.frame_size() == head_bytes + number_at(bytes, 8, 4), "frame size");
    require(head.sequence == number_at(bytes, 12, 4), "opaque");
    require(head.cas == number_at(bytes, 16, 8), "cas");
}

// The first verdict stands, and every shorter input was undecided.
parse_result parse_growing(std::span<const std::byte> bytes) {
    const parse_result whole = parse(bytes);
    bool is_decided = false;
    for (std::size_t size = 0; size < std::min(bytes.size(), longest_line + 1); ++size) {
        const parse_result part = parse(bytes.first(size));
        require(is_same(part, parse(bytes.first(size))), "the decoder has no memory");
        if (part.status == parse_status::need_more) {
            require(!is_decided, "a verdict is not taken back");
            require(size < longest_line, "undecided for longer than any line");
            continue;
        }
        is_decided = true;
        require(is_same(part, whole), "more bytes do not change the verdict");
    }
    return whole;
}

void check_reply(const reply_head& head, command what, loudness how,
                 std::span<const std::byte> bytes) {
    if (!binary::answers(head, what, how)) return;
    const std::size_t body = std::size_t{head.extras_size} + head.key_size;
    require(head.extras_size <= 4 && head.key_size <= 250, "extras and key of a fitting reply");
    if (bytes.size() - head_bytes < body) return;
    const exact_bytes extras_and_key(bytes.subspan(head_bytes, body));
    const reply r = binary::read_reply(head, what, extras_and_key.span());
    require(r.what == what && r.cas == head.cas, "the reply is of its head");
    require(static_cast<std::uint16_t>(r.status) == head.status, "the status is of its head");
    require(r.key.size() == head.key_size && r.is_part == (head.key_size != 0), "the key");
    require(r.flags == (head.extras_size == 4 ? number_at(bytes, head_bytes, 4) : 0), "flags");
    require(!r.landed && r.value.empty() && !r.is_implied, "the value is somebody else's business");
    static_cast<void>(aftermath_of(r.status, what));
    static_cast<void>(error_of_status(r.status));
    require(outcome_of(what, r.cas != 0, r.status) <= outcome::refused, "an outcome");
    if (!is_counter(what) || r.status != status::ok) return;
    require(head.value_size == 8, "a counter has eight bytes");
    if (bytes.size() < head_bytes + body + 8) return;
    const exact_bytes value(bytes.subspan(head_bytes + body, 8));
    require(binary::read_number(as_text(value.span())) == number_at(value.span(), 0, 8),
            "the counter");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::span<const std::byte> rest = std::as_bytes(std::span(data, size));
    for (int frames = 0; frames < 16; ++frames) {
        const parse_result parsed = parse_growing(rest);
        if (parsed.status != parse_status::head) break;
        check_head(parsed.head, rest);
        for (std::size_t what = 0; what < command_count; ++what) {
            for (const loudness how : {loudness::loud, loudness::quiet}) {
                check_reply(parsed.head, static_cast<command>(what), how, rest);
            }
        }
        if (parsed.head.frame_size() > rest.size()) break;
        rest = rest.subspan(static_cast<std::size_t>(parsed.head.frame_size()));
    }
    return 0;
}
