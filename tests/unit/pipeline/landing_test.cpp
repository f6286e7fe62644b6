// Large values, which the kernel writes where they will stay.

#include <memory>
#include <numeric>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "pipeline/pipeline.hpp"
#include "support/alloc_counter.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;
using kmc::detail::pipeline_limits;
using kmc::detail::status;

namespace {

constexpr pipeline_limits small_landing{.landing_bytes = 64, .value_bytes_max = 1000};

std::string large_value(std::size_t size = 200) {
    std::string value(size, '\0');
    std::iota(value.begin(), value.end(), '\1');
    return value;
}

// Two gets that miss in silence before, the large one, and a request of somebody else behind.
struct large_batch {
    std::unique_ptr<spy_node> node = std::make_unique<spy_node>();
    spy_node other;
    wire w{0xfffffffe, small_landing};
    std::string stream =
        hit(0, large_value(), opcode::getq, 5, 77) + hit(1, "last") + hit(2, "other");

    large_batch() {
        node->get("a").get("b").get("large").get("last");
        w.send(*node);
        w.send(other.get("other"));
    }
    // Where the large value begins and ends in the stream.
    static constexpr std::size_t value_at = 28;
    static constexpr std::size_t value_end = 228;

    void check_all_answered() const {
        CHECK(node->got[0].is(status::not_found));
        CHECK(node->got[1].is(status::not_found));
        CHECK(node->got[2].is_hit(large_value()));
        CHECK(node->got[2].flags == 5);
        CHECK(node->got[2].cas == 77);
        CHECK(node->got[3].is_hit("last"));
        CHECK(node->completions == 1);
        check_other();
    }
    void check_other() const {
        CHECK(other.got[0].is_hit("other"));
        CHECK(other.completions == 1);
        CHECK(w.pipeline.empty());
        CHECK_FALSE(w.is_broken);
        CHECK(w.rx.empty());
    }
};

const auto both_ways = {wire::receiving::as_a_connection, wire::receiving::through_feed_only};

}  // namespace

TEST_CASE("a large value lands, however the stream is cut", "[landing]") {
    for (const wire::receiving how : both_ways) {
        const std::size_t size = large_batch().stream.size();
        for (std::size_t cut = 0; cut <= size; ++cut) {
            CAPTURE(cut);
            large_batch batch;
            batch.node->takes_blocks = cut % 2 == 0;
            batch.w.receive(batch.stream.substr(0, cut), 1 << 30, how);
            const bool is_head_known = cut >= large_batch::value_at;
            const bool is_value_due = is_head_known && cut < large_batch::value_end;
            CHECK(batch.w.pipeline.landing().size() ==
                  (is_value_due ? large_batch::value_end - cut : 0));
            // The silence of the first two waits for the whole of the large reply.
            CHECK(batch.node->got[0].times == (cut >= large_batch::value_end));
            CHECK(batch.node->got[2].times == (cut >= large_batch::value_end));
            batch.w.receive(batch.stream.substr(cut), 1 << 30, how);
            batch.check_all_answered();
            CHECK(batch.node->got[2].has_landed == is_value_due);
        }
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 25U, 63U}) {
            large_batch batch;
            batch.w.receive(batch.stream, piece, how);
            batch.check_all_answered();
            CHECK(batch.node->got[2].has_landed);
        }
    }
}

TEST_CASE("only values from the threshold on land", "[landing]") {
    const std::size_t size = GENERATE(0U, 1U, 63U, 64U, 1000U);
    wire w(100, small_landing);
    spy_node node;
    w.send(node.get("k"));
    w.receive(hit(100, large_value(size)), 1);
    CHECK(node.got[0].is_hit(large_value(size)));
    CHECK(node.got[0].has_landed == (size >= 64));
}

TEST_CASE("a value that is already there is not moved", "[landing]") {
    wire w(100, small_landing);
    spy_node node;
    w.send(node.get("k"));
    w.receive(hit(100, large_value(1000)));
    CHECK(node.got[0].is_hit(large_value(1000)));
    CHECK_FALSE(node.got[0].has_landed);
}

TEST_CASE("a large value makes another one likely, until a small one comes", "[landing]") {
    const std::size_t piece = GENERATE(1U, 1000U);  // it lands, or is all there
    wire w(0, small_landing);
    spy_node node;
    w.send(node.get("small").get("large").get("last"));
    w.receive(hit(0, "small", opcode::getq), piece);
    CHECK_FALSE(w.pipeline.last_was_large());
    w.receive(hit(1, large_value(), opcode::getq), piece);
    CHECK(node.got[1].has_landed == (piece == 1));
    CHECK(w.pipeline.last_was_large());
    w.receive(hit(2, "last"), piece);
    CHECK_FALSE(w.pipeline.last_was_large());
}

