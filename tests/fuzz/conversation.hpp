// A pipeline with callers that come and go on one side, and on the other a server that is honest or
// not: every step is read from the input. What each request is told is compared with the reference
// session after every step, and what an honest server meant is compared as well.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fuzzing.hpp"
#include "playing_server.hpp"
#include "reference_session.hpp"
#include "unit/pipeline/harness.hpp"

namespace kmc::fuzzing {

class conversation {
public:
    explicit conversation(input& program);
    ~conversation();
    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;

    // False when the program is over.
    bool step();
    void finish();

private:
    struct caller {
        testing::spy_node node;
        std::vector<told> expected;
        std::vector<told> meant;  // by the server, as long as it is honest; times: 0 not answered
    };
    // A request as the server sees it.
    struct arrived {
        testing::request_frame frame;
        std::weak_ptr<caller> from;
        std::size_t index = 0;
    };

    void connect();
    void add_caller();
    void add_request(caller& c);
    void send();
    void answer_honestly(std::uint32_t requests);
    void answer_with_mistakes();
    void say_anything();
    void deliver();
    void abandon_one();
    void lose_connection(errc why);

    [[nodiscard]] server_mood mood() const;

    void check();
    void check_caller(const caller& c) const;
    void check_memory(std::size_t before, std::size_t delivered) const;

    input& in_;
    detail::pipeline_limits limits_;
    std::unique_ptr<testing::wire> wire_;
    std::unique_ptr<reference_session> reference_;
    std::vector<std::shared_ptr<caller>> callers_;  // that lack an answer
    std::deque<std::shared_ptr<caller>> unsent_;    // not all of it is on the wire
    std::deque<arrived> at_server_;                 // not answered by the server
    std::uint32_t next_sequence_ = 0;
    std::string stream_;  // said by the server, not delivered
    bool is_honest_ = true;
    std::uint32_t serial_ = 0;
};

}  // namespace kmc::fuzzing
