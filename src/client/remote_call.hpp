// A call that was awaited on a thread without a reactor: a copy with bytes of its own, which runs
// on a reactor.

#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include <kmc/detail/operations.hpp>

#include "client/meeting.hpp"

namespace kmc::detail {

class remote_call_base : public meeting {
protected:
    remote_call_base(const caller& who, const call_spec& spec);

    // The bytes that `own_spec` views.
    [[nodiscard]] const call_spec& own_spec() const noexcept { return spec_; }
    [[nodiscard]] virtual call& inner_call() noexcept = 0;

private:
    void begin(client_view* view) noexcept final;
    static void inner_ended(ready_node& node) noexcept;

    call_spec spec_;
    std::string bytes_;
    shared_bytes lent_;
    std::unique_ptr<std::byte[]> landing_;
    std::stop_token stop_;
};

template <class Answer>
class remote_call final : public remote_call_base {
public:
    remote_call(const caller& who, const call_spec& spec)
        : remote_call_base(who, spec), inner(who, own_spec()) {}

    awaiter<Answer> inner;

private:
    [[nodiscard]] call& inner_call() noexcept override { return inner; }
};

}  // namespace kmc::detail
