// A stranger's first program, built by each of the consumer projects: reads a server list, sets up
// a runtime and a client, and asks the ring. It connects to nobody.

#include <cstdio>

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>

int main() {
    auto rt = kmc::runtime::open();
    if (!rt) {
        std::printf("no runtime: %s\n", rt.error().message().c_str());
        return 1;
    }
    auto mc = kmc::client::open(rt.value(), "127.0.0.1:11211,127.0.0.1:11212:3");
    if (!mc) {
        std::printf("no client: %s\n", mc.error().message().c_str());
        return 1;
    }
    const std::size_t at = mc.value().locate("ahmed");
    if (at >= mc.value().servers().size()) return 1;
    std::printf("ahmed lives on %s\n", mc.value().servers()[at].text.c_str());

    const auto wrong = kmc::client::open(rt.value(), "127.0.0.1:port");
    return wrong ? 1 : 0;
}
