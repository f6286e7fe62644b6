#include <kmc/value.hpp>

#include <kmc/detail/block_pool.hpp>

#include "base/bytes.hpp"

namespace kmc {

value::~value() {
    if (data_ != nullptr) detail::return_block(data_, size_);
}

bool value::assign(std::string_view bytes, std::uint32_t flags, cas_token token) noexcept {
    value fresh;
    if (!bytes.empty()) {
        fresh.data_ = static_cast<char*>(detail::try_take_block(bytes.size()));
        if (fresh.data_ == nullptr) {
            swap(fresh);
            return false;
        }
        detail::copy_bytes(fresh.data_, bytes.data(), bytes.size());
    }
    fresh.size_ = static_cast<std::uint32_t>(bytes.size());
    fresh.flags_ = flags;
    fresh.token_ = token;
    swap(fresh);
    return true;
}

void value::adopt(char* block, std::uint32_t size, std::uint32_t flags, cas_token token) noexcept {
    value fresh;
    fresh.data_ = block;
    fresh.size_ = size;
    fresh.flags_ = flags;
    fresh.token_ = token;
    swap(fresh);
}

}  // namespace kmc
