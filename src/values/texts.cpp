// Text and bytes as values.

#include <kmc/codec.hpp>

#include "base/bytes.hpp"
#include "values/utf8.hpp"

namespace kmc::detail {

void put_text(encoding& out, std::string_view text) noexcept {
    // Python's get() raises on text that is not UTF-8: nobody there could read it.
    if (out.dialect() == flag_dialect::pylibmc && !is_utf8(text)) {
        out.refuse();
        return;
    }
    out.borrow(text, value_kind::text);
}

void put_bytes(encoding& out, std::span<const std::byte> bytes) noexcept {
    out.borrow(as_text(bytes), value_kind::bytes);
}

result<std::span<const std::byte>> read_bytes(const content& in) noexcept {
    if (in.kind == value_kind::json) return in.foreign();
    if (in.kind != value_kind::bytes && in.kind != value_kind::text) return in.bad();
    return as_bytes(in.bytes);
}

}  // namespace kmc::detail
