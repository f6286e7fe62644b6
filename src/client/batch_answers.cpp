// How a reply becomes the answer of an entry of a batch: one function per kind of answer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "client/batch.hpp"
#include "client/client_view.hpp"
#include "client/refusal.hpp"
#include "protocol/outcome.hpp"

namespace kmc::detail {
namespace {

// What an answer starts from, to be filled in where it stands. An answer that is put together in
// registers and on the stack and then copied is read in wider pieces than it was written in, and
// each of these waits for the stores: 25 ns for every key.
const result<std::optional<value_view>> hit = std::optional<value_view>(value_view{});
const result<write_answer> written = write_answer{};

outcome outcome_of(const request& asked, const reply& r) noexcept {
    return outcome_of(asked.what, asked.cas != 0, r.status);
}

void read(arena& memory, const request& asked, reply& r, std::uint16_t server,
          result<std::optional<value_view>>& answer) noexcept {
    switch (outcome_of(asked, r)) {
        case outcome::done:
            break;
        case outcome::absent:
            answer = std::optional<value_view>();
            return;
        default:
            answer = refused(server, r);
            return;
    }
    std::string_view bytes = r.value;
    if (!r.landed) {
        bytes = memory.try_copy(r.value);
    } else if (memory.try_adopt(r.landed.data(), r.landed.size())) {
        static_cast<void>(r.landed.release());
    } else {
        bytes = {};
    }
    if (bytes.data() == nullptr) {
        answer = out_of_memory(server);
        return;
    }
    answer = hit;
    *answer.assume_value() = value_view{bytes.data(), static_cast<std::uint32_t>(bytes.size()),
                                        r.flags, cas_token{r.cas}};
}

void read(arena&, const request& asked, reply& r, std::uint16_t server,
          result<bool>& answer) noexcept {
    switch (outcome_of(asked, r)) {
        case outcome::done:
            answer = true;
            return;
        case outcome::absent:
            answer = false;
            return;
        default:
            answer = refused(server, r);
    }
}

void read(arena&, const request& asked, reply& r, std::uint16_t server,
          result<write_answer>& answer) noexcept {
    switch (outcome_of(asked, r)) {
        case outcome::done:
            break;
        case outcome::absent:
            answer = write_answer{.outcome = write_outcome::absent};
            return;
        case outcome::exists:
            answer = write_answer{.outcome = write_outcome::exists};
            return;
        case outcome::refused:
            answer = refused(server, r);
            return;
    }
    const bool is_guarded_store = asked.what == command::set && asked.cas != 0;
    if (is_guarded_store && !compared(r)) {
        answer = error{.code = errc::no_cas, .at = stage::answered, .server = server};
        return;
    }
    answer = written;
    write_answer& done = answer.assume_value();
    if (r.cas != 0) done.token = cas_token{r.cas};
    if (is_counter(asked.what) && !r.is_implied) done.number = r.number;
}

template <class Answer>
bool lacks_answer(const result<Answer>& r) noexcept {
    // No real error has code 0.
    return r.has_error() && r.error().code == errc{};
}

}  // namespace

template <class Answer>
std::unique_ptr<batch> batch_of<Answer>::take_from(batch_reply<Answer>* earlier) {
    batch* again = earlier == nullptr ? nullptr : earlier->owner_.release();
    if (again == nullptr) return std::make_unique<batch_of>();
    earlier->results_ = {};
    static_cast<batch_of*>(again)->recycle();
    return std::unique_ptr<batch>(again);
}

template <class Answer>
batch_reply<Answer> batch_of<Answer>::into_reply(std::unique_ptr<batch> done) noexcept {
    const std::span<const result<Answer>> results = static_cast<batch_of&>(*done).results_;
    return batch_reply<Answer>(batch_owner(done.release()), results);
}

template <class Answer>
void batch_of<Answer>::make_results(std::size_t count) {
    results_ = memory().template make_array<result<Answer>>(count, error{});
}

template <class Answer>
void batch_of<Answer>::fail_open(const run& r, errc why) noexcept {
    for (std::uint32_t i = 0; i < r.count; ++i) {
        result<Answer>& mine = results_[entry_of(r, i)];
        if (!lacks_answer(mine)) continue;
        mine = error{.code = why, .at = r.stage_of(i), .server = r.server};
    }
}

template <class Answer>
void batch_of<Answer>::fail_all_open(errc why) noexcept {
    for (result<Answer>& r : results_) {
        if (lacks_answer(r)) r = error{.code = why};
    }
}

template <class Answer>
void batch_of<Answer>::copy_to_twins() noexcept {
    for (std::size_t i = 0; i < results_.size(); ++i) {
        // Refused entries have no twin.
        if (twins()[i] < i) results_[i] = results_[twins()[i]];
    }
}

template <class Answer>
void batch_of<Answer>::on_reply(op_node& node, std::uint32_t index, reply& r) noexcept {
    run& mine = static_cast<run&>(node);
    batch_of& self = static_cast<batch_of&>(*mine.owner);
    mine.came(self.now(), r.value.size());
    read(self.memory(), node.requests[index], r, node.server,
         self.results_[self.entry_of(mine, index)]);
}

template <class Answer>
const op_hooks batch_of<Answer>::hooks = {
    .on_reply = &batch_of::on_reply,
    .on_error = &batch::on_error,
    .on_complete = &batch::on_complete,
    .on_reroute = &batch::reroute,
};

template class batch_of<std::optional<value_view>>;
template class batch_of<bool>;
template class batch_of<write_answer>;

}  // namespace kmc::detail
