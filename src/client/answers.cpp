// How a reply becomes the answer of a call: one function per result type.

#include "client/answers.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "base/bytes.hpp"
#include "client/refusal.hpp"
#include "client/remote_call.hpp"
#include "protocol/outcome.hpp"

namespace kmc::detail {
namespace {

// What was asked, as far as the answer depends on it.
struct question {
    const request& what;
    std::span<std::byte> into;
    std::uint16_t server;
};

error refused(const question& q, const reply& r) noexcept {
    return detail::refused(q.server, r);
}

error out_of_memory(const question& q) noexcept {
    return detail::out_of_memory(q.server);
}

outcome outcome_of(const request& asked, const reply& r) noexcept {
    return outcome_of(asked.what, asked.cas != 0, r.status);
}

// Whether there is something to tell. If not, the answer is complete: nothing there, or refused.
template <class T>
[[nodiscard]] bool is_done(const question& q, const reply& r,
                           result<std::optional<T>>& answer) noexcept {
    switch (outcome_of(q.what, r)) {
        case outcome::done:
            return true;
        case outcome::absent:
            answer = std::nullopt;
            return false;
        default:
            answer = refused(q, r);
            return false;
    }
}

// Of requests with a token, when they were not done.
template <class Outcome>
void read_declined(const question& q, const reply& r, result<Outcome>& answer) noexcept {
    switch (outcome_of(q.what, r)) {
        case outcome::exists:
            answer = Outcome::exists;
            return;
        case outcome::absent:
            answer = Outcome::not_found;
            return;
        default:
            answer = refused(q, r);
    }
}

void read(const question& q, reply& r, result<std::optional<value>>& answer) noexcept {
    if (!is_done(q, r, answer)) return;
    value v;
    if (r.landed) {
        const std::uint32_t size = r.landed.size();
        v.adopt(r.landed.release(), size, r.flags, cas_token{r.cas});
    } else if (!v.assign(r.value, r.flags, cas_token{r.cas})) {
        answer = out_of_memory(q);
        return;
    }
    answer = std::optional<value>(std::move(v));
}

void read(const question& q, reply& r, result<std::optional<filled>>& answer) noexcept {
    if (!is_done(q, r, answer)) return;
    const bool fits = r.value.size() <= q.into.size();
    if (fits) copy_bytes(q.into.data(), r.value.data(), r.value.size());
    answer = filled{
        .size_bytes = r.value.size(), .flags = r.flags, .token = cas_token{r.cas}, .fits = fits};
}

void read(const question& q, reply& r, result<cas_token>& answer) noexcept {
    if (outcome_of(q.what, r) == outcome::done) {
        answer = cas_token{r.cas};
    } else {
        answer = refused(q, r);
    }
}

void read(const question& q, reply& r, result<std::optional<cas_token>>& answer) noexcept {
    if (is_done(q, r, answer)) answer = std::optional(cas_token{r.cas});
}

void read(const question& q, reply& r, result<store_outcome>& answer) noexcept {
    if (outcome_of(q.what, r) != outcome::done) {
        read_declined(q, r, answer);
    } else if (compared(r)) {
        answer = store_outcome::stored;
    } else {
        answer = error{.code = errc::no_cas, .at = stage::answered, .server = q.server};
    }
}

void read(const question& q, reply& r, result<del_outcome>& answer) noexcept {
    if (outcome_of(q.what, r) == outcome::done) {
        answer = del_outcome::deleted;
    } else {
        read_declined(q, r, answer);
    }
}

void read(const question& q, reply& r, result<bool>& answer) noexcept {
    // "Is it there?" is asked as "can I add it?", whose yes is a no.
    const bool done_means = q.what.what != command::add;
    switch (outcome_of(q.what, r)) {
        case outcome::done:
            answer = done_means;
            return;
        case outcome::absent:
            answer = !done_means;
            return;
        default:
            answer = refused(q, r);
    }
}

void read(const question& q, reply& r, result<std::optional<std::uint64_t>>& answer) noexcept {
    if (is_done(q, r, answer)) answer = std::optional(r.number);
}

void read(const question& q, reply& r, result<std::string>& answer) noexcept {
    if (outcome_of(q.what, r) != outcome::done) {
        answer = refused(q, r);
        return;
    }
    try {
        answer = std::string(r.value);
    } catch (const std::bad_alloc&) {
        answer = out_of_memory(q);
    }
}

// Comes in parts. A server that never ends is cut off: what has no room is not kept, and the call
// ends as an error.
void read(const question& q, reply& r, result<statistics>& answer) noexcept {
    constexpr std::size_t entries_max = 1 << 16;
    if (outcome_of(q.what, r) != outcome::done) {
        // A part came before only if the server changed its mind; an unknown group has none.
        answer = r.status == status::not_found ? error{.code = errc::server_error,
                                                       .at = stage::answered,
                                                       .server = q.server,
                                                       .status = 1}
                                               : refused(q, r);
        return;
    }
    const bool begins = answer.has_error() && answer.error().code == errc{};
    if (begins) answer = statistics();
    if (!r.is_part || answer.has_error()) return;
    try {
        auto& entries = answer.assume_value().entries;
        if (entries.size() == entries_max) throw std::bad_alloc();
        entries.emplace_back(r.key, r.value);
    } catch (const std::bad_alloc&) {
        answer = out_of_memory(q);
    }
}

void read(const question& q, reply& r, result<void>& answer) noexcept {
    if (outcome_of(q.what, r) == outcome::done) {
        answer = result<void>(BOOST_OUTCOME_V2_NAMESPACE::in_place_type<void>);
    } else {
        answer = refused(q, r);
    }
}

}  // namespace

template <class Answer>
const call_kind awaiter<Answer>::kind_ = {
    {.on_reply = [](op_node& node, std::uint32_t,
                    reply& r) noexcept { static_cast<awaiter&>(node).read(r); },
     .on_error =
         [](op_node& node, std::uint32_t, error e) noexcept {
             e.server = node.server;
             static_cast<awaiter&>(node).result_ = e;
         },
     .on_complete = &call::complete,
     .on_reroute = &call::reroute},
    [](const caller& who, const call_spec& spec) -> std::unique_ptr<remote_call_base> {
        return std::make_unique<remote_call<Answer>>(who, spec);
    }};

template <class Answer>
void awaiter<Answer>::read(reply& r) noexcept {
    detail::read(question{request_, into_, server}, r, result_);
}

template <class Answer>
void awaiter<Answer>::fetch() {
    auto& elsewhere = static_cast<remote_call<Answer>&>(*remote_);
    result_ = std::move(elsewhere.inner.result_);
    server = elsewhere.inner.server;
    if constexpr (std::is_same_v<Answer, std::optional<filled>>) {
        if (result_ && result_.assume_value() && result_.assume_value()->fits) {
            copy_bytes(into_.data(), elsewhere.inner.into_.data(),
                       result_.assume_value()->size_bytes);
        }
    }
}

template class awaiter<std::optional<value>>;
template class awaiter<std::optional<filled>>;
template class awaiter<cas_token>;
template class awaiter<std::optional<cas_token>>;
template class awaiter<store_outcome>;
template class awaiter<del_outcome>;
template class awaiter<bool>;
template class awaiter<std::optional<std::uint64_t>>;
template class awaiter<std::string>;
template class awaiter<statistics>;
template class awaiter<void>;

}  // namespace kmc::detail
