// The part of the engine contract that is about waiting for several completions, and about sends
// whose end nobody waits for. An engine may end such a wait early; never late.

#pragma once

#include "support/contract_bench.hpp"

namespace kmc::testing {

void a_wait_for_several_ends_when_they_are_there(bench& b);
void a_wait_for_several_does_not_keep_fewer_for_long(bench& b);
void a_wait_for_several_lasts_when_nothing_comes(bench& b);
void a_wake_ends_a_wait_for_several_at_once(bench& b);
void wakes_of_four_threads_end_waits_for_several(bench& b);

void a_noted_send_ends_by_itself(bench& b);
void noted_sends_and_answers_take_turns(bench& b);
void noted_sends_into_a_full_buffer_lose_nothing(bench& b);
void a_kick_ends_a_noted_send_that_is_stuck(bench& b);
void a_kick_ends_a_noted_send_that_was_not_submitted(bench& b);
void a_noted_send_to_a_reset_peer_fails(bench& b);
void more_noted_sends_than_fit_into_a_queue(bench& b);
void an_engine_may_end_with_noted_sends_under_way(bench& b);

}  // namespace kmc::testing
