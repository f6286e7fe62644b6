// Both ends of a pipeline in a test: nodes that write down what they are told, and a wire that
// hands bytes over the way a connection does.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/pipeline.hpp"
#include "support/frames.hpp"

namespace kmc::testing {

struct outcome {
    int times = 0;  // how often the request was answered or failed; more than once is a bug
    bool is_answer = false;
    detail::status status{};
    std::uint32_t flags = 0;
    std::uint64_t cas = 0;
    std::string value;
    bool has_landed = false;
    bool is_implied = false;
    std::uint64_t number = 0;
    // Of a stat: names and texts before its last answer. One behind that counts as another answer.
    std::vector<std::pair<std::string, std::string>> parts = {};
    error why;

    [[nodiscard]] bool is_hit(std::string_view expected) const {
        return times == 1 && is_answer && status == detail::status::ok && value == expected;
    }
    [[nodiscard]] bool is_ok() const { return is_hit(""); }
    [[nodiscard]] bool is(detail::status expected) const {
        return times == 1 && is_answer && status == expected;
    }
    [[nodiscard]] bool is_error(errc code, stage at) const {
        return times == 1 && !is_answer && why.code == code && why.at == at &&
               why.server == error::no_server;
    }
    // By silence: nothing but the status is known.
    [[nodiscard]] bool is_implied_as(detail::status expected) const {
        return is(expected) && is_implied && cas == 0 && number == 0 && value.empty();
    }
    [[nodiscard]] bool is_lost() const { return is_error(errc::connection_lost, stage::sent); }
};

/// A node of any requests. Everything it was told stands in `got`.
class spy_node : public detail::op_node {
public:
    spy_node();
    spy_node& get(const std::string& key);
    spy_node& set(const std::string& key, const std::string& value);
    spy_node& del(const std::string& key);
    spy_node& noop();
    spy_node& version();
    /// set, add, replace, append or prepend.
    spy_node& store(detail::command what, const std::string& key, const std::string& value);
    /// incr or decr.
    spy_node& change(detail::command what, const std::string& key, detail::counter_step step,
                     std::uint32_t expiry = 0);
    spy_node& touch(const std::string& key, std::uint32_t expiry);
    spy_node& gat(const std::string& key, std::uint32_t expiry);
    spy_node& flush(std::uint32_t delay = 0);
    spy_node& stat(const std::string& group = {});
    spy_node& ask(const detail::request& r);
    /// The last one wants an answer of its own.
    spy_node& loud();

    std::vector<outcome> got;
    std::vector<std::uint32_t> order;  // of the indices in `got`, as they were told
    int completions = 0;
    bool takes_blocks = true;  // of landed values, as a single get does

    [[nodiscard]] bool is_untouched() const;

private:
    static const detail::op_hooks spy_hooks;

    std::deque<std::string> texts_;
    std::deque<detail::counter_step> steps_;
    std::vector<detail::request> list_;
};

/// A pipeline between a connection's two buffers.
class wire {
public:
    explicit wire(std::uint32_t first_sequence = 100, const detail::pipeline_limits& limits = {});

    /// Encodes until nothing more fits; the requests that went out by this call.
    std::vector<request_frame> send(spy_node& node, std::size_t room_bytes = 1 << 20);

    enum class receiving { as_a_connection, through_feed_only };

    /// Hands over bytes in pieces of at most `piece` bytes, as single receives would.
    void receive(std::string_view bytes, std::size_t piece = 1 << 30,
                 receiving how = receiving::as_a_connection);

    detail::pipeline pipeline;
    detail::outbox tx;
    std::string rx;  // received, not consumed
    bool is_broken = false;
    errc why{};
};

}  // namespace kmc::testing
