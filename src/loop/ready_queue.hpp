// What may run in the next turn: finished operations, whose `run` resumes user code. First in,
// first out. A node leaves by unlink(), also from inside the snapshot that is being run: an earlier
// coroutine of the same turn may destroy a later one.

#pragma once

#include <cstddef>

#include <kmc/detail/intrusive_list.hpp>
#include <kmc/detail/op_node.hpp>

namespace kmc::detail {

class ready_queue {
public:
    void push(ready_node& node) noexcept { waiting_.push_back(node); }

    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

    // Runs what was there when it was called, at most `limit` of it; the rest stays in front. What
    // the nodes push meanwhile waits for the next call.
    void run(std::size_t limit) noexcept {
        intrusive_list<ready_node> snapshot;
        snapshot.splice_back(waiting_);
        while (!snapshot.empty() && limit > 0) {
            --limit;
            ready_node& node = snapshot.pop_front();
            node.run(node);
        }
        snapshot.splice_back(waiting_);
        waiting_.splice_back(snapshot);
    }

private:
    intrusive_list<ready_node> waiting_;
};

}  // namespace kmc::detail
