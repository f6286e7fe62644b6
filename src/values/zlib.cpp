#include "values/zlib.hpp"

#include <kmc/value_options.hpp>

#ifdef KMC_HAS_ZLIB

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "base/assert.hpp"

namespace kmc {

bool has_zlib() noexcept {
    return true;
}

}  // namespace kmc

namespace kmc::detail {
namespace {

constexpr std::size_t step_min = 4096;

// zlib's z_const is not set for us: it promises in words not to write to its input.
Bytef* bytes_of(const char* data) noexcept {
    return static_cast<Bytef*>(static_cast<void*>(const_cast<char*>(data)));
}

// A string that grows by itself takes twice what it had, which may be more than is allowed.
void grow(std::string& text, std::size_t size) {
    std::string larger;
    larger.reserve(size);
    larger = text;
    larger.resize(size);
    text.swap(larger);
}

class inflater {
public:
    explicit inflater(std::string_view stream) {
        stream_.next_in = bytes_of(stream.data());
        stream_.avail_in = static_cast<uInt>(stream.size());
        const int status = inflateInit(&stream_);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        KMC_ASSERT(status == Z_OK);
    }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater() { inflateEnd(&stream_); }

    // Writes behind the first `used` bytes of `to`, up to its end.
    [[nodiscard]] int run(std::string& to, std::size_t& used) {
        stream_.next_out = bytes_of(to.data() + used);
        stream_.avail_out = static_cast<uInt>(to.size() - used);
        const int status = ::inflate(&stream_, Z_NO_FLUSH);
        used = to.size() - stream_.avail_out;
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        return status;
    }

    [[nodiscard]] bool has_output_room() const noexcept { return stream_.avail_out != 0; }
    [[nodiscard]] bool took_all() const noexcept { return stream_.avail_in == 0; }

private:
    z_stream stream_{};
};

}  // namespace

bool inflate_whole(std::string_view stream, std::size_t size_max, std::string& plain) {
    constexpr std::size_t field_max = std::numeric_limits<uInt>::max();
    if (stream.size() > field_max || size_max >= field_max) return false;
    inflater in(stream);
    std::size_t used = 0;
    // One byte more than allowed may be written: that is how too much is noticed.
    const std::size_t room_max = size_max + 1;
    plain.resize(std::min(room_max, std::max(step_min, stream.size())));
    for (;;) {
        const int status = in.run(plain, used);
        if (used > size_max) return false;
        if (status == Z_STREAM_END) {
            plain.resize(used);
            return in.took_all();
        }
        // With room left, more was wanted than there is.
        if (status != Z_OK || in.has_output_room()) return false;
        grow(plain, std::min(room_max, plain.size() * 2));
    }
}

bool deflate_onto(std::string& to, std::string_view plain, std::size_t size_max) {
    const std::size_t before = to.size();
    to.resize(before + size_max);
    uLongf size = size_max;
    const int status = ::compress2(bytes_of(to.data() + before), &size, bytes_of(plain.data()),
                                   plain.size(), Z_DEFAULT_COMPRESSION);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    to.resize(status == Z_OK ? before + size : before);
    return status == Z_OK;
}

}  // namespace kmc::detail

#else

namespace kmc {

bool has_zlib() noexcept {
    return false;
}

}  // namespace kmc

namespace kmc::detail {

bool inflate_whole(std::string_view, std::size_t, std::string&) {
    return false;
}
bool deflate_onto(std::string&, std::string_view, std::size_t) {
    return false;
}

}  // namespace kmc::detail

#endif