TEST_CASE("whoever left before the head arrived has his value skipped, not stored", "[landing]") {
    for (const wire::receiving how : both_ways) {
        for (std::size_t cut = 0; cut < large_batch::value_at; ++cut) {
            large_batch batch;
            batch.w.receive(batch.stream.substr(0, cut));
            batch.w.pipeline.abandon(*batch.node);
            batch.node.reset();

            batch.w.receive(batch.stream.substr(cut, 100), 10, how);
            CHECK(batch.w.pipeline.landing().empty());
            CHECK(batch.w.rx.size() < 28);
            batch.w.receive(batch.stream.substr(cut + 100), 10, how);
            batch.check_other();
        }
    }
}

TEST_CASE("a skipped value costs no memory", "[landing]") {
    wire w;
    auto node = std::make_unique<spy_node>();
    w.send(node->get("k"));
    w.pipeline.abandon(*node);
    node.reset();
    const std::string reply = hit(100, std::string(1'000'000, 'v'));

    alloc_counter counter;
    for (std::size_t at = 0; at < reply.size();) {
        const auto fed =
            w.pipeline.feed(kmc::detail::as_bytes(std::string_view(reply).substr(at, 50'000)));
        REQUIRE_FALSE(fed.broken);
        REQUIRE(fed.consumed != 0);
        at += fed.consumed;
    }
    CHECK(counter.calls() == 0);
    CHECK(w.pipeline.empty());
}

TEST_CASE("whoever leaves in the middle leaves the kernel its memory", "[landing]") {
    for (std::size_t cut = large_batch::value_at; cut < large_batch::value_end; ++cut) {
        CAPTURE(cut);
        large_batch batch;
        batch.w.receive(batch.stream.substr(0, cut));
        const std::span<std::byte> armed = batch.w.pipeline.landing();
        REQUIRE(armed.size() == large_batch::value_end - cut);

        batch.w.pipeline.abandon(*batch.node);
        batch.node.reset();

        // A receive was under way: it writes now, and what it wrote is skipped.
        const std::string rest = batch.stream.substr(cut);
        kmc::detail::copy_bytes(armed.data(), rest.data(), armed.size());
        batch.w.pipeline.landed(armed.size());
        batch.w.receive(rest.substr(armed.size()));
        batch.check_other();
    }
}

TEST_CASE("the end of the connection leaves the kernel its memory", "[landing]") {
    for (std::size_t cut = large_batch::value_at; cut < large_batch::value_end; ++cut) {
        large_batch batch;
        batch.w.receive(batch.stream.substr(0, cut));
        const std::span<std::byte> armed = batch.w.pipeline.landing();

        batch.w.pipeline.drain(errc::connection_lost);

        for (const outcome& o : batch.node->got) CHECK(o.is_lost());
        CHECK(batch.other.got[0].is_lost());
        CHECK(batch.w.pipeline.landing().empty());
        // A receive was under way and ends late, with all it was waiting for.
        kmc::detail::copy_bytes(armed.data(), batch.stream.data() + cut, armed.size());
        batch.w.pipeline.landed(armed.size());
        for (const outcome& o : batch.node->got) CHECK(o.times == 1);
        CHECK(batch.node->completions == 1);
        CHECK(batch.w.pipeline.empty());
    }
}

TEST_CASE("a pipeline destroyed in the middle of a landing gives its block back", "[landing]") {
    large_batch batch;
    batch.w.receive(batch.stream.substr(0, 100));
    CHECK_FALSE(batch.w.pipeline.landing().empty());  // the leak checker does the rest
}

TEST_CASE("a value there is no memory for fails alone", "[landing]") {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: allocations cannot be refused under a sanitizer");
        return;
    }
    const std::size_t piece = GENERATE(1U, 100U, 10'000U);
    const std::string stream = hit(100, "small", opcode::getq) +
                               hit(102, std::string(100'000, 'v'), opcode::getq) + hit(103, "last");
    wire w;
    spy_node node;
    w.send(node.get("small").get("miss").get("large").get("last"));

    std::size_t at = 0;
    {
        alloc_refusal refusal(100'000);
        w.receive(std::string_view(stream).substr(0, 50'000), piece);
        at = 50'000;
    }
    CHECK(node.got[0].is_hit("small"));
    CHECK(node.got[1].times == 0);
    CHECK(node.got[2].times == 0);
    w.receive(std::string_view(stream).substr(at), piece);

    CHECK(node.got[1].is(status::not_found));
    CHECK(node.got[2].is_error(errc::overloaded, stage::answered));
    CHECK(node.got[3].is_hit("last"));
    CHECK(node.completions == 1);
    CHECK_FALSE(w.is_broken);
    CHECK(w.pipeline.empty());
}

TEST_CASE("the limit of values is a limit of values", "[landing]") {
    wire w(100, small_landing);
    spy_node node, next;
    w.send(node.get("k"));
    w.send(next.get("k"));
    w.receive(hit(100, large_value(1000)), 20);
    CHECK(node.got[0].is_hit(large_value(1000)));
    w.receive(hit(101, large_value(1001)), 20);
    CHECK(w.is_broken);
    CHECK(next.is_untouched());
}
