#include <kmc/write_batch.hpp>

#include <kmc/detail/call_spec.hpp>

namespace kmc {
namespace {

// Far above what any server stores: not worth a copy only to be refused.
constexpr std::size_t value_bytes_max = std::size_t{1} << 30;

// Likewise. The field has room for no more; and where g++ 12 can tell that a copy is short, it
// makes it with string instructions, which wait for the cache one key at a time.
constexpr std::size_t key_bytes_kept = 0xffff;

// Copied, not constructed: for the same reason.
constexpr detail::write_entry blank_entry{};

}  // namespace

void write_batch::clear() noexcept {
    bytes_.clear();
    entries_.clear();
}

// Of a key that is too long, as much is kept as it takes to be refused.
detail::write_entry& write_batch::put(detail::command what, std::string_view key) {
    const std::size_t key_at = bytes_.size();
    const std::string_view kept = key.substr(0, key_bytes_kept);
    bytes_.append(kept);
    detail::write_entry& entry = entries_.emplace_back(blank_entry);
    entry.what.what = what;
    entry.what.key_size = static_cast<std::uint16_t>(kept.size());
    entry.key_at = key_at;
    return entry;
}

std::size_t write_batch::store(detail::command what, std::string_view key, const write_value& value,
                               const item_options* options, std::optional<cas_token> token) {
    const std::string_view bytes = value.bytes();
    const bool is_hopeless = bytes.size() > value_bytes_max;
    detail::write_entry& entry = put(what, key);
    entry.what.value_size = is_hopeless ? 0xffff'ffffU : static_cast<std::uint32_t>(bytes.size());
    if (options != nullptr) {
        entry.what.flags = options->flags;
        entry.ttl = options->ttl;
        entry.has_ttl = true;
    }
    if (token) {
        entry.what.cas = static_cast<std::uint64_t>(*token);
        entry.needs_token = true;
    }
    if (value.is_borrowed() && !bytes.empty()) {
        entry.borrowed_value = bytes.data();
    } else if (!is_hopeless) {
        entry.value_at = bytes_.size();
        try {
            bytes_.append(bytes);
        } catch (...) {
            entries_.pop_back();
            throw;
        }
    }
    return entries_.size() - 1;
}

std::size_t write_batch::count(detail::command what, std::string_view key, std::uint64_t delta,
                               const count_options& options) {
    detail::write_entry& entry = put(what, key);
    entry.step = {.delta = delta, .initial = options.initial.value_or(0)};
    if (options.initial) {
        entry.ttl = options.ttl;
        entry.has_ttl = true;
    } else {
        entry.what.expiry = detail::request::no_creation;
    }
    return entries_.size() - 1;
}

std::size_t write_batch::set(std::string_view key, write_value value, const item_options& options) {
    return store(detail::command::set, key, value, &options, {});
}

std::size_t write_batch::add(std::string_view key, write_value value, const item_options& options) {
    return store(detail::command::add, key, value, &options, {});
}

std::size_t write_batch::replace(std::string_view key, write_value value,
                                 const item_options& options) {
    return store(detail::command::replace, key, value, &options, {});
}

std::size_t write_batch::append(std::string_view key, write_value value) {
    return store(detail::command::append, key, value, nullptr, {});
}

std::size_t write_batch::prepend(std::string_view key, write_value value) {
    return store(detail::command::prepend, key, value, nullptr, {});
}

std::size_t write_batch::cas(std::string_view key, write_value value, cas_token token,
                             const item_options& options) {
    return store(detail::command::set, key, value, &options, token);
}

std::size_t write_batch::del(std::string_view key) {
    put(detail::command::del, key);
    return entries_.size() - 1;
}

std::size_t write_batch::del(std::string_view key, cas_token token) {
    detail::write_entry& entry = put(detail::command::del, key);
    entry.what.cas = static_cast<std::uint64_t>(token);
    entry.needs_token = true;
    return entries_.size() - 1;
}

std::size_t write_batch::incr(std::string_view key, std::uint64_t delta,
                              const count_options& options) {
    return count(detail::command::incr, key, delta, options);
}

std::size_t write_batch::decr(std::string_view key, std::uint64_t delta,
                              const count_options& options) {
    return count(detail::command::decr, key, delta, options);
}

std::size_t write_batch::touch(std::string_view key, expiry ttl) {
    detail::write_entry& entry = put(detail::command::touch, key);
    entry.ttl = ttl;
    entry.has_ttl = true;
    return entries_.size() - 1;
}

}  // namespace kmc
