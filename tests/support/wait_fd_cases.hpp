// The part of the engine contract that is about wait_fd(): what a loop that is not ours relies on.

#pragma once

#include "support/contract_bench.hpp"

namespace kmc::testing {

void a_foreign_loop_hears_of_every_byte(bench& b);
void a_foreign_loop_hears_of_what_a_turn_left(bench& b);
void a_foreign_loop_is_left_alone_when_nothing_happens(bench& b);
void a_wake_between_turns_reaches_a_foreign_loop(bench& b);
void a_name_found_reaches_a_foreign_loop(bench& b);

}  // namespace kmc::testing
