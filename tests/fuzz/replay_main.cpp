// Runs kept inputs through a fuzz target without libFuzzer: every file below the folders named, in
// the order of their names, each in a block of exactly its size. An empty folder is a failure: then
// nothing was proved.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

std::vector<std::filesystem::path> files_below(int argc, char** argv) {
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < argc; ++i) {
        if (std::filesystem::is_regular_file(argv[i])) {
            files.emplace_back(argv[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

void replay(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), exact.get());
    LLVMFuzzerTestOneInput(exact.get(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::filesystem::path> files = files_below(argc, argv);
    if (files.empty()) {
        std::fputs("replay: there is no input in the folders named\n", stderr);
        return 1;
    }
    for (const std::filesystem::path& path : files) {
        // Said before, so that it stands last when the target ends the process.
        std::printf("%s\n", path.filename().c_str());
        std::fflush(stdout);
        replay(path);
    }
    std::printf("%zu inputs, nothing found\n", files.size());
    return 0;
}
