#include "client/remote_call.hpp"

#include "client/client_view.hpp"

namespace kmc::detail {

remote_call_base::remote_call_base(const caller& who, const call_spec& spec)
    : meeting(who), spec_(spec) {
    const bool has_value = !is_counter(spec.what.what) && !spec.what.is_shared;
    if (spec.what.is_shared) lent_ = shared_bytes::of(*spec.what.block);
    const std::string_view value = has_value ? spec.what.value_view() : std::string_view();
    bytes_.reserve(spec.what.key_size + value.size() + spec.options.group.size());
    bytes_.append(spec.what.key_view()).append(value).append(spec.options.group);
    spec_.what.key = bytes_.data();
    if (has_value) spec_.what.value = bytes_.data() + spec.what.key_size;
    spec_.options.group = {bytes_.data() + spec.what.key_size + value.size(),
                           spec.options.group.size()};
    if (spec.options.stop != nullptr) {
        stop_ = *spec.options.stop;
        spec_.options.stop = &stop_;
    }
    if (!spec.into.empty()) {
        landing_ = std::make_unique_for_overwrite<std::byte[]>(spec.into.size());
        spec_.into = {landing_.get(), spec.into.size()};
    }
}

void remote_call_base::begin(client_view* view) noexcept {
    call& inner = inner_call();
    inner.run = &remote_call_base::inner_ended;
    inner.remote_ = this;
    if (view == nullptr) {
        inner.fail(0, {.code = errc::overloaded});
        return end(*this);
    }
    inner.begin(*view);
}

void remote_call_base::inner_ended(ready_node& node) noexcept {
    end(*static_cast<call&>(node).remote_);
}

}  // namespace kmc::detail
