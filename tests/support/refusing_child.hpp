// Runs something in a child process in which the kernel refuses some system calls, as it does in a
// container: by a seccomp filter, which cannot be taken off again, hence the child.

#pragma once

#include <functional>
#include <initializer_list>
#include <string>

namespace kmc::testing {

/// What `work` returned. The child answers `calls` (numbers of system calls) with `error` from
/// before `work` on. Throws std::runtime_error when the child fails or filters are not allowed.
[[nodiscard]] std::string in_refusing_child(std::initializer_list<int> calls, int error,
                                            const std::function<std::string()>& work);

}  // namespace kmc::testing
