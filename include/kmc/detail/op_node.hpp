// The hinge of kmc: a run of requests for one server with one completion.
//
// A node lives in the awaiter of a single call or in the arena of a batch, never on its own. While
// it is under way exactly one connection knows it (`where`): in its pending list, through slots of
// its pipeline, or both when the window cut the run. Whoever destroys a node that is under way
// calls connection::abandon first; afterwards nothing points to it.

#pragma once

#include <cstdint>

#include <kmc/detail/intrusive_list.hpp>
#include <kmc/detail/request.hpp>
#include <kmc/error.hpp>
#include <kmc/time.hpp>

namespace kmc::detail {

class connection;
struct op_node;
struct reply;

/// Something that waits for its turn to run on the reactor. `run` is user code's way in: it is
/// called from the ready queue and from nowhere else.
struct ready_node : list_hook {
    void (*run)(ready_node&) noexcept = nullptr;
};

/// What the owner of a node does with news. All three only store or queue; none runs user code,
/// and none may touch the connection.
struct op_hooks {
    /// Request `index` was answered. The reply's bytes are valid during the call only; a landed
    /// block may be taken. A stat is answered many times; all but the last are parts.
    void (*on_reply)(op_node&, std::uint32_t index, reply&) noexcept;
    /// Request `index` will not be answered.
    void (*on_error)(op_node&, std::uint32_t index, error) noexcept;
    /// Every request had its on_reply or on_error; nothing points to the node any more.
    void (*on_complete)(op_node&) noexcept;
    /// Its server is out, and nothing of it was sent: it may go elsewhere, and is then somewhere
    /// else when this returns true. Null: it may not.
    bool (*on_reroute)(op_node&) noexcept = nullptr;
};

struct op_node : ready_node {
    const op_hooks* hooks = nullptr;
    const request* requests = nullptr;  ///< `count` of them; views live until on_complete.
    std::uint32_t count = 0;
    std::uint32_t encoded = 0;                ///< How many are on the wire, in order.
    std::uint32_t open = 0;                   ///< How many lack an answer; count at the start.
    std::uint16_t server = error::no_server;  ///< Its number.
    std::uint8_t counted = 0;                 ///< The view's: which limits count it.
    bool has_stand_ins = false;               ///< Some of its requests are for stand-ins.
    bool is_resent = false;   ///< Its connection was lost; what was sent is sent again.
    std::uint32_t link = 0;   ///< Which connection of the view carries it.
    std::uint64_t bytes = 0;  ///< Of all its keys and values.
    connection* where = nullptr;
    time_point first_out{};  ///< When its first request was handed to the engine, or zero.

    void answer(std::uint32_t index, reply& r) noexcept { hooks->on_reply(*this, index, r); }
    void fail(std::uint32_t index, error e) noexcept { hooks->on_error(*this, index, e); }

    /// How far a request that was not answered has come.
    [[nodiscard]] stage stage_of(std::uint32_t index) const noexcept {
        return index < encoded || is_resent ? stage::sent : stage::not_sent;
    }
};

}  // namespace kmc::detail
