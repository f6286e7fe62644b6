// What it costs to find the servers of keys: kmc's way beside two others over the same points.
//
//   build/release/bench/kmc_bench_routing                        all of it
//   build/release/bench/kmc_bench_routing --benchmark_filter=/100/
//
// locate/WAY/KEYS/SERVERS, in ns per key:
//   kmc     hashes of all keys, several at a time, then a look into the ring's buckets for each
//   scalar  OpenSSL's MD5 and a binary search over kmc's points, key by key
//   records the same over records as libketama keeps them, a point and the server's text, with its
//           search, which looks at two neighbours in each step
// build/SERVERS: a ring from a list of servers, in ms.
//
// Every way gives the same servers; the program ends if they differ.

// OpenSSL's quickest way to one digest; the newer ones look the algorithm up each time.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <benchmark/benchmark.h>
#include <openssl/md5.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "routing/topology.hpp"

namespace {

using namespace kmc::detail;

kmc::server_list list_of(std::size_t servers) {
    std::string text;
    for (std::size_t i = 0; i < servers; ++i) {
        text += "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                std::to_string(i % 256) + ":11211,";
    }
    text.pop_back();
    return kmc::server_list::parse(text).value();
}

std::shared_ptr<const topology> ring_of(std::size_t servers) {
    return topology::build(list_of(servers), kmc::ring::libketama).value();
}

// Keys as caches have them, more of them than are asked for at a time.
struct key_pool {
    static constexpr std::size_t size = 10'000;

    key_pool() {
        for (std::size_t i = 0; i < size; ++i) {
            texts.push_back("user:" + std::to_string(1'000'003 * i % 100'000'007) + ":profile");
        }
        keys.assign(texts.begin(), texts.end());
    }
    // The next `count` of them; the same again after a while.
    [[nodiscard]] std::span<const std::string_view> next(std::size_t count) noexcept {
        if (at + count > size) at = 0;
        at += count;
        return std::span<const std::string_view>(keys).subspan(at - count, count);
    }

    std::vector<std::string> texts;
    std::vector<std::string_view> keys;
    std::size_t at = 0;
};

std::uint32_t md5_word(std::string_view key) noexcept {
    std::array<unsigned char, MD5_DIGEST_LENGTH> digest;
    // The API takes unsigned bytes.
    std::array<unsigned char, 250> bytes;
    std::memcpy(bytes.data(), key.data(), key.size());
    MD5(bytes.data(), key.size(), digest.data());
    return static_cast<std::uint32_t>(digest[3]) << 24 |
           static_cast<std::uint32_t>(digest[2]) << 16 |
           static_cast<std::uint32_t>(digest[1]) << 8 | digest[0];
}

class kmc_way {
public:
    explicit kmc_way(const topology& ring) : ring_(ring) {}
    void locate(std::span<const std::string_view> keys, std::span<server_index> out) {
        hashes_.resize(keys.size());
        ring_.locate(keys, hashes_, out);
    }

private:
    const topology& ring_;
    std::vector<std::uint32_t> hashes_;
};

class scalar_way {
public:
    explicit scalar_way(const topology& ring)
        : points_(ring.ring_points().points().begin(), ring.ring_points().points().end()) {}
    void locate(std::span<const std::string_view> keys, std::span<server_index> out) {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto found = std::lower_bound(
                points_.begin(), points_.end(), md5_word(keys[i]),
                [](const ring_point& p, std::uint32_t hash) { return p.value < hash; });
            out[i] = (found == points_.end() ? points_.front() : *found).server;
        }
    }

private:
    std::vector<ring_point> points_;
};

// A record has the text of its server; for the comparison its place as well.
class record_way {
public:
    explicit record_way(const topology& ring) {
        for (const ring_point& p : ring.ring_points().points()) {
            record& r = records_.emplace_back();
            r.value = p.value;
            r.server = p.server;
            const std::string& text = ring.servers()[p.server].text;
            std::memcpy(r.text.data(), text.data(), std::min(text.size(), r.text.size() - 1));
        }
    }
    void locate(std::span<const std::string_view> keys, std::span<server_index> out) {
        for (std::size_t i = 0; i < keys.size(); ++i) out[i] = find(md5_word(keys[i])).server;
    }

private:
    struct record {
        std::uint32_t value = 0;
        std::array<char, 20> text{};
        server_index server = 0;
    };
    [[nodiscard]] const record& find(std::uint32_t hash) const {
        std::size_t low = 0;
        std::size_t high = records_.size();
        while (true) {
            const std::size_t middle = (low + high) / 2;
            if (middle == records_.size()) return records_.front();
            const std::uint32_t here = records_[middle].value;
            const std::uint32_t before = middle == 0 ? 0 : records_[middle - 1].value;
            if (hash <= here && hash > before) return records_[middle];
            if (here < hash) {
                low = middle + 1;
            } else {
                high = middle == 0 ? 0 : middle - 1;
            }
            if (low > high) return records_.front();
        }
    }

    std::vector<record> records_;
};

template <class Way>
void locate(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto ring = ring_of(static_cast<std::size_t>(state.range(1)));
    Way way(*ring);
    kmc_way ours(*ring);
    key_pool pool;
    std::vector<server_index> out(count);
    for (auto _ : state) {
        way.locate(pool.next(count), out);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    std::vector<server_index> mine(key_pool::size);
    std::vector<server_index> theirs(key_pool::size);
    ours.locate(pool.keys, mine);
    way.locate(pool.keys, theirs);
    if (mine != theirs) {
        std::fprintf(stderr, "the servers differ\n");
        std::abort();
    }
    state.counters["key"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(count),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void build(benchmark::State& state) {
    const kmc::server_list servers = list_of(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(topology::build(servers, kmc::ring::libketama).value());
    }
}

void sizes(benchmark::internal::Benchmark* b) {
    b->ArgsProduct({{1, 100, 1000}, {3, 50, 1000}});
}

BENCHMARK_TEMPLATE(locate, kmc_way)->Name("locate/kmc")->Apply(sizes);
BENCHMARK_TEMPLATE(locate, scalar_way)->Name("locate/scalar")->Apply(sizes);
BENCHMARK_TEMPLATE(locate, record_way)->Name("locate/records")->Apply(sizes);
BENCHMARK(build)->Arg(3)->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
