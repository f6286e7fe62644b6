// What an awaiter knows of itself beyond its node: how it answers, and how it goes elsewhere.

#pragma once

#include <memory>

#include <kmc/detail/op_node.hpp>
#include <kmc/detail/operations.hpp>

namespace kmc::detail {

struct call_kind : op_hooks {
    // A copy that owns its key and value, to run on a reactor. Throws std::bad_alloc.
    std::unique_ptr<remote_call_base> (*copy)(const caller& who, const call_spec& spec);
};

}  // namespace kmc::detail
