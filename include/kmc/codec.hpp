// Types in memcached: what get<T> and set<T> do with a T, for the built-in types and for yours.
//
// A codec knows a type and nothing of flags; a flag dialect knows flags and nothing of types. They
// meet in value_kind. Nothing here asks a server.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmc/error.hpp>
#include <kmc/result.hpp>
#include <kmc/value.hpp>
#include <kmc/value_options.hpp>

namespace kmc {

/// What flags say of a value. In dialect kmc, which marks no types, always bytes.
enum class value_kind : std::uint8_t {
    bytes,
    text,     ///< For pylibmc UTF-8; php_memcached does not tell it from bytes.
    integer,  ///< Decimal digits, perhaps with spaces behind them (a counter that shrank).
    real,     ///< A floating point number in decimal.
    boolean,
    json,  ///< No built-in type reads it; a codec of yours may.
};

/// A value that a codec reads: not compressed any more, and with flags that were understood.
struct content {
    std::string_view bytes;  ///< Until decode() returns.
    value_kind kind = value_kind::bytes;
    flag_dialect dialect = flag_dialect::kmc;
    std::uint32_t flags = 0;  ///< All 32 bits, as stored.
    cas_token token{};

    /// The part of the flags that is the application's, at its place; 0 in pylibmc's dialect.
    [[nodiscard]] std::uint32_t application_flags() const noexcept;

    /// What decode() returns for bytes that are no T.
    [[nodiscard]] error bad() const noexcept {
        return {.code = errc::bad_value, .at = stage::answered};
    }
    /// What decode() returns when the flags say that somebody else's type lies here.
    [[nodiscard]] error foreign() const noexcept {
        return {.code = errc::foreign_value, .at = stage::answered, .status = flags};
    }
};

/// Where a codec writes to. encode() calls one of borrow, copy and adopt; an encoding that was
/// given nothing, or that refused, ends the call with bad_value before anything is sent.
class encoding {
public:
    explicit encoding(flag_dialect dialect) noexcept : dialect_(dialect) {}
    encoding(const encoding&) = delete;
    encoding& operator=(const encoding&) = delete;

    [[nodiscard]] flag_dialect dialect() const noexcept { return dialect_; }

    /// The bytes are part of the value that is written, and stay there: no copy.
    void borrow(std::string_view bytes, value_kind kind) noexcept { fill(bytes, kind); }
    /// Up to 24 bytes without an allocation.
    void copy(std::string_view bytes, value_kind kind);
    void adopt(std::string bytes, value_kind kind);
    /// The dialect has no form for this value.
    void refuse() noexcept { filled_ = false; }
    /// Adds flags of the application (bits 16 to 31), as store_options::flags does.
    void mark(std::uint32_t application_flags) noexcept { flags_ |= application_flags; }

    /// What is sent; complete after pack().
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }

    /// Compresses where the options ask for it and turns kind and marks into flags. Called once,
    /// behind encode(), by whoever sends.
    /// @param application_flags  store_options::flags of a typed call.
    /// @return  false if the dialect cannot say this: bad_value.
    [[nodiscard]] bool pack(const value_options& options, std::uint32_t application_flags);

private:
    void fill(std::string_view bytes, value_kind kind) noexcept {
        bytes_ = bytes;
        kind_ = kind;
        filled_ = true;
    }

    std::string_view bytes_;
    std::string owned_;
    std::array<char, 24> small_;
    std::uint32_t flags_ = 0;
    flag_dialect dialect_;
    value_kind kind_ = value_kind::bytes;
    bool filled_ = false;
};

/// The customisation point: specialise it for your type, in namespace kmc or with its full name.
///
///     template <>
///     struct kmc::codec<profile> {
///         static void encode(const profile& p, kmc::encoding& out);
///         static kmc::result<profile> decode(const kmc::content& in);
///     };
///
/// One of the two is enough for a type that is only written or only read. Built in:
/// - bool; integers of every size, but not char and its kin, which could mean either;
/// - float, double: the shortest decimal that reads back as the same number, inf and nan included;
/// - std::string, std::string_view (written only): text. For pylibmc it has to be UTF-8;
/// - std::vector<std::byte>, std::span<const std::byte> (written only): bytes;
/// - versioned<T> of each that can be read.
///
/// What may be read as what: a number from an integer, and from plain text or bytes that consist of
/// one (memcached's own counters carry no type); floating point also from its own kind and bool
/// from its own; text and bytes from each other. Everything else is bad_value: a number is no
/// string. So is an integer out of the type's range.
template <class T>
struct codec;

template <class T>
concept writable_value = requires(const T& value, encoding& out) {
    codec<T>::encode(value, out);
};

template <class T>
concept readable_value = requires(const content& in) {
    { codec<T>::decode(in) } -> std::same_as<result<T>>;
};

