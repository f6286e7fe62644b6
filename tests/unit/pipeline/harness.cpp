#include "harness.hpp"

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"

namespace kmc::testing {

using namespace kmc::detail;

namespace {

request request_for(command what, const std::string& key = {}) {
    request r;
    r.what = what;
    r.key = key.data();
    r.key_size = static_cast<std::uint16_t>(key.size());
    return r;
}

}  // namespace

spy_node::spy_node() {
    hooks = &spy_hooks;
    // Any address will do: the pipeline only ever clears it.
    where = static_cast<connection*>(static_cast<void*>(this));
}

spy_node& spy_node::get(const std::string& key) {
    return ask(request_for(command::get, key));
}
spy_node& spy_node::set(const std::string& key, const std::string& value) {
    return store(command::set, key, value);
}
spy_node& spy_node::store(command what, const std::string& key, const std::string& value) {
    request r = request_for(what, key);
    r.value = value.data();
    r.value_size = static_cast<std::uint32_t>(value.size());
    return ask(r);
}
spy_node& spy_node::del(const std::string& key) {
    return ask(request_for(command::del, key));
}
spy_node& spy_node::noop() {
    return ask(request_for(command::noop));
}
spy_node& spy_node::version() {
    return ask(request_for(command::version));
}

spy_node& spy_node::change(command what, const std::string& key, counter_step step,
                           std::uint32_t expiry) {
    request r = request_for(what, key);
    r.step = &step;
    r.expiry = expiry;
    return ask(r);
}
spy_node& spy_node::touch(const std::string& key, std::uint32_t expiry) {
    request r = request_for(command::touch, key);
    r.expiry = expiry;
    return ask(r);
}
spy_node& spy_node::gat(const std::string& key, std::uint32_t expiry) {
    request r = request_for(command::gat, key);
    r.expiry = expiry;
    return ask(r);
}
spy_node& spy_node::flush(std::uint32_t delay) {
    request r = request_for(command::flush);
    r.expiry = delay;
    return ask(r);
}
spy_node& spy_node::stat(const std::string& group) {
    return ask(request_for(command::stat, group));
}

spy_node& spy_node::ask(const request& r) {
    request& own = list_.emplace_back(r);
    own.key = texts_.emplace_back(r.key_view()).data();
    if (is_counter(r.what)) {
        own.step = &steps_.emplace_back(*r.step);
    } else {
        own.value = texts_.emplace_back(r.value_view()).data();
    }
    got.emplace_back();
    requests = list_.data();
    open = count = static_cast<std::uint32_t>(list_.size());
    return *this;
}

spy_node& spy_node::loud() {
    list_.back().is_loud = true;
    return *this;
}

bool spy_node::is_untouched() const {
    return completions == 0 && std::all_of(got.begin(), got.end(), [](const outcome& o) {
               return o.times == 0 && o.parts.empty();
           });
}

const op_hooks spy_node::spy_hooks = {
    .on_reply =
        [](op_node& node, std::uint32_t index, reply& r) noexcept {
            auto& self = static_cast<spy_node&>(node);
            outcome& o = self.got.at(index);
            if (r.is_part && o.times == 0) {
                o.parts.emplace_back(r.key, r.value);
                return;
            }
            ++o.times;
            self.order.push_back(index);
            o.is_answer = r.what == self.requests[index].what;
            o.status = r.status;
            o.flags = r.flags;
            o.cas = r.cas;
            o.value = r.value;
            o.is_implied = r.is_implied;
            o.number = r.number;
            o.has_landed = static_cast<bool>(r.landed);
            if (r.landed && self.takes_blocks) {
                const std::uint32_t size = r.landed.size();
                return_block(r.landed.release(), size);
            }
        },
    .on_error =
        [](op_node& node, std::uint32_t index, error e) noexcept {
            outcome& o = static_cast<spy_node&>(node).got.at(index);
            ++o.times;
            o.why = e;
        },
    .on_complete = [](op_node& node) noexcept { ++static_cast<spy_node&>(node).completions; },
};

wire::wire(std::uint32_t first_sequence, const pipeline_limits& limits)
    : pipeline(limits, first_sequence) {}

std::vector<request_frame> wire::send(spy_node& node, std::size_t room_bytes) {
    const std::size_t before = tx.size();
    pipeline.encode(node, tx, room_bytes);
    return read_requests(as_text(tx.pending().subspan(before)));
}

void wire::receive(std::string_view bytes, std::size_t piece, receiving how) {
    while (!bytes.empty() && !is_broken) {
        std::size_t size = std::min(piece, bytes.size());
        const std::span<std::byte> landing = pipeline.landing();
        if (!landing.empty() && how == receiving::as_a_connection) {
            size = std::min(size, landing.size());
            copy_bytes(landing.data(), bytes.data(), size);
            pipeline.landed(size);
        } else {
            rx.append(bytes.substr(0, size));
        }
        bytes.remove_prefix(size);
        // A copy of its own: a look beyond its end, or a view kept, is seen by a sanitizer.
        const std::vector<char> seen(rx.begin(), rx.end());
        const pipeline::fed fed = pipeline.feed(as_bytes({seen.data(), seen.size()}));
        rx.erase(0, fed.consumed);
        is_broken = fed.broken;
        why = fed.why;
    }
}

}  // namespace kmc::testing
