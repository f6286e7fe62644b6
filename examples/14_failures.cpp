// When a server fails: who is told, what becomes of its keys, and how the list is changed while the
// program runs. One of the servers is a port where nobody listens.
//
//     14_failures 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

// A port that is taken, so that nobody else listens there, and refuses connections.
class closed_port {
public:
    closed_port() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        auto* const address = static_cast<sockaddr*>(static_cast<void*>(&at));
        if (::bind(fd_, address, size) == 0 && ::getsockname(fd_, address, &size) == 0) {
            text_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
        }
    }
    closed_port(const closed_port&) = delete;
    closed_port& operator=(const closed_port&) = delete;
    ~closed_port() { ::close(fd_); }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string text_;
};

// [event]
// Called on a reactor's thread, between other work: write it down and be gone.
void report(void* context, const kmc::event& news) noexcept {
    auto& log = *static_cast<std::ostream*>(context);
    if (news.kind == kmc::event_kind::connected || news.server == nullptr) return;
    log << news.server->text << ": " << to_text(news.kind);
    if (news.reason != kmc::errc{}) log << ", " << to_text(news.reason);
    log << '\n';
}
// [event]

// A key of that server.
std::string key_of(const kmc::client& mc, std::size_t server) {
    std::string key;
    for (int i = 0; key.empty() || mc.locate(key) != server; ++i) key = "key" + std::to_string(i);
    return key;
}

kmc::task<bool> fail_fast(const kmc::client& mc, std::size_t down) {
    const std::string key = key_of(mc, down);
    const auto first = co_await mc.get(key);
    const auto second = co_await mc.get(key);
    if (first || second) co_return false;
    std::cout << "first: " << to_text(first.error().code) << '\n'
              << "then: " << to_text(second.error().code) << '\n';
    // [counters]
    const kmc::server_counters counted = mc.counters(down);
    std::cout << "asked " << counted.dials << " time, ejected " << counted.ejections << " time, "
              << to_text(counted.health) << '\n';
    // [counters]
    co_return second.error() == kmc::errc::server_dead;
}

kmc::task<bool> next_server(const kmc::client& mc, std::size_t down) {
    const std::string key = key_of(mc, down);
    const auto stored = co_await mc.set(key, "kept elsewhere");
    const auto found = co_await mc.get(key);
    if (!stored || !found || !found.value()) co_return false;
    std::cout << "a stand-in says: " << found.value()->bytes() << '\n';
    co_return true;
}

kmc::task<bool> without_it(const kmc::client& mc, const std::string& good) {
    const std::string lost = key_of(mc, mc.servers().size() - 1);
    // [set_servers]
    if (const auto changed = mc.set_servers(good); !changed) {
        std::cerr << changed.error().message() << '\n';  // the old list is still in use
        co_return false;
    }
    const auto stored = co_await mc.set(lost, "at home again");
    // [set_servers]
    co_return stored.has_value() && mc.servers()[0].text == mc.server_at(0).text;
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }
    const closed_port down;
    const std::string good = servers;
    const std::string all = good + "," + down.text();

    kmc::runtime rt;
    // [options]
    kmc::client_options options;
    options.health = {.remove_failed = 1, .retry_timeout = 1s, .dead_timeout = 60s};
    options.on_event = {.tell = &report, .context = &std::cout};
    const auto careful = kmc::client::open(rt, all, options);
    // [options]
    options.on_event = {};
    // [next_server]
    options.health.on_dead = kmc::on_dead::next_server;
    // [next_server]
    const auto helpful = kmc::client::open(rt, all, options);
    if (!careful || !helpful) {
        std::cerr << (careful ? helpful : careful).error().message() << '\n';
        return 2;
    }
    const std::size_t last = careful.value().servers().size() - 1;
    const bool is_right = rt.block_on(fail_fast(careful.value(), last)) &&
                          rt.block_on(next_server(helpful.value(), last)) &&
                          rt.block_on(without_it(helpful.value(), good));
    return is_right ? 0 : 1;
}
