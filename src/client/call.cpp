// Single calls: from the awaiter to the view and back.

#include <algorithm>
#include <new>

#include <kmc/detail/operations.hpp>

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "io/wall_clock.hpp"
#include "protocol/command.hpp"
#include "protocol/status.hpp"

namespace kmc::detail {
namespace {

// Sizes that do not fit the field are made just large enough to be refused by the checks.
std::uint16_t clamped_key_size(std::string_view key) noexcept {
    return static_cast<std::uint16_t>(std::min<std::size_t>(key.size(), 0xffff));
}

error refused(const op_node& node, const reply& r) noexcept {
    return {.code = error_of_status(r.status),
            .at = stage::answered,
            .server = node.server,
            .status = static_cast<std::uint16_t>(r.status)};
}

error out_of_memory(const op_node& node) noexcept {
    return {.code = errc::overloaded, .at = stage::answered, .server = node.server};
}

error with_server(error e, const op_node& node) noexcept {
    e.server = node.server;
    return e;
}

}  // namespace

// ---- every call -----------------------------------------------------------------------------

call::call(client_state* client, const op_hooks& own_hooks, duration deadline) noexcept
    : client_(client), deadline_(deadline) {
    hooks = &own_hooks;
    run = &call::resume;
    requests = &request_;
    count = open = 1;
    timer_.owner = this;
    timer_.on_fire = &call::on_deadline;
}

call::~call() {
    if (where != nullptr) where->abandon(*this);
}

bool call::await_suspend(std::coroutine_handle<> caller) noexcept {
    caller_ = caller;
    try {
        view_ = client_->view();
    } catch (const std::bad_alloc&) {
        fail(0, {.code = errc::overloaded});
        return false;
    }
    if (view_ == nullptr) {
        fail(0, {.code = errc::wrong_thread});
        return false;
    }
    if (deadline_ < duration::zero()) {
        fail(0, {.code = errc::timed_out, .at = stage::not_sent, .server = server});
        complete(*this);
        return true;
    }
    view_->loop().timers().add(timer_,
                               view_->deadline_of(deadline_, view_->options().call_timeout));
    view_->submit(*this);
    return true;
}

void call::complete(op_node& node) noexcept {
    call& self = static_cast<call&>(node);
    self.timer_.unlink();
    self.view_->loop().make_ready(self);
}

void call::resume(ready_node& node) noexcept {
    static_cast<call&>(node).caller_.resume();
}

void call::on_deadline(timer& t) noexcept {
    call& self = *static_cast<deadline_timer&>(t).owner;
    const stage at = self.encoded == 0 ? stage::not_sent : stage::sent;
    self.where->abandon(self);
    self.fail(0, {.code = errc::timed_out, .at = at, .server = self.server});
    complete(self);
}

// ---- get ------------------------------------------------------------------------------------

get_awaiter::get_awaiter(client_state* client, std::string_view key,
                         const call_options& options) noexcept
    : call(client, hooks_, options.deadline) {
    request_.what = command::get;
    request_.key = key.data();
    request_.key_size = clamped_key_size(key);
}

const op_hooks get_awaiter::hooks_ = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            auto& self = static_cast<get_awaiter&>(node);
            if (r.status == status::not_found) return;
            if (r.status != status::ok) {
                self.result_ = refused(node, r);
                return;
            }
            value v;
            if (r.landed) {
                const std::uint32_t size = r.landed.size();
                v.adopt(r.landed.release(), size, r.flags, cas_token{r.cas});
            } else if (!v.assign(r.value, r.flags, cas_token{r.cas})) {
                self.result_ = out_of_memory(node);
                return;
            }
            self.result_ = std::optional<value>(std::move(v));
        },
    .on_error =
        [](op_node& node, std::uint32_t, error e) noexcept {
            static_cast<get_awaiter&>(node).result_ = with_server(e, node);
        },
    .on_complete = &call::complete,
};

// ---- set ------------------------------------------------------------------------------------

store_awaiter::store_awaiter(client_state* client, std::string_view key, std::string_view value,
                             const store_options& options) noexcept
    : call(client, hooks_, options.deadline) {
    request_.what = command::set;
    request_.key = key.data();
    request_.key_size = clamped_key_size(key);
    request_.value = value.data();
    request_.value_size =
        static_cast<std::uint32_t>(std::min<std::size_t>(value.size(), 0xffff'ffff));
    request_.flags = options.flags;
    request_.expiry = options.ttl.wire(wall_clock_seconds());
}

const op_hooks store_awaiter::hooks_ = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            auto& self = static_cast<store_awaiter&>(node);
            if (r.status == status::ok) {
                self.result_ = cas_token{r.cas};
            } else {
                self.result_ = refused(node, r);
            }
        },
    .on_error =
        [](op_node& node, std::uint32_t, error e) noexcept {
            static_cast<store_awaiter&>(node).result_ = with_server(e, node);
        },
    .on_complete = &call::complete,
};

// ---- del ------------------------------------------------------------------------------------

del_awaiter::del_awaiter(client_state* client, std::string_view key,
                         const call_options& options) noexcept
    : call(client, hooks_, options.deadline) {
    request_.what = command::del;
    request_.key = key.data();
    request_.key_size = clamped_key_size(key);
}

const op_hooks del_awaiter::hooks_ = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            auto& self = static_cast<del_awaiter&>(node);
            if (r.status == status::ok || r.status == status::not_found) {
                self.result_ = r.status == status::ok;
            } else {
                self.result_ = refused(node, r);
            }
        },
    .on_error =
        [](op_node& node, std::uint32_t, error e) noexcept {
            static_cast<del_awaiter&>(node).result_ = with_server(e, node);
        },
    .on_complete = &call::complete,
};

// ---- version --------------------------------------------------------------------------------

version_awaiter::version_awaiter(client_state* client, std::size_t which,
                                 const call_options& options) noexcept
    : call(client, hooks_, options.deadline) {
    request_.what = command::version;
    server = static_cast<std::uint16_t>(std::min<std::size_t>(which, error::no_server - 1));
}

const op_hooks version_awaiter::hooks_ = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            auto& self = static_cast<version_awaiter&>(node);
            if (r.status != status::ok) {
                self.result_ = refused(node, r);
                return;
            }
            try {
                self.result_ = std::string(r.value);
            } catch (const std::bad_alloc&) {
                self.result_ = out_of_memory(node);
            }
        },
    .on_error =
        [](op_node& node, std::uint32_t, error e) noexcept {
            static_cast<version_awaiter&>(node).result_ = with_server(e, node);
        },
    .on_complete = &call::complete,
};

}  // namespace kmc::detail
