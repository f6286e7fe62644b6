// A coroutine on its own: runs where it is called, belongs to nobody, frees itself when it ends.

#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include <kmc/detail/block_pool.hpp>

namespace kmc::detail {

struct detached {
    struct promise_type {
        static void* operator new(std::size_t size) { return take_block(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            return_block(frame, size);
        }
        detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };
};

}  // namespace kmc::detail
