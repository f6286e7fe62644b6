// What the typed calls of kmc::client return. Each wraps the untyped call of the same name: a read
// decodes behind it, a store encodes before it and keeps the encoded bytes until the await ends.
// Nothing here knows the types or the flags: codec.hpp does.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <kmc/codec.hpp>
#include <kmc/detail/operations.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/value.hpp>

namespace kmc::detail {

/// The options of the client; copied by awaiters, which may outlive it.
[[nodiscard]] const value_options& values_of(const client_state& client) noexcept;

[[nodiscard]] inline value_view view_of(const value& v) noexcept {
    return {.data = v.bytes().data(),
            .size_bytes = static_cast<std::uint32_t>(v.bytes().size()),
            .flags = v.flags(),
            .token = v.token()};
}

template <class T>
class typed_get_awaiter {
public:
    typed_get_awaiter(const caller& who, const call_spec& spec) noexcept
        : values_(values_of(*who.client)), inner_(who, spec) {}
    typed_get_awaiter(const typed_get_awaiter&) = delete;
    typed_get_awaiter& operator=(const typed_get_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return inner_.await_ready(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) noexcept {
        return inner_.await_suspend(waiting);
    }
    void join(std::atomic<unsigned>& left) noexcept { inner_.join(left); }
    [[nodiscard]] result<std::optional<T>> await_resume() {
        const auto found = inner_.await_resume();
        if (!found) return found.error();
        if (!found.value()) return std::optional<T>();
        auto decoded = decode_value<T>(view_of(*found.value()), values_);
        if (!decoded) {
            error e = decoded.error();
            e.at = stage::answered;
            e.server = inner_.server_index();
            return e;
        }
        return std::optional<T>(std::move(decoded.value()));
    }

private:
    value_options values_;
    awaiter<std::optional<value>> inner_;
};

template <class T>
class [[nodiscard]] typed_get_op {
public:
    typed_get_op(const caller& who, const call_spec& spec) noexcept : who_(who), spec_(spec) {}
    [[nodiscard]] typed_get_awaiter<T> operator co_await() && noexcept { return {who_, spec_}; }

private:
    caller who_;
    call_spec spec_;
};

/// A value on its way into a store: small plain ones (numbers, views) travel by value, so that a
/// descriptor may outlive the expression that made it; the others by address.
template <class T>
class operand {
public:
    explicit operand(const T& value) noexcept : kept_(keep(value)) {}
    [[nodiscard]] const T& get() const noexcept {
        if constexpr (by_value) {
            return kept_;
        } else {
            return *kept_;
        }
    }

private:
    static constexpr bool by_value = std::is_trivially_copyable_v<T> && sizeof(T) <= 16;
    using kept = std::conditional_t<by_value, T, const T*>;

    [[nodiscard]] static kept keep(const T& value) noexcept {
        if constexpr (by_value) {
            return value;
        } else {
            return &value;
        }
    }

    kept kept_;
};

/// Any call that stores and ends with an Answer; its spec lacks value and flags.
template <class T, class Answer>
class typed_store_awaiter {
public:
    typed_store_awaiter(const caller& who, const call_spec& spec, const operand<T>& value)
        : value_(value),
          encoded_(values_of(*who.client).dialect),
          is_encoded_(encode(values_of(*who.client), spec.what.flags)),
          inner_(who, with_value(spec)) {}
    typed_store_awaiter(const typed_store_awaiter&) = delete;
    typed_store_awaiter& operator=(const typed_store_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) noexcept {
        return is_encoded_ && inner_.await_suspend(waiting);
    }
    void join(std::atomic<unsigned>& left) noexcept { inner_.join(left); }
    [[nodiscard]] result<Answer> await_resume() {
        if (!is_encoded_) return error{.code = errc::bad_value, .at = stage::not_sent};
        return inner_.await_resume();
    }

private:
    [[nodiscard]] bool encode(const value_options& values, std::uint32_t application_flags) {
        codec<T>::encode(value_.get(), encoded_);
        return encoded_.pack(values, application_flags);
    }
    [[nodiscard]] call_spec with_value(call_spec spec) const noexcept {
        put_value(spec.what, encoded_.bytes());
        spec.what.flags = encoded_.flags();
        return spec;
    }

    operand<T> value_;
    encoding encoded_;
    bool is_encoded_;
    awaiter<Answer> inner_;
};

template <class T, class Answer>
class [[nodiscard]] typed_store_op {
public:
    typed_store_op(const caller& who, const call_spec& spec, const T& value) noexcept
        : who_(who), spec_(spec), value_(value) {}
    [[nodiscard]] typed_store_awaiter<T, Answer> operator co_await() && {
        return {who_, spec_, value_};
    }

private:
    caller who_;
    call_spec spec_;
    operand<T> value_;
};

static_assert(std::is_trivially_destructible_v<typed_get_op<std::string>> &&
              std::is_trivially_destructible_v<typed_store_op<std::string, cas_token>>);
static_assert(!std::is_aggregate_v<typed_get_awaiter<int>> &&
              !std::is_aggregate_v<typed_store_awaiter<int, cas_token>>);

}  // namespace kmc::detail
