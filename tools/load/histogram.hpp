// Times in buckets: exact below 64 ns, from there on 32 buckets for each doubling, so that a
// percentile is off by less than 2 % however long the tail. The idea of HdrHistogram
// (hdrhistogram.org). Fixed memory, adding allocates nothing.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kmc::load {

class histogram {
public:
    void add(std::uint64_t ns) noexcept {
        ++buckets_[bucket_of(ns)];
        ++count_;
        if (ns > max_) max_ = ns;
    }
    void add(const histogram& other) noexcept {
        for (std::size_t b = 0; b < buckets_.size(); ++b) buckets_[b] += other.buckets_[b];
        count_ += other.count_;
        if (other.max_ > max_) max_ = other.max_;
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
    // The time that this part of all (0..1) did not exceed, in ns: the one with so many before it
    // in order. 0 of nothing, and never above the largest.
    [[nodiscard]] double quantile(double part) const noexcept {
        if (count_ == 0) return 0;
        auto rank = static_cast<std::uint64_t>(part * static_cast<double>(count_));
        if (rank >= count_) rank = count_ - 1;
        std::uint64_t seen = 0;
        for (std::size_t b = 0; b < buckets_.size(); ++b) {
            seen += buckets_[b];
            if (seen > rank) return std::min(middle_of(b), static_cast<double>(max_));
        }
        return static_cast<double>(max_);
    }

    // For plots: calls use(lowest ns of the bucket, how many) for each that has any.
    template <class Use>
    void each(Use&& use) const {
        for (std::size_t b = 0; b < buckets_.size(); ++b) {
            if (buckets_[b] != 0) use(lowest_of(b), buckets_[b]);
        }
    }

private:
    static constexpr unsigned halves = 5;  // 2^5 buckets for each doubling
    static constexpr std::uint64_t exact = std::uint64_t{2} << halves;

    static std::size_t bucket_of(std::uint64_t ns) noexcept {
        if (ns < exact) return static_cast<std::size_t>(ns);
        const auto shift = static_cast<unsigned>(std::bit_width(ns)) - halves - 1;
        return (std::size_t{shift} << halves) + static_cast<std::size_t>(ns >> shift);
    }
    static std::uint64_t lowest_of(std::size_t bucket) noexcept {
        if (bucket < exact) return bucket;
        const unsigned shift = static_cast<unsigned>(bucket >> halves) - 1;
        return (std::uint64_t{bucket} - (std::uint64_t{shift} << halves)) << shift;
    }
    static double middle_of(std::size_t bucket) noexcept {
        const auto low = static_cast<double>(lowest_of(bucket));
        if (bucket < exact) return low;
        // Of the topmost bucket the next one's lowest would be 2^64.
        const unsigned shift = static_cast<unsigned>(bucket >> halves) - 1;
        return low + static_cast<double>(std::uint64_t{1} << shift) / 2;
    }

    std::array<std::uint64_t, 64 << halves> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace kmc::load
