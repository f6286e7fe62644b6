#include "bench/preparation.hpp"

#include <algorithm>
#include <chrono>

namespace kmc::cli::bench {
namespace {

// Enough for every server to be busy, and not so much that its answer takes a call's time.
constexpr std::size_t items_at_once = 1000;
constexpr std::size_t bytes_at_once = 4U << 20;

task<void> store(const client& mc, const write_batch& writes, write_options options,
                 preparation& so_far) {
    const write_reply reply = co_await mc.write(writes, options);
    for (const auto& r : reply) {
        ++so_far.items;
        if (r) continue;
        ++so_far.failed;
        so_far.why = r.error();
    }
}

}  // namespace

preparation store_all(runtime& rt, const client& mc, const load::data_set& data,
                      const load::plan& p, signals& ends) {
    const auto began = load::clock::now();
    const std::size_t bytes = std::max<std::size_t>(data.value(0).size(), 1);
    const std::size_t step = std::clamp<std::size_t>(bytes_at_once / bytes, 1, items_at_once);
    preparation so_far;
    write_batch writes;
    for (std::size_t i = 0; i < data.size() && !so_far.ended_early;) {
        writes.clear();
        for (const std::size_t end = std::min(data.size(), i + step); i < end; ++i) {
            writes.set(data.key(i), borrow(data.value(i)), {.ttl = p.ttl});
        }
        rt.block_on(store(mc, writes, {.group = p.group}, so_far));
        if (so_far.failed == so_far.items) break;
        so_far.ended_early = ends.came();
    }
    so_far.seconds = std::chrono::duration<double>(load::clock::now() - began).count();
    return so_far;
}

}  // namespace kmc::cli::bench
