// Calls that start when their time has come, whether or not earlier ones are answered: what a
// client does whose users do not wait for each other. The time of a call counts from when it was
// due, so that a server which stalls is not spared by nobody asking meanwhile ("coordinated
// omission").

#pragma once

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>

#include "load/arrivals.hpp"
#include "load/data_set.hpp"
#include "load/plan.hpp"

namespace kmc::load {

struct open_plan {
    double per_second = 1000;  // calls, on all reactors together
    arrival how = arrival::constant;
};

// Blocks until all calls are done. plan::in_flight bounds how many are under way; a call that is
// due beyond it waits, and its waiting counts.
//
// Counts are of calls that end in the measured time, as in the closed loop; times are of calls that
// were due in it, whenever they end. Those that were never begun count with the time from when they
// were due to the end: figures::not_begun.
//
// @param p  in_flight is at least the number of reactors.
[[nodiscard]] figures run_open_loop(runtime& rt, const client& mc, const data_set& data,
                                    const plan& p, const open_plan& starts);

}  // namespace kmc::load
