// Numbers and booleans as text, in each dialect's spelling.

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include <kmc/codec.hpp>

namespace kmc::detail {
namespace {

// A counter that memcached shrank keeps its length and gets spaces behind it.
std::string_view without_padding(std::string_view text) noexcept {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool may_be_number(value_kind kind) noexcept {
    return kind == value_kind::integer || kind == value_kind::bytes || kind == value_kind::text;
}

// What is neither of the two kinds of failure: a kind no built-in type reads.
error wrong_kind(const content& in) noexcept {
    return in.kind == value_kind::json ? in.foreign() : in.bad();
}

template <class Number>
result<Number> read_whole(const content& in) noexcept {
    const std::string_view text = without_padding(in.bytes);
    const char* const end = text.data() + text.size();
    Number number{};
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stop != end) return in.bad();
    return number;
}

template <class Number>
result<Number> read_integer(const content& in) noexcept {
    if (!may_be_number(in.kind)) return wrong_kind(in);
    return read_whole<Number>(in);
}

template <class Number>
result<Number> read_real(const content& in) noexcept {
    if (!may_be_number(in.kind) && in.kind != value_kind::real) return wrong_kind(in);
    return read_whole<Number>(in);
}

template <class Number>
void put_number(encoding& out, Number number, value_kind kind) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    out.copy({digits.data(), static_cast<std::size_t>(end - digits.data())}, kind);
}

template <class Number>
void put_real(encoding& out, Number number) {
    // PHP reads no other spelling than these, and takes what it cannot read for 0.
    if (out.dialect() == flag_dialect::php_memcached && !std::isfinite(number)) {
        const std::string_view infinite = number < 0 ? "-Infinity" : "Infinity";
        out.copy(std::isnan(number) ? "NaN" : infinite, value_kind::real);
        return;
    }
    put_number(out, number, value_kind::real);
}

}  // namespace

void put_signed(encoding& out, std::int64_t number) {
    put_number(out, number, value_kind::integer);
}

void put_unsigned(encoding& out, std::uint64_t number) {
    // PHP would read its own largest integer instead.
    if (out.dialect() == flag_dialect::php_memcached &&
        number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        out.refuse();
        return;
    }
    put_number(out, number, value_kind::integer);
}

void put_bool(encoding& out, bool yes) {
    out.copy(yes ? "1" : "0", value_kind::boolean);
}
void put_float(encoding& out, float number) {
    put_real(out, number);
}
void put_double(encoding& out, double number) {
    put_real(out, number);
}

result<std::int64_t> read_signed(const content& in) noexcept {
    return read_integer<std::int64_t>(in);
}

result<std::uint64_t> read_unsigned(const content& in) noexcept {
    return read_integer<std::uint64_t>(in);
}

result<bool> read_bool(const content& in) noexcept {
    if (!may_be_number(in.kind) && in.kind != value_kind::boolean) return wrong_kind(in);
    // PHP's false.
    if (in.kind == value_kind::boolean && in.bytes.empty()) return false;
    const std::string_view text = without_padding(in.bytes);
    if (text != "0" && text != "1") return in.bad();
    return text == "1";
}

result<float> read_float(const content& in) noexcept {
    return read_real<float>(in);
}
result<double> read_double(const content& in) noexcept {
    return read_real<double>(in);
}

}  // namespace kmc::detail
