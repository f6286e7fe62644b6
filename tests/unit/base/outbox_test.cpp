#include "base/outbox.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "support/seed.hpp"

using kmc::shared_bytes;
using kmc::detail::as_text;
using kmc::detail::copy_bytes;
using kmc::detail::outbox;

namespace {

void write(outbox& box, std::string_view text) {
    copy_bytes(box.append(text.size()), text.data(), text.size());
}

std::string drain(outbox& box) {
    std::string all;
    while (!box.empty()) {
        REQUIRE(!box.pending().empty());
        all += as_text(box.pending());
        box.consume(box.pending().size());
    }
    return all;
}

}  // namespace

TEST_CASE("what goes into an outbox comes out in order, values from where they are") {
    outbox box;
    const shared_bytes one(std::string(30, '1'));
    const shared_bytes two(std::string(40, '2'));

    write(box, "head ");
    box.splice(*one.block());
    box.splice(*two.block());
    write(box, " tail");

    CHECK(box.size() == 80);
    CHECK(as_text(box.pending()) == "head ");
    box.consume(5);
    CHECK(static_cast<const void*>(box.pending().data()) == one.view().data());
    CHECK(drain(box) == std::string(30, '1') + std::string(40, '2') + " tail");
    CHECK(box.size() == 0);
}

TEST_CASE("several pieces of an outbox leave at a time") {
    const std::string in_order = "head " + std::string(30, '1') + std::string(40, '2') + " tail";
    const shared_bytes one(std::string(30, '1'));
    const shared_bytes two(std::string(40, '2'));
    for (std::size_t most = 1; most <= in_order.size() + 1; ++most) {
        INFO(most << " bytes at a time");
        outbox box;
        write(box, "head ");
        box.splice(*one.block());
        box.splice(*two.block());
        write(box, " tail");
        std::string all;
        while (!box.empty()) {
            const std::size_t before = all.size();
            box.each_piece(most, [&](std::span<const std::byte> piece) {
                CHECK_FALSE(piece.empty());
                all += as_text(piece);
                return true;
            });
            REQUIRE(all.size() - before == std::min(most, box.size()));
            box.consume(all.size() - before);
        }
        CHECK(all == in_order);
    }
}

TEST_CASE("whoever takes pieces of an outbox says when it is enough") {
    outbox box;
    const shared_bytes value(std::string(10, 'v'));
    write(box, "head ");
    box.splice(*value.block());
    write(box, " tail");
    int pieces = 0;
    box.each_piece(100, [&](std::span<const std::byte>) { return ++pieces < 2; });
    CHECK(pieces == 2);
    box.consume(15);
    CHECK(drain(box) == " tail");
}

TEST_CASE("an outbox owns its values until they have left, and not longer") {
    outbox box;
    shared_bytes value(std::string(100, 'v'));
    auto& block = *value.block();
    const shared_bytes witness = value;

    box.splice(block);
    box.splice(block);
    value = shared_bytes();
    CHECK(block.owners == 3);
    box.consume(60);
    CHECK(block.owners == 3);
    box.consume(40);
    CHECK(block.owners == 2);
    box.clear();
    CHECK(block.owners == 1);
    CHECK(box.empty());
}

TEST_CASE("reserving beforehand lets nothing move or fail") {
    outbox box;
    const shared_bytes value(std::string(100, 'v'));
    box.reserve(64, 2);
    write(box, "first");
    const void* const before = box.pending().data();
    box.splice(*value.block());
    write(box, std::string(59, 'x'));
    box.splice(*value.block());

    CHECK(static_cast<const void*>(box.pending().data()) == before);
    CHECK(drain(box).size() == 264);
}

TEST_CASE("any mix of writes and reads is the stream that was written") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    kmc::detail::rng random(seed);
    outbox box;
    std::string written;
    std::string read;
    for (int i = 0; i < 5000; ++i) {
        const std::string text(1 + random.below(50), static_cast<char>('a' + i % 26));
        switch (random.below(4)) {
            case 0:
                write(box, text);
                written += text;
                break;
            case 1: {
                const shared_bytes value{std::string(text)};
                box.splice(*value.block());
                written += text;
                break;
            }
            default: {
                const std::size_t size =
                    std::min<std::size_t>(box.pending().size(), random.below(60));
                read += as_text(box.pending().first(size));
                box.consume(size);
            }
        }
        REQUIRE(box.size() == written.size() - read.size());
    }
    read += drain(box);
    CHECK(read == written);
}