/// A T with what came along, for a cas after a get: `mc.get<kmc::versioned<int>>(key)`.
template <class T>
struct versioned {
    T value;
    cas_token token{};
    std::uint32_t application_flags = 0;
};

/// What flags say, in words: "pylibmc: a pickled object (flags 0x1)". For every flags there are.
[[nodiscard]] std::string describe_flags(flag_dialect dialect, std::uint32_t flags);

namespace detail {

/// A value made readable: flags understood, bytes inflated. Throws std::bad_alloc only.
class unpacked {
public:
    unpacked(const value_view& stored, const value_options& options);
    unpacked(const unpacked&) = delete;
    unpacked& operator=(const unpacked&) = delete;

    [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }
    [[nodiscard]] const content& plain() const noexcept { return plain_; }

private:
    std::string inflated_;
    content plain_;
    std::optional<error> failure_;
};

void put_signed(encoding& out, std::int64_t number);
void put_unsigned(encoding& out, std::uint64_t number);
void put_bool(encoding& out, bool yes);
void put_float(encoding& out, float number);
void put_double(encoding& out, double number);
void put_text(encoding& out, std::string_view text) noexcept;
void put_bytes(encoding& out, std::span<const std::byte> bytes) noexcept;

[[nodiscard]] result<std::int64_t> read_signed(const content& in) noexcept;
[[nodiscard]] result<std::uint64_t> read_unsigned(const content& in) noexcept;
[[nodiscard]] result<bool> read_bool(const content& in) noexcept;
[[nodiscard]] result<float> read_float(const content& in) noexcept;
[[nodiscard]] result<double> read_double(const content& in) noexcept;
/// Text or bytes, which nothing tells apart in two of the dialects.
[[nodiscard]] result<std::span<const std::byte>> read_bytes(const content& in) noexcept;

template <class T>
concept plain_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
    !std::same_as<T, char32_t> && sizeof(T) <= sizeof(std::int64_t);

}  // namespace detail

/// Reads a value that is there already: one of a batch, or of an untyped get.
template <readable_value T>
[[nodiscard]] result<T> decode_value(const value_view& stored, const value_options& options) {
    const detail::unpacked u(stored, options);
    if (u.failure()) return *u.failure();
    return codec<T>::decode(u.plain());
}

template <>
struct codec<bool> {
    static void encode(bool yes, encoding& out) { detail::put_bool(out, yes); }
    static result<bool> decode(const content& in) noexcept { return detail::read_bool(in); }
};

template <detail::plain_integer T>
struct codec<T> {
    static void encode(T number, encoding& out) {
        if constexpr (std::is_signed_v<T>) {
            detail::put_signed(out, number);
        } else {
            detail::put_unsigned(out, number);
        }
    }
    static result<T> decode(const content& in) noexcept {
        const auto number = [&in] {
            if constexpr (std::is_signed_v<T>) {
                return detail::read_signed(in);
            } else {
                return detail::read_unsigned(in);
            }
        }();
        if (!number) return number.error();
        if (!std::in_range<T>(number.value())) return in.bad();
        return static_cast<T>(number.value());
    }
};

template <>
struct codec<float> {
    static void encode(float number, encoding& out) { detail::put_float(out, number); }
    static result<float> decode(const content& in) noexcept { return detail::read_float(in); }
};

template <>
struct codec<double> {
    static void encode(double number, encoding& out) { detail::put_double(out, number); }
    static result<double> decode(const content& in) noexcept { return detail::read_double(in); }
};

template <>
struct codec<std::string_view> {
    static void encode(std::string_view text, encoding& out) noexcept {
        detail::put_text(out, text);
    }
};

template <>
struct codec<std::string> {
    static void encode(const std::string& text, encoding& out) noexcept {
        detail::put_text(out, text);
    }
    static result<std::string> decode(const content& in) {
        const auto bytes = detail::read_bytes(in);
        if (!bytes) return bytes.error();
        return std::string(in.bytes);
    }
};

template <>
struct codec<std::span<const std::byte>> {
    static void encode(std::span<const std::byte> bytes, encoding& out) noexcept {
        detail::put_bytes(out, bytes);
    }
};

template <>
struct codec<std::vector<std::byte>> {
    static void encode(const std::vector<std::byte>& bytes, encoding& out) noexcept {
        detail::put_bytes(out, bytes);
    }
    static result<std::vector<std::byte>> decode(const content& in) {
        const auto bytes = detail::read_bytes(in);
        if (!bytes) return bytes.error();
        return std::vector<std::byte>(bytes.value().begin(), bytes.value().end());
    }
};

template <readable_value T>
struct codec<versioned<T>> {
    static result<versioned<T>> decode(const content& in) {
        auto inner = codec<T>::decode(in);
        if (!inner) return inner.error();
        return versioned<T>{std::move(inner.value()), in.token, in.application_flags()};
    }
};

}  // namespace kmc
