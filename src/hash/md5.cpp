// MD5 as rings use it: OpenSSL for the labels of a ring, kmc's own lanes for keys. The only file
// that includes OpenSSL's digests. OpenSSL 3 allocates on each digest, which set-up may and the
// path of a request may not; its answer is also slower than the plain code for keys of any length.

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include <openssl/evp.h>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "hash/key_hash.hpp"
#include "hash/md5_lanes.hpp"

namespace kmc::detail {

namespace {

// Fetched once for the process: a fetch takes locks and looks through the providers. Rings use MD5
// to spread keys, not to protect anything, so where policy allows only FIPS algorithms the second
// question asks for one outside of it. Null where no provider has MD5 at all. Never freed: threads
// that outlive main() may still use it.
const EVP_MD* fetched_md5() noexcept {
    static const EVP_MD* const digest = [] {
        const EVP_MD* found = EVP_MD_fetch(nullptr, "MD5", nullptr);
        return found != nullptr ? found : EVP_MD_fetch(nullptr, "MD5", "-fips");
    }();
    return digest;
}

struct context_deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

bool digest_by_openssl(std::string_view bytes, std::array<std::byte, 16>& out) noexcept {
    thread_local const std::unique_ptr<EVP_MD_CTX, context_deleter> context(EVP_MD_CTX_new());
    const EVP_MD* const digest = fetched_md5();
    if (context == nullptr || digest == nullptr) return false;

    unsigned int size = 0;
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
    if (EVP_DigestInit_ex2(context.get(), digest, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), raw.data(), &size) != 1 || size != out.size()) {
        return false;
    }
    std::transform(raw.begin(), raw.begin() + out.size(), out.begin(),
                   [](unsigned char byte) { return static_cast<std::byte>(byte); });
    return true;
}

}  // namespace

md5_words md5(std::string_view bytes) noexcept {
    std::array<std::byte, 16> raw;
    if (!digest_by_openssl(bytes, raw)) return md5_scalar(bytes);

    md5_words words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = load_little<std::uint32_t>(raw.data() + 4 * i);
    }
    return words;
}

void md5_many(std::span<const std::string_view> keys, std::span<std::uint32_t> out) noexcept {
    KMC_ASSERT(keys.size() == out.size());
    const auto is_short = [](std::string_view key) { return key.size() <= md5_lane_key_limit; };
    if (std::all_of(keys.begin(), keys.end(), is_short)) return md5_lanes(keys, out);

    // Short keys are gathered a chunk at a time, so that a long key between them leaves no lane
    // empty. A chunk lives on the stack: 64 views, places and hashes.
    constexpr std::size_t chunk = 64;
    std::array<std::string_view, chunk> short_keys;
    std::array<std::size_t, chunk> places;
    std::array<std::uint32_t, chunk> hashes;

    for (std::size_t at = 0; at < keys.size();) {
        std::size_t gathered = 0;
        for (; at < keys.size() && gathered < chunk; ++at) {
            if (is_short(keys[at])) {
                short_keys[gathered] = keys[at];
                places[gathered++] = at;
            } else {
                out[at] = md5_scalar(keys[at])[0];
            }
        }
        md5_lanes({short_keys.data(), gathered}, {hashes.data(), gathered});
        for (std::size_t i = 0; i < gathered; ++i) out[places[i]] = hashes[i];
    }
}

}  // namespace kmc::detail
