// Memory of one batch: bump allocation in chunks, freed or recycled as a whole. Recycling merges
// the chunks into one of their total size, so that a batch like the last one needs no new memory.
// Received blocks of large values can be handed to it to live as long as the rest.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kmc::detail {

class arena {
public:
    arena() noexcept = default;
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;
    ~arena() { drop_blocks(); }

    // Uninitialised memory; null when there is none.
    [[nodiscard]] void* try_allocate(std::size_t bytes, std::size_t alignment) noexcept;

    // `count` copies of `initial`, of a type that needs no destructor. Throws std::bad_alloc.
    template <class T>
    [[nodiscard]] std::span<T> make_array(std::size_t count, const T& initial) {
        T* first = raw_array<T>(count);
        std::uninitialized_fill_n(first, count, initial);
        return {first, count};
    }

    // `count` objects left uninitialised where their type allows it. Throws std::bad_alloc.
    template <class T>
    [[nodiscard]] std::span<T> make_array(std::size_t count) {
        T* first = raw_array<T>(count);
        std::uninitialized_default_construct_n(first, count);
        return {first, count};
    }

    // A copy of `bytes`; a view with null data when there is no memory for it, never for an empty
    // one.
    [[nodiscard]] std::string_view try_copy(std::string_view bytes) noexcept {
        if (bytes.empty()) return "";
        if (left_ < bytes.size() && !grow(bytes.size())) return {};
        char* const at = static_cast<char*>(static_cast<void*>(next_));
        std::memcpy(at, bytes.data(), bytes.size());
        next_ += bytes.size();
        left_ -= bytes.size();
        return {at, bytes.size()};
    }

    // Takes over a block from take_block(size). False when there is no memory to remember it; the
    // block is then still the caller's.
    [[nodiscard]] bool try_adopt(char* block, std::size_t size) noexcept;

    // Forgets everything; keeps the memory of the chunks for the next use.
    void recycle() noexcept;

private:
    struct chunk {
        std::unique_ptr<std::byte[]> data;
        std::size_t size = 0;
    };
    struct block {
        char* data;
        std::size_t size;
    };

    static constexpr std::size_t first_chunk = 4096;

    template <class T>
    [[nodiscard]] T* raw_array(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        void* memory = try_allocate(count * sizeof(T), alignof(T));
        if (memory == nullptr) throw std::bad_alloc();
        return static_cast<T*>(memory);
    }

    bool grow(std::size_t bytes) noexcept;
    void drop_blocks() noexcept;

    std::vector<chunk> chunks_;
    std::vector<block> blocks_;
    std::byte* next_ = nullptr;
    std::size_t left_ = 0;
};

}  // namespace kmc::detail
