// ketama.h: handles on rings, and the border between C and C++.

#include "ketama.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>

#include "descriptor.hpp"
#include "hash/key_hash.hpp"
#include "image.hpp"
#include "segment.hpp"
#include "server_file_text.hpp"

using namespace kmc::detail;  // NOLINT: the border to C is made of the library's details

namespace {

// What a ketama_continuum points to: the three fields that programs know, and what is behind them.
struct handle : continuum {
    std::shared_ptr<segment> ring;
};

std::string& last_error() noexcept {
    thread_local std::string text;
    return text;
}

int fail(std::string_view why) noexcept {
    try {
        last_error() = why;
    } catch (const std::exception&) {
        last_error().clear();
    }
    return 0;
}

// The rings that this process has mapped, by name: a program that rolls again and again and never
// gives a handle back, as libketama obliged it to, holds each state of the file once, and one
// descriptor for each file.
class mapped_rings {
public:
    // A process that forks while another of its threads is in here: the child has the lock, and
    // nobody who would let go of it.
    mapped_rings() {
        ::pthread_atfork([] { of_process().lock_.lock(); }, [] { of_process().lock_.unlock(); },
                         [] { of_process().lock_.unlock(); });
    }
    mapped_rings(const mapped_rings&) = delete;
    mapped_rings& operator=(const mapped_rings&) = delete;

    [[nodiscard]] static mapped_rings& of_process();

    [[nodiscard]] std::shared_ptr<segment> find(const std::string& name) {
        const std::lock_guard guard(lock_);
        const auto found = rings_.find(name);
        return found == rings_.end() ? nullptr : found->second.lock();
    }

    void remember(const std::string& name, const std::shared_ptr<segment>& ring) {
        std::shared_ptr<segment> former;  // let go of when the lock is free again
        const std::lock_guard guard(lock_);
        std::weak_ptr<segment>& place = rings_[name];
        former = place.lock();
        if (former != nullptr && former != ring) former->forget_lost_name();
        place = ring;
        std::erase_if(rings_, [](const auto& entry) { return entry.second.expired(); });
    }

private:
    std::mutex lock_;
    std::map<std::string, std::weak_ptr<segment>> rings_;
};

// Never destroyed: other threads may still roll while the process ends.
mapped_rings& mapped_rings::of_process() {
    static auto* const all = new mapped_rings;
    return *all;
}

// While the library is loaded, so that no fork comes before it.
[[maybe_unused]] const mapped_rings& made_at_start = mapped_rings::of_process();

// Whether the ring is that of a file which had to be read. One that was published before its file
// had settled is replaced once the file has, so that the file needs not be read any more.
bool serves(const segment& ring, const server_file_text& text) noexcept {
    return is_made_of(ring.header(), text) && !text.is_settled;
}

kmc::config_result<std::shared_ptr<segment>> ring_of(const descriptor& file, const char* path) {
    const std::string name = segment_name(path);
    file_identity identity;
    if (!identify(file, identity)) return kmc::config_error(std::string(path) + " is not a file");

    // The process's own first, then what others have published.
    auto ring = mapped_rings::of_process().find(name);
    if (ring != nullptr && ring->header().is_surely_of(identity)) return ring;
    if (auto published = segment::open(name, identity);
        published != nullptr && published->header().is_surely_of(identity)) {
        mapped_rings::of_process().remember(name, published);
        return published;
    } else if (ring == nullptr) {
        ring = std::move(published);
    }

    const auto text = read_server_file(file, path, ring != nullptr ? &ring->header() : nullptr);
    if (!text) return text.error();
    if (ring == nullptr || !serves(*ring, text.assume_value())) {
        const auto image = make_image(text.assume_value(), path);
        if (!image) return image.error();
        ring = segment::publish(name, image.assume_value());
    }
    mapped_rings::of_process().remember(name, ring);
    return ring;
}

// No text is an empty one.
std::string_view text_of(const char* text) noexcept {
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

// The first point at or above the hash, or the lowest.
const mcs* point_of(std::uint32_t hash, const continuum& ring) noexcept {
    const auto* const begin = static_cast<const mcs*>(ring.array);
    const auto* const end = begin + ring.numpoints;
    const auto* const found = std::lower_bound(
        begin, end, hash, [](const mcs& point, std::uint32_t h) { return point.point < h; });
    return found == end ? begin : found;
}

}  // namespace

int ketama_roll(ketama_continuum* contptr, char* filename) {
    last_error().clear();
    try {
        if (contptr == nullptr || filename == nullptr) return fail("Invalid filename specified: ");
        const descriptor file{::open(filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        if (!file) {
            const int code = errno;
            std::string why = "Invalid filename specified: " + std::string(filename);
            if (code != ENOENT) why += " (" + std::generic_category().message(code) + ")";
            return fail(why);
        }
        *contptr = nullptr;
        auto ring = ring_of(file, filename);
        if (!ring) return fail(ring.error().message());

        auto made = std::make_unique<handle>();
        made->ring = std::move(ring).assume_value();
        made->numpoints = static_cast<int>(made->ring->header().point_count);
        made->modtime = made->ring->modified();
        made->array = made->ring->points();
        *contptr = made.release();
        return 1;
    } catch (const std::exception& thrown) {
        return fail(thrown.what());
    }
}

void ketama_smoke(ketama_continuum contptr) {
    delete static_cast<handle*>(contptr);
}

mcs* ketama_get_server(char* key, ketama_continuum cont) {
    if (key == nullptr || cont == nullptr || cont->array == nullptr || cont->numpoints <= 0) {
        return nullptr;
    }
    return const_cast<mcs*>(point_of(ketama_hashi(key), *cont));
}

unsigned int ketama_hashi(char* inString) {
    const std::string_view key = text_of(inString);
    std::uint32_t hash = 0;
    md5_many({&key, 1}, {&hash, 1});
    return hash;
}

void ketama_md5_digest(char* inString, unsigned char md5pword[16]) {
    for (const std::uint32_t word : md5(text_of(inString))) {
        for (unsigned byte = 0; byte < 4; ++byte) {
            *md5pword++ = static_cast<unsigned char>(word >> (8 * byte) & 0xff);
        }
    }
}

int ketama_compare(mcs* a, mcs* b) {
    if (a->point == b->point) return 0;
    return a->point < b->point ? -1 : 1;
}

void ketama_print_continuum(ketama_continuum cont) {
    if (cont == nullptr || cont->array == nullptr) {
        std::puts("Continuum empty");
        return;
    }
    std::printf("Numpoints in continuum: %d\n", cont->numpoints);
    const auto* const points = static_cast<const mcs*>(cont->array);
    for (int i = 0; i < cont->numpoints; ++i) {
        std::printf("%s (%u)\n", points[i].ip, points[i].point);
    }
}

char* ketama_error(void) {
    return last_error().data();
}
