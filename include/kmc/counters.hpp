// What a client counts for each server, on all reactors together, since it was opened.

#pragma once

#include <cstdint>

#include <kmc/health.hpp>

namespace kmc {

/// Read one by one while others count on: of one moment only while nothing is under way.
struct server_counters {
    server_health health = server_health::alive;

    // How much there is now.
    std::uint64_t connections = 0;  ///< Open, first request answered.
    std::uint64_t in_flight = 0;    ///< Requests on the wire, orphans included.
    std::uint64_t orphans = 0;      ///< Of those, the ones that nobody waits for any more.

    // How many there have been.
    std::uint64_t requests = 0;  ///< Handed to the kernel; one that was sent twice counts twice.
    std::uint64_t replies =
        0;  ///< What it told the end of, silence, greetings and fences included.
    std::uint64_t retries = 0;    ///< Reads sent again after a connection was lost.
    std::uint64_t timed_out = 0;  ///< Requests given up at their deadline after they were sent.
    std::uint64_t bytes_out = 0;  ///< Taken by the kernel.
    std::uint64_t bytes_in = 0;
    std::uint64_t dials = 0;             ///< Attempts to connect, probes excluded.
    std::uint64_t connect_failures = 0;  ///< Of those, the ones that did not get to a greeting.
    std::uint64_t connections_lost = 0;  ///< Reset, closed or stalled with requests on the way.
    std::uint64_t closed_idle = 0;       ///< Closed by the server while nothing was on the way.
    std::uint64_t protocol_errors = 0;   ///< Connections that broke the framing.
    std::uint64_t hard_failures =
        0;  ///< Reported of it, whether they were counted as one accident or not.
    std::uint64_t soft_failures = 0;
    std::uint64_t ejections = 0;
    std::uint64_t probes = 0;
    std::uint64_t stand_ins = 0;  ///< Requests for other servers' keys that it stood in for.
};

}  // namespace kmc
