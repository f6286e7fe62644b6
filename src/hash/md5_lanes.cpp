#include "hash/md5_lanes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "base/bytes.hpp"

// The wider kernels are compiled for AVX2 and AVX-512, and entered only on processors that have
// them. Elsewhere the compiler lowers the same vector types to what the target offers.
#if defined(__x86_64__) || defined(__i386__)
#define KMC_MD5_WIDE_TARGET [[gnu::target("avx2")]]
#define KMC_MD5_WIDE_SUPPORTED() (__builtin_cpu_supports("avx2") != 0)
#define KMC_MD5_WIDEST_TARGET [[gnu::target("avx512f")]]
#define KMC_MD5_WIDEST_SUPPORTED() (__builtin_cpu_supports("avx512f") != 0)
#else
#define KMC_MD5_WIDE_TARGET
#define KMC_MD5_WIDE_SUPPORTED() false
#define KMC_MD5_WIDEST_TARGET
#define KMC_MD5_WIDEST_SUPPORTED() false
#endif

// One function body for every width: it must become part of its caller, or it would be compiled
// without the caller's target.
#define KMC_MD5_INLINE [[gnu::always_inline]] inline

namespace kmc::detail {

namespace {

using narrow_word = std::uint32_t __attribute__((vector_size(16)));
using wide_word = std::uint32_t __attribute__((vector_size(32)));
using widest_word = std::uint32_t __attribute__((vector_size(64)));

template <class Word>
constexpr std::size_t lanes_of = sizeof(Word) / sizeof(std::uint32_t);

constexpr std::size_t block_words = 16;
constexpr std::size_t block_bytes = 64;

// RFC 1321, 3.4: floor(2^32 * |sin(i + 1)|), i in radians.
constexpr std::array<std::uint32_t, 64> sines = {
    0xd76aa478U, 0xe8c7b756U, 0x242070dbU, 0xc1bdceeeU, 0xf57c0fafU, 0x4787c62aU, 0xa8304613U,
    0xfd469501U, 0x698098d8U, 0x8b44f7afU, 0xffff5bb1U, 0x895cd7beU, 0x6b901122U, 0xfd987193U,
    0xa679438eU, 0x49b40821U, 0xf61e2562U, 0xc040b340U, 0x265e5a51U, 0xe9b6c7aaU, 0xd62f105dU,
    0x02441453U, 0xd8a1e681U, 0xe7d3fbc8U, 0x21e1cde6U, 0xc33707d6U, 0xf4d50d87U, 0x455a14edU,
    0xa9e3e905U, 0xfcefa3f8U, 0x676f02d9U, 0x8d2a4c8aU, 0xfffa3942U, 0x8771f681U, 0x6d9d6122U,
    0xfde5380cU, 0xa4beea44U, 0x4bdecfa9U, 0xf6bb4b60U, 0xbebfbc70U, 0x289b7ec6U, 0xeaa127faU,
    0xd4ef3085U, 0x04881d05U, 0xd9d4d039U, 0xe6db99e5U, 0x1fa27cf8U, 0xc4ac5665U, 0xf4292244U,
    0x432aff97U, 0xab9423a7U, 0xfc93a039U, 0x655b59c3U, 0x8f0ccc92U, 0xffeff47dU, 0x85845dd1U,
    0x6fa87e4fU, 0xfe2ce6e0U, 0xa3014314U, 0x4e0811a1U, 0xf7537e82U, 0xbd3af235U, 0x2ad7d2bbU,
    0xeb86d391U,
};

// The left rotations of the four rounds, each repeating every four steps.
constexpr std::array<std::array<int, 4>, 4> rotations = {{
    {7, 12, 17, 22},
    {5, 9, 14, 20},
    {4, 11, 16, 23},
    {6, 10, 15, 21},
}};

// Which message word a step reads.
constexpr std::size_t word_of_step(std::size_t step) noexcept {
    switch (step / block_words) {
        case 0:
            return step % block_words;
        case 1:
            return (5 * step + 1) % block_words;
        case 2:
            return (3 * step + 5) % block_words;
        default:
            return 7 * step % block_words;
    }
}

// `Word` is uint32_t or a vector of them. The four are A, B, C, D of the RFC.
template <class Word>
struct md5_state {
    Word a = Word{} + 0x67452301U;
    Word b = Word{} + 0xefcdab89U;
    Word c = Word{} + 0x98badcfeU;
    Word d = Word{} + 0x10325476U;
};

// One of the 64 operations. Afterwards the four are renamed as the RFC rotates them, so that each
// step looks the same; with everything inlined the moves cost nothing.
template <std::size_t Step, class Word>
KMC_MD5_INLINE void md5_step(md5_state<Word>& s, const Word* message) noexcept {
    constexpr std::size_t round = Step / block_words;
    constexpr int left = rotations[round][Step % 4];

    Word mixed;
    if constexpr (round == 0) {
        mixed = s.d ^ (s.b & (s.c ^ s.d));
    } else if constexpr (round == 1) {
        mixed = s.c ^ (s.d & (s.b ^ s.c));
    } else if constexpr (round == 2) {
        mixed = s.b ^ s.c ^ s.d;
    } else {
        mixed = s.c ^ (s.b | ~s.d);
    }
    const Word sum = s.a + mixed + message[word_of_step(Step)] + sines[Step];
    const Word turned = (sum << left) | (sum >> (32 - left));
    s.a = s.d;
    s.d = s.c;
    s.c = s.b;
    s.b += turned;
}

template <class Word, std::size_t... Steps>
KMC_MD5_INLINE void md5_steps(md5_state<Word>& s, const Word* message,
                              std::index_sequence<Steps...>) noexcept {
    (md5_step<Steps>(s, message), ...);
}

template <class Word>
KMC_MD5_INLINE void md5_block(md5_state<Word>& s, const Word* message) noexcept {
    const md5_state<Word> before = s;
    md5_steps(s, message, std::make_index_sequence<4 * block_words>{});
    s.a += before.a;
    s.b += before.b;
    s.c += before.c;
    s.d += before.d;
}

// Writes a padded key as column `lane` of message[16][Lanes]. The column is zero before.
template <std::size_t Lanes>
KMC_MD5_INLINE void put_key(std::uint32_t* message, std::size_t lane,
                            std::string_view key) noexcept {
    KMC_ASSERT(key.size() <= md5_lane_key_limit);
    const std::byte* bytes = as_bytes(key).data();
    const std::size_t whole = key.size() / 4;
    const std::size_t rest = key.size() % 4;

    for (std::size_t word = 0; word < whole; ++word) {
        message[word * Lanes + lane] = load_little<std::uint32_t>(bytes + 4 * word);
    }
    std::uint32_t tail = 0x80U << (8 * rest);  // the 1 bit that ends every message
    for (std::size_t i = 0; i < rest; ++i) {
        tail |= std::to_integer<std::uint32_t>(bytes[4 * whole + i]) << (8 * i);
    }
    message[whole * Lanes + lane] = tail;
    message[14 * Lanes + lane] = static_cast<std::uint32_t>(8 * key.size());
}

// Up to Lanes keys in one pass. Lanes without a key hash zeros, and nobody looks at them.
template <class Word>
KMC_MD5_INLINE void md5_pass(const std::string_view* keys, std::size_t count,
                             std::uint32_t* out) noexcept {
    constexpr std::size_t lanes = lanes_of<Word>;
    alignas(Word) std::uint32_t columns[block_words * lanes] = {};
    for (std::size_t lane = 0; lane < count; ++lane) put_key<lanes>(columns, lane, keys[lane]);

    Word message[block_words];
    std::memcpy(&message, &columns, sizeof message);
    md5_state<Word> state;
    md5_block(state, message);

    std::uint32_t first_words[lanes];
    std::memcpy(&first_words, &state.a, sizeof first_words);
    std::copy_n(first_words, count, out);
}

template <class Word>
KMC_MD5_INLINE void md5_passes(std::span<const std::string_view> keys,
                               std::span<std::uint32_t> out) noexcept {
    constexpr std::size_t lanes = lanes_of<Word>;
    for (std::size_t at = 0; at < keys.size(); at += lanes) {
        md5_pass<Word>(keys.data() + at, std::min(lanes, keys.size() - at), out.data() + at);
    }
}

void md5_one(std::string_view key, std::uint32_t& out) noexcept {
    md5_pass<std::uint32_t>(&key, 1, &out);
}

void scalar_block(md5_state<std::uint32_t>& state, const std::byte* block) noexcept {
    std::uint32_t message[block_words];
    for (std::size_t word = 0; word < block_words; ++word) {
        message[word] = load_little<std::uint32_t>(block + 4 * word);
    }
    md5_block(state, message);
}

}  // namespace

void md5_lanes_narrow(std::span<const std::string_view> keys,
                      std::span<std::uint32_t> out) noexcept {
    KMC_ASSERT(keys.size() == out.size());
    md5_passes<narrow_word>(keys, out);
}

KMC_MD5_WIDE_TARGET void md5_lanes_wide(std::span<const std::string_view> keys,
                                        std::span<std::uint32_t> out) noexcept {
    KMC_ASSERT(keys.size() == out.size());
    md5_passes<wide_word>(keys, out);
}

KMC_MD5_WIDEST_TARGET void md5_lanes_widest(std::span<const std::string_view> keys,
                                            std::span<std::uint32_t> out) noexcept {
    KMC_ASSERT(keys.size() == out.size());
    md5_passes<widest_word>(keys, out);
}

bool has_wide_lanes() noexcept {
    static const bool answer = KMC_MD5_WIDE_SUPPORTED();
    return answer;
}

bool has_widest_lanes() noexcept {
    static const bool answer = KMC_MD5_WIDEST_SUPPORTED();
    return answer;
}

void md5_lanes(std::span<const std::string_view> keys, std::span<std::uint32_t> out) noexcept {
    KMC_ASSERT(keys.size() == out.size());
    if (keys.empty()) return;
    if (keys.size() == 1) return md5_one(keys[0], out[0]);
    if (keys.size() > lanes_of<wide_word> && has_widest_lanes()) return md5_lanes_widest(keys, out);
    if (keys.size() > lanes_of<narrow_word> && has_wide_lanes()) return md5_lanes_wide(keys, out);
    md5_lanes_narrow(keys, out);
}

std::array<std::uint32_t, 4> md5_scalar(std::string_view bytes) noexcept {
    const auto data = as_bytes(bytes);
    md5_state<std::uint32_t> state;
    std::size_t done = 0;
    for (; data.size() - done >= block_bytes; done += block_bytes) {
        scalar_block(state, data.data() + done);
    }

    // What is left, the 1 bit, zeros, and the length in bits fill one block or two.
    std::array<std::byte, 2 * block_bytes> end{};
    const std::size_t left = data.size() - done;
    copy_bytes(end.data(), data.data() + done, left);
    end[left] = std::byte{0x80};
    const std::size_t size = left <= md5_lane_key_limit ? block_bytes : 2 * block_bytes;
    const std::uint64_t bits = std::uint64_t{data.size()} * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        end[size - 8 + i] = static_cast<std::byte>(bits >> (8 * i));
    }
    for (std::size_t at = 0; at < size; at += block_bytes) scalar_block(state, end.data() + at);
    return {state.a, state.b, state.c, state.d};
}

}  // namespace kmc::detail
