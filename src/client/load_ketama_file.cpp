// server_list::load_ketama_file(): brings the file's text into memory. Reading it is set-up work on
// the caller's thread and blocks; what the text means is decided in routing.

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include <kmc/server_list.hpp>

namespace kmc {

namespace {

// A list of 65535 servers has about 3 MB. Anything far above that is another file, or a device.
constexpr std::size_t largest_file = std::size_t{16} << 20;

struct file_closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

config_error file_error(const std::string& path, int code) {
    return config_error("cannot read the server file " + path + ": " +
                        std::generic_category().message(code));
}

}  // namespace

config_result<server_list> server_list::load_ketama_file(const std::string& path) {
    const std::unique_ptr<std::FILE, file_closer> file(std::fopen(path.c_str(), "rbe"));
    if (file == nullptr) return file_error(path, errno);

    std::string content;
    char piece[4096];
    while (const std::size_t size = std::fread(piece, 1, sizeof piece, file.get())) {
        content.append(piece, size);
        if (content.size() > largest_file) {
            return config_error("cannot read the server file " + path + ": it is over 16 MiB");
        }
    }
    if (std::ferror(file.get()) != 0) return file_error(path, errno);
    return parse_ketama_file(content, path);
}

}  // namespace kmc
