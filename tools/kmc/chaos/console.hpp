// The conversation with whoever started the proxy: commands on standard input, one line of answer
// to each on standard output, as text or as JSON.

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "chaos/proxy.hpp"
#include "output.hpp"

namespace kmc::chaos {

class console {
public:
    // @param on_end  called once, when standard input has ended.
    console(boost::asio::io_context& io, proxy& served, rule_book& book, bool as_json,
            std::function<void()> on_end);
    console(const console&) = delete;
    console& operator=(const console&) = delete;
    ~console();

    void tell_start(const std::string& listening, const std::string& target, std::uint64_t seed);
    void tell_stats();
    void start() { wait(); }

private:
    void wait();
    void read();
    void obey(std::string_view line);
    void answer(std::string_view command, std::string_view name = {}, std::uint64_t number = 0);
    void object(std::string_view reason);
    void print_line(const std::string& text, const cli::json& document);

    proxy& proxy_;
    rule_book& book_;
    bool as_json_;
    std::function<void()> on_end_;
    boost::asio::posix::stream_descriptor input_;
    int flags_before_;
    std::string unread_;
};

}  // namespace kmc::chaos
