// Linked with every object of kmc_core and with nothing of the shell: that it links is the test.
// Running it proves that the parts without a kernel also start without one.

#include <cstdio>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

int main() {
    const auto servers = kmc::server_list::parse("10.0.0.1:11211:3,[::1]:11212,/run/mc.sock");
    const auto ring = kmc::parse_ring("libketama");
    if (!servers || servers.value().servers().size() != 3 || !ring) {
        std::puts("the core did not read a plain server list");
        return 1;
    }
    std::puts("the core stands alone");
    return 0;
}
