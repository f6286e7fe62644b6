// A lock in the cache: taken with add, released with del, and only by the one who took it.
//
//     06_locks 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

// [acquire]
// A token for the new owner, or nullopt while somebody else has the lock. `owner` is a name that
// nobody else has: a host, a process and a number, say. Asking again under the same name is safe,
// also after an error.
kmc::task<kmc::result<std::optional<kmc::cas_token>>> acquire(const kmc::client& mc,
                                                              std::string_view lock,
                                                              std::string_view owner,
                                                              kmc::expiry lease) {
    const auto added = co_await mc.add(lock, owner, {.ttl = lease});
    if (!added || added.value()) co_return added;

    // There is one already. It is ours if an earlier call took it and did not hear of it.
    const auto found = co_await mc.get(lock);
    if (!found) co_return found.error();
    if (!found.value() || found.value()->bytes() != owner) co_return std::nullopt;
    co_return found.value()->token();
}
// [acquire]

// [release]
// The token names the item that acquire() made: another owner's is left alone.
kmc::task<kmc::result<kmc::del_outcome>> release(const kmc::client& mc, std::string_view lock,
                                                 kmc::cas_token token) {
    co_return co_await mc.del(lock, token);
}
// [release]

kmc::task<bool> run(const kmc::client& mc) {
    constexpr std::string_view lock = "lock:report";
    const auto cleared = co_await mc.del(lock);
    if (!cleared) {
        std::cerr << mc.describe(cleared.error()) << '\n';
        co_return false;
    }

    // [again]
    auto ann = co_await acquire(mc, lock, "ann", 30s);
    // Sent, and no answer: she may have it without knowing.
    if (!ann && ann.error().maybe_executed()) ann = co_await acquire(mc, lock, "ann", 30s);
    // [again]
    if (!ann || !ann.value()) co_return false;
    std::cout << "ann has the lock\n";

    const auto bob_too_early = co_await acquire(mc, lock, "bob", 30s);
    if (!bob_too_early || bob_too_early.value()) co_return false;
    std::cout << "bob has to wait\n";

    const auto released = co_await release(mc, lock, *ann.value());
    if (!released || released.value() != kmc::del_outcome::deleted) co_return false;
    std::cout << "ann releases it\n";

    const auto bob = co_await acquire(mc, lock, "bob", 30s);
    if (!bob || !bob.value()) co_return false;
    std::cout << "bob has the lock\n";

    // As if ann had slept through the end of her lease.
    const auto too_late = co_await release(mc, lock, *ann.value());
    if (!too_late || too_late.value() != kmc::del_outcome::exists) co_return false;
    std::cout << "ann cannot release what is bob's\n";

    const auto done = co_await release(mc, lock, *bob.value());
    const auto again = co_await release(mc, lock, *bob.value());
    if (!done || done.value() != kmc::del_outcome::deleted) co_return false;
    if (!again || again.value() != kmc::del_outcome::not_found) co_return false;
    std::cout << "bob releases it, once\n";
    co_return true;
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    kmc::runtime rt;
    const auto mc = kmc::client::open(rt, servers);
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    return rt.block_on(run(mc.value())) ? 0 : 1;
}
