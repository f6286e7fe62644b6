// The fourteen kinds of trouble. Each is small: what it does to the options, to the world before
// anybody calls, and now and then while callers are busy.

#include <array>
#include <cstring>

#include "mix_world.hpp"

using namespace std::chrono_literals;

namespace kmc::testing {
namespace {

using kmc::detail::rng;
using kmc::sim::reachability;
using kmc::sim::sim_conditions;
using kmc::sim::sim_link;
using kmc::sim::sim_server;

constexpr std::size_t head_size = 24;

void each_server(mix_world& w, void (*change)(sim_conditions&, rng&)) {
    for (std::size_t i = 0; i < w.cluster().size(); ++i) {
        change(w.cluster().server(i).conditions(), w.random());
    }
}

std::uint32_t per_thousand(rng& random, std::uint64_t most) {
    return static_cast<std::uint32_t>(random.below(most + 1));
}

// --- resets: connections die, also young ones, in the middle of anything
// --------------------------

void doomed_connections(sim_conditions& c, rng& random) {
    c.reset = per_thousand(random, 400);
    c.finish = per_thousand(random, 400);
    c.fate_within = std::uint64_t{64} << random.below(9);
}

void reset_some(mix_world& w) {
    if (w.one_in(2)) return w.any_server().drop_connections();
    doomed_connections(w.any_server().conditions(), w.random());
}

// --- kills: processes end and start again, empty
// --------------------------------------------------

void kill_some(mix_world& w) {
    if (w.one_in(6)) return w.empty_one();
    w.kill_or_restart();
}

// --- stalls: nothing is read, for less or more than the client's patience
// -------------------------

// Connections are given up soon, and what they carried is worked off long after.
void impatient(client_options& o, rng& random) {
    if (random.below(2) == 0) return;
    o.stall_timeout = 100ms;
    o.max_inflight = 4;
}

void stall_some(mix_world& w) {
    sim_server& server = w.any_server();
    if (w.one_in(2)) return server.stall(w.up_to_ms(900));
    server.conditions().stall = per_thousand(w.random(), 60);
    server.conditions().stall_time = {1ms, w.up_to_ms(1000)};
}

// --- mutes: requests are carried out, replies come late
// -------------------------------------------

void mute_some(mix_world& w) {
    sim_server& server = w.any_server();
    if (w.one_in(3)) {
        server.unmute();
    } else {
        server.mute();
    }
}

// --- slow links: long ways, small windows, connects that nobody answers
// ---------------------------

void long_way(sim_conditions& c, rng& random) {
    c.connect_time = {1ms, 1ms + static_cast<std::int64_t>(random.below(400)) * 1ms};
    c.latency = {100us, 1ms + static_cast<std::int64_t>(random.below(15)) * 1ms};
    c.send_end = {0ms, static_cast<std::int64_t>(random.below(30)) * 1ms};
    c.window = std::size_t{1} << (10 + random.below(5));
    c.segment = std::size_t{1} << (8 + random.below(6));
}

void slow_down_some(mix_world& w) {
    sim_server& server = w.any_server();
    long_way(server.conditions(), w.random());
    server.conditions().connects = w.one_in(5) ? reachability::silent : reachability::open;
    if (w.one_in(5)) server.drop_connections();
}

// --- dribbles: everything comes in pieces of a few bytes, down to one
// -----------------------------

void drops_of_water(sim_conditions& c, rng& random) {
    c.segment = 1 + random.below(3);
    c.dribble = 1000;
    c.short_send = 1000;
    c.latency = {1us, 20us};
    c.window = 512 + random.below(4096);
}

void all_in_drops(mix_world& w) {
    each_server(w, drops_of_water);
}

// --- half frames: a burst is cut anywhere, and then the end
// ---------------------------------------

void cut_now_and_then(mix_world& w) {
    for (std::size_t i = 0; i < w.cluster().size(); ++i) {
        w.cluster().server(i).tamper = [&random = w.random()](sim_link& link, std::string& out) {
            if (random.below(12) != 0) return;
            link.write(std::string_view(out).substr(0, random.below(out.size())));
            out.clear();
            if (random.below(2) == 0) {
                link.finish();
            } else {
                link.reset();
            }
        };
    }
}

// --- hostile: one server's replies are tampered with, frame by frame
// ------------------------------

std::vector<std::string> frames_of(std::string_view burst) {
    std::vector<std::string> frames;
    while (burst.size() >= head_size) {
        std::size_t body = 0;
        for (std::size_t i = 8; i < 12; ++i)
            body = body << 8 | static_cast<unsigned char>(burst[i]);
        frames.emplace_back(burst.substr(0, head_size + body));
        burst.remove_prefix(frames.back().size());
    }
    return frames;
}

// Each lie leaves a value with the opaque it belongs to, else no client could tell. Silence is
// another matter: what is withheld or overtaken looks like a miss.
void lie(rng& random, std::string& burst) {
    std::vector<std::string> frames = frames_of(burst);
    if (frames.empty()) return;
    const std::size_t at = random.below(frames.size());
    std::string& frame = frames[at];
    switch (random.below(8)) {
        case 0:  // of no request: windows are much smaller
            frame[12] = static_cast<char>(frame[12] ^ 0x40);
            break;
        case 1:
            frame += frame;
            break;
        case 2:
            std::swap(frames[at], frames[random.below(frames.size())]);
            break;
        case 3:
            frame[0] = static_cast<char>(random.below(256) & 0x7f);
            break;
        case 4:
            frame[1] = static_cast<char>(frame[1] ^ 0x30);
            break;
        case 5:  // a body that never ends
            frame[8] = '\x7f';
            break;
        case 6:
            frame.clear();
            break;
        default:
            frame.insert(0, "SERVER_ERROR out of order\r\n");
    }
    burst.clear();
    for (const std::string& each : frames) burst += each;
}

void one_liar(mix_world& w) {
    w.log().distrust_silence(0);
    w.cluster().server(0).tamper = [&random = w.random()](sim_link&, std::string& out) {
        if (random.below(8) == 0) lie(random, out);
    };
}

// --- full house: the server's limit of connections
// ------------------------------------------------

void close_or_open_doors(mix_world& w) {
    sim_server& server = w.any_server();
    const bool opens = server.max_connections == 0;
    server.max_connections = opens ? std::numeric_limits<std::size_t>::max() : 0;
    if (!opens) server.drop_connections();
}

// --- frozen: the client's process stands still, its timers come late
// ------------------------------

void wake_late(mix_world& w) {
    w.late_wake = w.cluster().net().late_wake = w.one_in(2) ? w.up_to_ms(3) : duration{};
}

void freeze_client(mix_world& w) {
    w.freeze(w.up_to_ms(300));
}

// --- new lists: servers leave the list, come back, change place and weight
// ------------------------

void new_list_or_reset(mix_world& w) {
    if (w.one_in(2)) return w.change_list();
    reset_some(w);
}

// --- everything at once
// ---------------------------------------------------------------------------

void tiny_windows(client_options& o, rng& random) {
    o.max_inflight = 1U << random.below(4);
    o.max_requests_per_connection = 1 + static_cast<std::uint32_t>(random.below(60));
    o.max_bytes_per_connection = 1 + random.below(30'000);
    o.when_full = random.below(3) == 0 ? when_full::fail : when_full::wait;
    o.lanes = 1 + static_cast<std::uint32_t>(random.below(3));
}

void gentle_again(mix_world& w) {
    sim_server& server = w.any_server();
    server.conditions() = {};
    server.unmute();
}

void rough(mix_world& w) {
    w.any_server().conditions() = kmc::sim::rough_conditions(w.random());
}

void cancel_some(mix_world& w) {
    for (std::uint64_t n = 1 + w.random().below(3); n > 0; --n) w.cancel_one();
}

void anything(mix_world& w) {
    static constexpr std::array accidents{
        reset_some,    kill_some,           stall_some,   mute_some, slow_down_some,
        freeze_client, close_or_open_doors, gentle_again, rough,     cancel_some};
    accidents[w.random().below(accidents.size())](w);
}

void anything_and_new_lists(mix_world& w) {
    if (w.one_in(3)) return w.change_list();
    anything(w);
}

void liar_or_cutter(mix_world& w) {
    if (w.one_in(4)) one_liar(w);
    if (w.one_in(4)) cut_now_and_then(w);
    wake_late(w);
}

}  // namespace

const std::vector<fault_mix>& fault_mixes() {
    static const std::vector<fault_mix> all{
        {.name = "calm", .is_hasty = false},
        {.name = "resets", .accident = reset_some},
        {.name = "kills", .accident = kill_some, .accident_gap_ms = 200},
        {.name = "stalls", .shape = impatient, .accident = stall_some},
        {.name = "mutes", .accident = mute_some},
        {.name = "slow_links", .accident = slow_down_some},
        {.name = "dribbles", .prepare = all_in_drops, .largest_value = 300},
        {.name = "half_frames", .prepare = cut_now_and_then},
        {.name = "hostile", .prepare = one_liar},
        {.name = "full_house", .accident = close_or_open_doors, .accident_gap_ms = 150},
        {.name = "frozen", .prepare = wake_late, .accident = freeze_client},
        {.name = "new_lists",
         .accident = new_list_or_reset,
         .accident_gap_ms = 120,
         .least_servers = 2},
        {.name = "moving_house",
         .shape = tiny_windows,
         .prepare = wake_late,
         .accident = anything_and_new_lists,
         .accident_gap_ms = 120,
         .least_servers = 2,
         .is_harmful = true},
        {.name = "everything",
         .shape = tiny_windows,
         .prepare = liar_or_cutter,
         .accident = anything,
         .accident_gap_ms = 120,
         .is_harmful = true},
    };
    return all;
}

}  // namespace kmc::testing
