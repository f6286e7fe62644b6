// kmc::result<T>: the value, or a kmc::error.
//
// The only header of kmc that includes Boost. std_result.hpp on purpose: outcome/result.hpp would
// bring Boost.System and Boost.Exception and cost every including file three times as much.

#pragma once

#include <boost/outcome/std_result.hpp>

#include <kmc/error.hpp>

namespace kmc {

/// Either a T or an error. value() throws std::system_error when there is no value; assume_value()
/// does not check. Test it with `if (!r)`, then read `r.error()` or `r.value()`.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::std_result<T, error>;

/// The same for set-up calls, whose error says in words what was wrong.
template <class T>
using config_result = BOOST_OUTCOME_V2_NAMESPACE::std_result<T, config_error>;

}  // namespace kmc
