// Makes a rule of its text, or says where the text goes wrong and what was expected there.

#pragma once

#include <string>
#include <string_view>

#include <kmc/result.hpp>

#include "chaos/rule.hpp"

namespace kmc::chaos {

// What people read: the whole language. docs/chaos.md explains it.
inline constexpr std::string_view grammar = R"(RULE:    SIDE [WHEN ...] : ACTION
SIDE:    request (from the client), reply (from the target), accept (the connection as such)
WHEN:    all that are given have to hold; numbers are decimal or 0x...
  connection N        the Nth that was accepted, from 1
  frame N             the Nth of its side of its connection, from 1
  after N bytes       in the place where N bytes of that side have arrived, once a connection
  opcode NAME,...     get, getq, set, noop, ... or numbers
  status N            of replies
  key TEXT            of frames that carry one: requests, and replies to getk
  opaque N
  probability P       above 0, at most 1; drawn from the seed
  times N | once      so many hits, over all connections
ACTION:
  delay T             it goes on T later (50us, 200ms, 1.5s, 2m); nothing overtakes it
  stall [T] [at N]    nothing goes on for T, or until the rules are cleared
  stop reading [at N] as stall, and nothing more is taken from the sender
  slice N[..M] [gap T]  it goes on in pieces of N to M bytes, T apart
  drop                it does not go on
  drop rest [at N]    nothing goes on any more
  cut [at N]          both ends see an orderly end of the connection
  reset [at N]        both ends see a reset
  flip [bit N]        one bit is turned over, a drawn one without N
  set FIELD N         magic, opcode, keylen, extlen, datatype, status, length, opaque, cas
  duplicate           it goes on twice
  swap                it goes on behind the next frame
  inject "TEXT" | inject hex DIGITS | inject frame NAME [status N] [opaque N] [value TEXT]
                      goes on in front of it
  at N: N bytes of the frame go on before it happens
  for accept: cut, reset, hold (not accepted until the rules are cleared))";

// Errors: a sentence that names the rule, the place, and what was expected.
[[nodiscard]] config_result<rule> parse_rule(std::string_view text);

}  // namespace kmc::chaos
