#include "client/stream.hpp"

#include <utility>

#include <kmc/client.hpp>

#include "client/batch_source.hpp"
#include "client/chunk_source.hpp"
#include "client/client_state.hpp"
#include "client/key_places.hpp"

namespace kmc::detail {

stream::stream(const caller& who, std::span<const std::string_view> keys,
               const stream_options& options) {
    arena& memory = question_.memory;
    const std::string_view prefix = who.client->routing().prefix();
    question_.who = who;
    question_.client = who.client->shared_from_this();
    question_.options = options;
    question_.options.group = memory.try_copy(options.group);
    if (question_.options.group.data() == nullptr) throw std::bad_alloc();
    const auto wire_keys = copy_keys(memory, prefix, keys);
    const auto own = memory.make_array<std::string_view>(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!wire_keys[i].empty()) {
            own[i] = wire_keys[i].substr(prefix.size());
        } else {
            own[i] = memory.try_copy(keys[i]);
            if (own[i].data() == nullptr) throw std::bad_alloc();
        }
    }
    question_.wire_keys = wire_keys;
    question_.keys = own;
}

bool stream::wait(std::coroutine_handle<> waiting) {
    if (source_ == nullptr) {
        if (client_view* const view = question_.client->view()) {
            source_ = std::make_unique<chunk_source>(question_, *view);
        } else {
            source_ = std::make_unique<batch_source>(question_);
        }
    }
    return source_->wait(waiting);
}

void stream_deleter::operator()(stream* s) const noexcept {
    delete s;
}

next_awaiter::~next_awaiter() {
    if (is_waiting_) from_->stop_waiting();
}

bool next_awaiter::await_ready() const noexcept {
    return from_->is_ready();
}

bool next_awaiter::await_suspend(std::coroutine_handle<> waiting) {
    stream* const from = from_;
    is_waiting_ = true;
    // Elsewhere the coroutine may go on, and this awaiter end, before wait() returns.
    return from->wait(waiting);
}

std::optional<stream_entry> next_awaiter::await_resume() {
    is_waiting_ = false;
    return from_->take();
}

}  // namespace kmc::detail

namespace kmc {

value_stream::value_stream(const detail::caller& who, std::span<const std::string_view> keys,
                           const stream_options& options)
    : stream_(new detail::stream(who, keys, options)) {}

value_stream client::stream_many(std::span<const std::string_view> keys,
                                 const stream_options& options) const {
    return value_stream(who(), keys, options);
}

}  // namespace kmc
