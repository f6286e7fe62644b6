#include "chaos/console.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "chaos/rule_parser.hpp"

namespace kmc::chaos {

using cli::json;

namespace {

json to_json(const traffic& t) {
    return {{"frames", t.frames}, {"bytes_in", t.bytes_in}, {"bytes_out", t.bytes_out}};
}

std::string to_text(const char* name, const traffic& t) {
    const std::string n = name;
    return " " + n + "_frames=" + std::to_string(t.frames) + " " + n +
           "_bytes_in=" + std::to_string(t.bytes_in) + " " + n +
           "_bytes_out=" + std::to_string(t.bytes_out);
}

}  // namespace

// Asio makes the descriptor non-blocking, and with it, for everybody, what may be a terminal.
console::console(boost::asio::io_context& io, proxy& served, rule_book& book, bool as_json,
                 std::function<void()> on_end)
    : proxy_(served),
      book_(book),
      as_json_(as_json),
      on_end_(std::move(on_end)),
      input_(io, ::dup(STDIN_FILENO)),
      flags_before_(::fcntl(STDIN_FILENO, F_GETFL)) {}

console::~console() {
    if (flags_before_ >= 0) ::fcntl(STDIN_FILENO, F_SETFL, flags_before_);
}

void console::tell_start(const std::string& listening, const std::string& target,
                         std::uint64_t seed) {
    print_line("listening " + listening + " target " + target + " seed " + std::to_string(seed),
               {{"listening", listening}, {"target", target}, {"seed", std::to_string(seed)}});
}

void console::tell_stats() {
    const totals& t = proxy_.counted();
    json rules = json::array();
    std::string line = "stats connections=" + std::to_string(t.connections) +
                       " open=" + std::to_string(proxy_.open_connections()) +
                       " unreachable=" + std::to_string(t.unreachable) +
                       to_text("request", t.requests) + to_text("reply", t.replies);
    for (const listed_rule& r : book_.rules()) {
        rules.push_back({{"rule", r.id}, {"text", r.what.text}, {"hits", r.hits}});
        line += " rule_" + std::to_string(r.id) + "=" + std::to_string(r.hits);
    }
    print_line(line, {{"connections", t.connections},
                      {"open", proxy_.open_connections()},
                      {"unreachable", t.unreachable},
                      {"request", to_json(t.requests)},
                      {"reply", to_json(t.replies)},
                      {"rules", rules}});
}

void console::wait() {
    input_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& failed) {
                          // A file cannot be waited for, and does not have to be.
                          if (failed != boost::asio::error::operation_aborted) read();
                      });
}

void console::read() {
    std::array<char, 4096> bytes;
    const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return wait();
    if (size <= 0) return on_end_();
    unread_.append(bytes.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = unread_.find('\n', begin)) != unread_.npos; begin = end + 1) {
        obey(std::string_view(unread_).substr(begin, end - begin));
    }
    unread_.erase(0, begin);
    wait();
}

void console::obey(std::string_view line) {
    constexpr std::string_view add = "add ";
    if (line.starts_with(add)) {
        auto made = parse_rule(line.substr(add.size()));
        if (!made) return object(made.error().message());
        const std::uint64_t id = book_.add(std::move(made.value()));
        proxy_.rules_added();
        answer("add", "rule", id);
    } else if (line == "clear") {
        const std::size_t count = book_.rules().size();
        book_.clear();
        proxy_.rules_cleared();
        answer("clear", "rules", count);
    } else if (line == "cut") {
        answer("cut", "connections", proxy_.cut_all());
    } else if (line == "reset") {
        answer("reset", "connections", proxy_.reset_all());
    } else if (line == "stats") {
        tell_stats();
    } else {
        object("there is no command " + cli::shown(line) +
               ": expected add RULE, clear, cut, reset or stats");
    }
}

void console::answer(std::string_view command, std::string_view name, std::uint64_t number) {
    print_line(
        "ok " + std::string(command) + " " + std::string(name) + "=" + std::to_string(number),
        {{"ok", command}, {std::string(name), number}});
}

void console::object(std::string_view reason) {
    print_line("error " + cli::printable(reason), {{"error", reason}});
}

void console::print_line(const std::string& text, const json& document) {
    cli::print((as_json_ ? document.dump(-1, ' ', false, json::error_handler_t::replace) : text) +
               "\n");
    // Whoever asked waits for it.
    (void)cli::flush_output();
}

}  // namespace kmc::chaos
