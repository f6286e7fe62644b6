#include "loop/ready_queue.hpp"

#include <vector>

#include <catch2/catch.hpp>

using kmc::detail::ready_node;
using kmc::detail::ready_queue;

namespace {

struct entry : ready_node {
    entry(std::vector<int>& log, int id) : ran(&log), name(id) {
        run = [](ready_node& n) noexcept {
            auto& self = static_cast<entry&>(n);
            self.ran->push_back(self.name);
            if (self.victim != nullptr) self.victim->unlink();
            if (self.queue != nullptr) self.queue->push(*self.follow);
        };
    }
    std::vector<int>* ran;
    int name;
    entry* victim = nullptr;
    ready_queue* queue = nullptr;
    entry* follow = nullptr;
};

}  // namespace

TEST_CASE("what is ready runs in order, once") {
    std::vector<int> log;
    ready_queue q;
    entry a(log, 1), b(log, 2), c(log, 3);
    q.push(a);
    q.push(b);
    q.push(c);

    q.run(100);
    q.run(100);
    CHECK(log == std::vector<int>{1, 2, 3});
    CHECK(q.empty());
}

TEST_CASE("beyond the limit the rest keeps its place") {
    std::vector<int> log;
    ready_queue q;
    entry a(log, 1), b(log, 2), c(log, 3), late(log, 4);
    q.push(a);
    q.push(b);
    q.push(c);

    q.run(2);
    q.push(late);
    CHECK(log == std::vector<int>{1, 2});
    q.run(100);
    CHECK(log == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("one that runs may take a later one of the same turn out") {
    std::vector<int> log;
    ready_queue q;
    entry a(log, 1), b(log, 2), c(log, 3);
    a.victim = &b;
    q.push(a);
    q.push(b);
    q.push(c);

    q.run(100);
    CHECK(log == std::vector<int>{1, 3});
}

TEST_CASE("what is made ready meanwhile waits for the next turn, so nobody starves the loop") {
    std::vector<int> log;
    ready_queue q;
    entry self(log, 1);
    self.queue = &q;
    self.follow = &self;
    q.push(self);

    q.run(100);
    CHECK(log.size() == 1);
    q.run(100);
    CHECK(log.size() == 2);
    self.unlink();
}
