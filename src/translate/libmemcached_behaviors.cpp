#include "translate/libmemcached_behaviors.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "translate/reading.hpp"

namespace kmc::detail {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t year_seconds = 365LL * 24 * 60 * 60;
constexpr std::int64_t counter_max = 1'000'000'000;
constexpr std::size_t longest_prefix = 127;
constexpr std::int64_t default_failure_limit = 5;
constexpr std::int64_t default_retry_timeout = 2;

bool is_time(behavior what) {
    return what == behavior::retry_timeout || what == behavior::dead_timeout;
}

bool is_graphic(char byte) {
    return byte > 0x20 && byte < 0x7f;
}

}  // namespace

config_result<void> libmemcached_behaviors::set(behavior what, std::string_view name,
                                                std::int64_t number) {
    const bool is_ms = what == behavior::connect_timeout || what == behavior::poll_timeout;
    if ((is_time(what) && number > year_seconds) || (is_ms && number > year_seconds * 1000)) {
        return setting_error(name, std::to_string(number) + " is over a year");
    }
    if (what == behavior::failure_limit && (number <= 0 || number > counter_max)) {
        return setting_error(name, std::to_string(number) + " is not 1 to 1000000000");
    }
    switch (what) {
        case behavior::ketama:
            set_ketama(name, number != 0);
            break;
        case behavior::ketama_weighted:
            set_ketama_weighted(name, number != 0);
            break;
        case behavior::sort_hosts:
            state_.set_sort_hosts(number != 0);
            break;
        case behavior::udp:
            if (number != 0) return setting_error(name, "kmc does not speak UDP");
            break;
        default:
            break;
    }
    values_[static_cast<std::size_t>(what)] = {name, number};
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

void libmemcached_behaviors::set_hash(std::string_view name, key_hash h) {
    hash_name_ = name;
    state_.set_hash(h);
}

void libmemcached_behaviors::set_distribution(std::string_view name,
                                              libmemcached_state::distribution d) {
    ring_name_ = name;
    state_.set_distribution(d);
}

void libmemcached_behaviors::set_ketama(std::string_view name, bool is_on) {
    ring_name_ = name;
    state_.set_ketama(is_on);
}

void libmemcached_behaviors::set_ketama_weighted(std::string_view name, bool is_on) {
    ring_name_ = name;
    state_.set_ketama_weighted(is_on);
    if (is_on) hash_name_ = name;
    if (!is_on) {
        warn(name,
             "off, it does not bring back modula but chooses the ring of plain ketama, with "
             "the hash as it was; so does kmc");
    }
}

config_result<void> libmemcached_behaviors::set_prefix(std::string_view name,
                                                       std::string_view prefix) {
    if (prefix.size() > longest_prefix || !std::all_of(prefix.begin(), prefix.end(), is_graphic)) {
        return setting_error(name,
                             "libmemcached takes at most 127 bytes of printable ASCII, "
                             "without blanks");
    }
    prefix_ = prefix;
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

void libmemcached_behaviors::warn(std::string_view name, std::string_view text) {
    std::string line = std::string(name) + ": " + std::string(text);
    if (std::find(warnings_.begin(), warnings_.end(), line) != warnings_.end()) return;
    warnings_.push_back(std::move(line));
}

void libmemcached_behaviors::warn_if_on(behavior what, std::string_view text) {
    if (is_on(what)) warn(last(what).name, text);
}

config_result<translation> libmemcached_behaviors::finish() {
    const auto spec = state_.ring();
    if (!spec) return setting_error(ring_name_, spec.error().message());
    auto list = server_list::of(state_.servers());
    if (!list) return list.error();

    translation out{.servers = std::move(list.value())};
    out.ring = spec.value();
    out.prefix = prefix_;
    out.hash_prefix = is_on(behavior::hash_with_prefix) && !prefix_.empty();
    warn_about_ring();
    put_times(out);
    put_health(out);
    warn_about_the_rest();
    out.warnings = std::move(warnings_);
    return out;
}

void libmemcached_behaviors::warn_about_ring() {
    using distribution = libmemcached_state::distribution;
    const bool is_modula = state_.chosen() == distribution::modula;
    const std::string hash(to_text(state_.hash()));
    if (state_.hash() == key_hash::hsieh) {
        warn(hash_name_,
             "hsieh is left out of many builds of libmemcached, Debian's among them, "
             "which refuse it and keep the hash before; kmc has it");
    }
    if (state_.uses_weights() && state_.chosen() != distribution::consistent_spy &&
        hash_name_.empty()) {
        const bool is_by_name = state_.chosen() == distribution::consistent_weighted;
        warn(is_by_name ? ring_name_ : "weights",
             std::string(is_by_name ? "" : "one above 1 makes another ring: ") +
                 "the points are those of md5, but keys are hashed by one_at_a_time, since only "
                 "ketama_weighted sets md5 for them; so does kmc, and no other kind of client "
                 "agrees");
    } else if (!is_modula && hash_name_.empty()) {
        warn(ring_name_,
             "does not make md5 the hash of keys, whatever manuals say: keys and "
             "points are hashed by one_at_a_time; so does kmc");
    }
    if (state_.has_weights() && is_modula) {
        warn("weights", "modula has none: each server gets the same share, here and there");
    } else if (state_.has_weights() && !state_.uses_weights()) {
        warn("weights",
             "they are forgotten there, because plain ketama was chosen after the "
             "servers were added; kmc ignores them too");
    }
    if (state_.has_stale_points()) {
        warn(hash_name_,
             "set when the ring stood already, it is the hash of keys alone; the "
             "points stay those of the hash before. So they do in kmc (point_hash)");
    }
    if (state_.uses_weights() && state_.hash() == key_hash::crc) {
        warn(hash_name_,
             "crc has 15 bits, so that on a ring of md5 points all keys are on one "
             "server; so they are in kmc");
    }
}

void libmemcached_behaviors::put_times(translation& out) {
    if (const value& v = last(behavior::connect_timeout); !v.name.empty()) {
        if (v.number > 0) {
            out.connect_timeout = milliseconds(v.number);
            warn(v.name,
                 "there it is the limit for each address of a name; in kmc for the whole "
                 "attempt, name lookup and first answer included");
        } else {
            warn(v.name, v.number == 0
                             ? "0 makes every connect fail at once there; kmc keeps its default"
                             : "-1 waits for ever there; kmc has no such thing and keeps its "
                               "default");
        }
    }
    if (const value& v = last(behavior::poll_timeout); !v.name.empty()) {
        if (v.number > 0) {
            out.stall_timeout = milliseconds(v.number);
            out.call_timeout = out.stall_timeout;
            warn(v.name,
                 "there it limits each wait for a socket, so that a call may take it "
                 "several times over; in kmc it is the limit of silence (stall_timeout) "
                 "and of the whole call (call_timeout, batch_timeout)");
        } else {
            warn(v.name, v.number == 0
                             ? "0 makes every wait fail at once there; kmc keeps its defaults"
                             : "-1 waits for ever there; kmc has no such thing and keeps its "
                               "defaults");
        }
    }
    for (const behavior what : {behavior::send_timeout, behavior::receive_timeout}) {
        warn_if_on(what,
                   "has no effect there, because the sockets never block; the poll timeout "
                   "is what ends a wait. kmc ignores it as well");
    }
}

void libmemcached_behaviors::put_health(translation& out) {
    using distribution = libmemcached_state::distribution;
    health_options& health = out.health;
    const value& retry = last(behavior::retry_timeout);
    const std::int64_t rest = retry.name.empty() ? default_retry_timeout : retry.number;
    health.retry_timeout = seconds(std::max<std::int64_t>(rest, 1));
    if (rest <= 0) {
        warn(retry.name,
             "what is below 1 ends with the running second there, time being whole "
             "seconds; kmc takes one second");
    }

    const value& limit = last(behavior::failure_limit);
    const value& dead = last(behavior::dead_timeout);
    const value& flag = last(behavior::remove_failed);
    if (!is_on(behavior::remove_failed)) {
        // As there: a server rests after a failed connect, and that is all.
        health.remove_failed = 0;
        for (const value& v : {limit, dead}) {
            if (!v.name.empty() && v.number != 0) {
                warn(v.name,
                     "without remove_failed (auto eject) no server ever leaves the ring, "
                     "and it has no effect; kmc ignores it as well (remove_failed = 0)");
            }
        }
    } else {
        health.remove_failed =
            static_cast<std::uint32_t>(limit.name.empty() ? default_failure_limit : limit.number);
        health.max_ejected = 1;
        if (limit.name.empty()) {
            warn(flag.name,
                 "is a flag there, whatever its number: a server leaves the ring when "
                 "the failure limit is reached, which is 5 unless set. So it does in "
                 "kmc (remove_failed = 5)");
        }
        if (state_.chosen() == distribution::modula) {
            health.on_dead = kmc::on_dead::fail_fast;
            warn(flag.name,
                 "modula has no ring that a server could leave: the keys of a dead one "
                 "fail there; so they do in kmc (fail_fast)");
        } else {
            health.on_dead = kmc::on_dead::rebuild;
        }
        if (dead.number > 0) {
            health.dead_timeout = health.dead_timeout_max = seconds(dead.number);
        } else {
            warn(dead.name.empty() ? flag.name : dead.name,
                 "with a dead timeout of 0, the default, a server that was dead once is never "
                 "connected to again there, until the client is made anew; kmc probes it from its "
                 "own default on");
        }
        warn(flag.name,
             "there only failed connects count, so that a server that hangs is never "
             "found, and a user's call is the probe; kmc counts calls without an "
             "answer as well, and probes in the background");
    }
    if (last(behavior::timeout_limit).number > 1) {
        warn(last(behavior::timeout_limit).name,
             "lets so many calls fail before a server rests; in kmc it rests after the first");
    }
}

void libmemcached_behaviors::warn_about_the_rest() {
    warn_if_on(behavior::ketama_hash,
               "is stored there and used nowhere; kmc ignores it as well. The hash of keys is "
               "another setting");
    if (is_on(behavior::hash_with_prefix) && prefix_.empty()) {
        warn(last(behavior::hash_with_prefix).name, "there is no prefix that could be hashed");
    }
    warn_if_on(behavior::sort_hosts,
               "sorts the servers by host and port, which moves keys where the order counts; the "
               "list is in that order here");
    warn_if_on(behavior::replicas,
               "writes copies to the next servers of the list, with the binary protocol only and "
               "for set and delete only; kmc has no replicas: it uses the first place of a key "
               "alone");
    warn_if_on(behavior::randomize_reads, "kmc has no replicas to read from");
    warn_if_on(behavior::verify_keys,
               "refuses keys with blanks or control characters; kmc, whose protocol carries any "
               "bytes, refuses only empty keys and those over 250 bytes, prefix included");
    warn_if_on(behavior::noreply,
               "stores are not answered there, and failures not seen; in kmc each call has its "
               "answer");
    warn_if_on(behavior::buffer_requests,
               "stores wait there until a read or a full buffer sends them; kmc sends at once, "
               "what is ready together");
    warn_if_on(behavior::socket_size, "kmc leaves the sizes of socket buffers to the kernel");
    warn_if_on(behavior::own_buffers,
               "is about the insides of libmemcached; kmc has nothing of the kind");
    warn_if_on(behavior::values,
               "is about what values look like, which is not translated; see "
               "client_options::values");
    warn_if_on(behavior::store_retries,
               "stores again what failed; kmc never repeats a store, since it may have been done");
}

}  // namespace kmc::detail
