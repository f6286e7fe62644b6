// What the demo stores and reads: keys, values that name their key, and coroutines that go through
// them and compare every byte.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/kmc.hpp>

namespace demo {

inline constexpr std::size_t key_count = 10'000;
inline constexpr std::size_t batch_size = 100;
inline constexpr std::size_t coroutine_count = 64;
inline constexpr std::size_t batches_per_coroutine = 100;

// Key i and the value that belongs to it and to no other.
class item_set {
public:
    item_set();

    [[nodiscard]] std::string_view key(std::size_t i) const { return keys_[i]; }
    [[nodiscard]] std::string_view value(std::size_t i) const { return values_[i]; }

    // The items of the b-th batch: `key_count / batch_size` batches in a row cover all items, each
    // batch taking them from all over.
    [[nodiscard]] static std::size_t item_of(std::size_t b, std::size_t place) noexcept {
        constexpr std::size_t stride = 7919;  // prime, so that it meets every item
        return (b * batch_size + place) * stride % key_count;
    }
    [[nodiscard]] std::array<std::string_view, batch_size> batch(std::size_t b) const;

private:
    std::vector<std::string> keys_;
    std::vector<std::string> values_;
};

struct counts {
    std::size_t hits = 0;   // the value read is the value written
    std::size_t wrong = 0;  // it is not
    std::size_t misses = 0;
    std::size_t errors = 0;
    std::string first_error;
    std::chrono::duration<double> time{};

    void add(const counts& other);
};

// Stores the items whose numbers are given, from 64 coroutines.
[[nodiscard]] counts store(kmc::runtime& rt, const kmc::client& mc, const item_set& items,
                           std::span<const std::size_t> numbers);

// Reads all items over and over in batches, from 64 coroutines.
[[nodiscard]] counts read_all(kmc::runtime& rt, const kmc::client& mc, const item_set& items);

// What one batch gave, server by server.
struct server_share {
    std::size_t asked = 0;
    std::size_t hits = 0;
    std::size_t wrong = 0;
    std::size_t misses = 0;
    std::size_t errors = 0;
    kmc::error why{};         // of the first error
    bool is_same_why = true;  // all errors have the same code and name this server
};
struct batch_outcome {
    std::vector<server_share> servers;
    std::chrono::duration<double> time{};
};
[[nodiscard]] batch_outcome read_batch(kmc::runtime& rt, const kmc::client& mc,
                                       const item_set& items, std::size_t b);

}  // namespace demo
