#include "segment.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hash/key_hash.hpp"

namespace kmc::detail {

namespace {

// Where Linux keeps POSIX shared memory. shm_open() can neither make an object without a name nor
// rename one, and would wait at a pipe.
constexpr const char* shared_folder = "/dev/shm";

std::string path_of(const std::string& name) {
    return shared_folder + name;
}

// Whether the name still means this file.
bool has_name(const descriptor& file, const std::string& path) noexcept {
    struct stat mine {};
    struct stat named {};
    return ::fstat(file.number(), &mine) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

// The right to publish under a name. Its file goes away with it, unless its holder was killed: then
// an empty file stays, which the next one takes.
class publishing_lock {
public:
    // Of no name, nobody has the right.
    explicit publishing_lock(const std::string& name) : path_(path_of(name) + ".lock") {
        if (name.empty()) return;
        // Who holds it for longer than this is stopped or worse.
        constexpr int most_attempts = 200;
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            auto file = beyond_standard_streams(
                descriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)});
            if (!file) return;
            const bool is_mine = ::flock(file.number(), LOCK_EX | LOCK_NB) == 0;
            if (is_mine && has_name(file, path_)) {
                file_ = std::move(file);
                return;
            }
            // Held by another; or its holder has just removed what was opened here.
            if (is_mine) continue;
            const timespec pause{0, 1'000'000};
            ::nanosleep(&pause, nullptr);
        }
    }
    ~publishing_lock() {
        if (file_) ::unlink(path_.c_str());
    }
    publishing_lock(const publishing_lock&) = delete;
    publishing_lock& operator=(const publishing_lock&) = delete;

    explicit operator bool() const noexcept { return static_cast<bool>(file_); }

private:
    std::string path_;
    descriptor file_;
};

// A file over the limit ends the process that writes it.
bool may_write(std::size_t size) noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && size <= limit.rlim_cur;
}

bool write_all(const descriptor& file, std::span<const std::byte> bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

// Memory without a name that holds the image, locked as in use; none if there is no room. Written
// and not mapped meanwhile: a full file system is an error then and not a signal. Nobody is meant
// to write to it afterwards, and so nobody may.
descriptor nameless_copy(std::span<const std::byte> image) noexcept {
    if (!may_write(image.size())) return descriptor{};
    auto file = beyond_standard_streams(
        descriptor{::open(shared_folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0400)});
    if (!file || !write_all(file, image) || ::flock(file.number(), LOCK_SH | LOCK_NB) != 0) {
        return descriptor{};
    }
    return file;
}

// Only a name can replace a name, so the object has another one for a moment. What a process left
// there that was killed at this point is complete, unknown to all, and removed by the next.
bool give_name(const descriptor& file, const std::string& name) {
    const std::string beside = path_of(name) + ".new";
    ::unlink(beside.c_str());
    const std::string open_file = "/proc/self/fd/" + std::to_string(file.number());
    if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, beside.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        return false;
    }
    if (::rename(beside.c_str(), path_of(name).c_str()) == 0) return true;
    ::unlink(beside.c_str());
    return false;
}

struct free_deleter {
    void operator()(char* text) const noexcept { std::free(text); }
};

}  // namespace

segment::segment(std::string name, descriptor file, object_id id, void* memory, std::size_t size,
                 const image_header& header) noexcept
    : name_(std::move(name)),
      file_(std::move(file)),
      id_(id),
      memory_(memory),
      size_(size),
      header_(header) {}

segment::~segment() {
    ::munmap(memory_, size_);
    forget_lost_descriptor();
    // Everybody who uses it holds the lock together with the others: who gets it alone is the last.
    // Somebody who opens it at this very moment keeps what is mapped, and the next one builds anew.
    if (file_ && ::flock(file_.number(), LOCK_EX | LOCK_NB) == 0 && has_its_name()) {
        ::unlink(path_of(name_).c_str());
    }
}

bool segment::has_its_name() const noexcept {
    struct stat state {};
    return ::lstat(path_of(name_).c_str(), &state) == 0 &&
           object_id{state.st_dev, state.st_ino} == id_;
}

void segment::forget_lost_descriptor() noexcept {
    struct stat state {};
    if (file_ &&
        (::fstat(file_.number(), &state) != 0 || object_id{state.st_dev, state.st_ino} != id_)) {
        file_.abandon();
    }
}

void segment::forget_lost_name() noexcept {
    forget_lost_descriptor();
    if (file_ && !has_its_name()) file_ = descriptor{};
}

void* segment::modified() const noexcept {
    return static_cast<std::byte*>(memory_) + offsetof(image_header, modified);
}

void* segment::points() const noexcept {
    return static_cast<std::byte*>(memory_) + sizeof(image_header);
}

std::shared_ptr<segment> segment::open(const std::string& name, const file_identity& of) {
    // Not to wait: who may write into the folder can put a pipe there.
    auto file = beyond_standard_streams(
        descriptor{::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)});
    struct stat state {};
    // What another user made, or may write to, is not believed.
    if (!file || ::fstat(file.number(), &state) != 0 || !S_ISREG(state.st_mode) ||
        state.st_uid != ::geteuid() || (state.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
        state.st_size <= 0 || ::flock(file.number(), LOCK_SH | LOCK_NB) != 0) {
        return nullptr;
    }
    const auto size = static_cast<std::size_t>(state.st_size);
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
    if (memory == MAP_FAILED) return nullptr;
    const std::span image(static_cast<const std::byte*>(memory), size);
    const auto header = read_header(image);
    if (!header || header->file != of || !is_intact(image)) {
        ::munmap(memory, size);
        return nullptr;
    }
    return std::shared_ptr<segment>(
        new segment(name, std::move(file), {state.st_dev, state.st_ino}, memory, size, *header));
}

std::shared_ptr<segment> segment::publish(const std::string& name,
                                          std::span<const std::byte> image) {
    const image_header header = read_header(image).value();
    const publishing_lock lock(name);
    if (!lock) return keep_private(image);

    // Processes that start together all find nothing, and only one has to publish.
    const auto present = open(name, header.file);
    if (present != nullptr && present->header().content == header.content &&
        present->header().is_settled == header.is_settled) {
        return present;
    }

    // In use by this descriptor until it is by the other one, which cannot be written to.
    const descriptor written = nameless_copy(image);
    if (!written || !give_name(written, name)) return keep_private(image);
    auto shared = open(name, header.file);
    return shared != nullptr ? shared : keep_private(image);
}

std::shared_ptr<segment> segment::keep_private(std::span<const std::byte> image) {
    void* const memory =
        ::mmap(nullptr, image.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    std::memcpy(memory, image.data(), image.size());
    ::mprotect(memory, image.size(), PROT_READ);
    const auto header = read_header(image);
    return std::shared_ptr<segment>(
        new segment({}, descriptor{}, {}, memory, image.size(), header.value()));
}

std::string segment_name(const char* path) {
    const std::unique_ptr<char, free_deleter> whole(::realpath(path, nullptr));
    if (whole == nullptr) return {};
    const md5_words words = md5(whole.get());
    std::string name = "/kmc-ketama." + std::to_string(::geteuid()) + ".";
    for (const std::uint32_t word : words) {
        for (unsigned byte = 0; byte < 4; ++byte) {
            char digits[3];
            std::snprintf(digits, sizeof digits, "%02x", word >> (8 * byte) & 0xffU);
            name += digits;
        }
    }
    return name;
}

}  // namespace kmc::detail
