// A batch that was awaited on a thread without a reactor: it owns all its bytes, and runs on one.

#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include "client/batch.hpp"
#include "client/meeting.hpp"

namespace kmc::detail {

class remote_batch final : public meeting {
public:
    // @param loaded  with bytes_of::the_batch.
    remote_batch(const caller& who, std::unique_ptr<batch> loaded, const std::stop_token* stop)
        : meeting(who), inner_(std::move(loaded)) {
        if (stop == nullptr) return;
        stop_ = *stop;
        inner_->stop_with(stop_);
    }

    // After the meeting.
    [[nodiscard]] std::unique_ptr<batch> take() noexcept { return std::move(inner_); }

    static void inner_ended(remote_batch& self) noexcept { end(self); }

private:
    void begin(client_view* view) noexcept override {
        if (view == nullptr) {
            inner_->refuse_all(errc::overloaded);
            return end(*this);
        }
        inner_->resumes(*this);
        inner_->begin(*view);
    }

    std::unique_ptr<batch> inner_;
    std::stop_token stop_;
};

}  // namespace kmc::detail
