// Batches: from the awaiter to a view, here or on another thread, and back.

#include <kmc/detail/batch_operations.hpp>

#include <new>
#include <utility>

#include "client/batch.hpp"
#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "client/remote_batch.hpp"

namespace kmc::detail {

batch_owner::~batch_owner() {
    delete batch_;
}

std::span<const server_trace> batch_owner::trace() const noexcept {
    if (batch_ == nullptr) return {};
    return batch_->trace();
}

batch_call::~batch_call() {
    if (remote_ != nullptr) meeting::leave(remote_);
    delete batch_;
}

bool batch_call::launch(std::unique_ptr<batch> mine, std::coroutine_handle<> waiting) {
    const key_routing& routing = who_.client->routing();
    if (client_view* const view = who_.client->view()) {
        view->refresh();
        mine->load(view->route(), routing, spec_, bytes_of::the_caller);
        batch_ = mine.release();
        batch_->resumes(waiting, left_);
        batch_->begin(*view);
        return true;
    }
    if (spec_.options.scope != nullptr) {
        mine->load(*who_.client->route(), routing, spec_, bytes_of::the_batch);
        mine->refuse_all(errc::wrong_thread);
        batch_ = mine.release();
        return false;
    }
    mine->load(*who_.client->route(), routing, spec_, bytes_of::the_batch);
    remote_ = new remote_batch(who_, std::move(mine), spec_.options.stop);
    meeting::send(*remote_, waiting, left_);
    return true;
}

std::unique_ptr<batch> batch_call::land() {
    if (lacks_memory_) throw std::bad_alloc();
    if (remote_ == nullptr) return std::unique_ptr<batch>(std::exchange(batch_, nullptr));
    std::unique_ptr<batch> done = remote_->take();
    meeting::leave(std::exchange(remote_, nullptr));
    return done;
}

template <class Answer>
bool batch_awaiter<Answer>::await_suspend(std::coroutine_handle<> waiting) noexcept {
    try {
        return launch(batch_of<Answer>::take_from(into_), waiting);
    } catch (const std::bad_alloc&) {
        return failed_to_launch();
    }
}

template <class Answer>
batch_reply<Answer> batch_awaiter<Answer>::take_reply() {
    return batch_of<Answer>::into_reply(land());
}

template class batch_awaiter<std::optional<value_view>>;
template class batch_awaiter<bool>;
template class batch_awaiter<write_answer>;

}  // namespace kmc::detail
