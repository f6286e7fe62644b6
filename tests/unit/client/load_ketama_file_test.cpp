// A server file on disk.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <kmc/server_list.hpp>

namespace kmc {
namespace {

// A folder of its own for each test, gone afterwards.
class scratch_folder {
public:
    scratch_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "kmc-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::string path() const { return path_; }

    [[nodiscard]] std::string write(const std::string& content) const {
        const std::string file = path_ + "/servers";
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

private:
    std::string path_;
};

TEST_CASE("a server file is loaded from disk, however long it is") {
    const scratch_folder folder;
    std::string content;
    for (int i = 0; i < 2000; ++i) content += "10.0.0.1:" + std::to_string(10000 + i) + "\t7\n";

    const auto list = server_list::load_ketama_file(folder.write(content));

    REQUIRE(list.has_value());
    REQUIRE(list.value().servers().size() == 2000);
    CHECK(list.value().servers().back().text == "10.0.0.1:11999");
}

TEST_CASE("what is wrong with a loaded file is told with its path") {
    const scratch_folder folder;
    const std::string file = folder.write("a 5\nb\n");

    const auto list = server_list::load_ketama_file(file);

    REQUIRE(!list);
    CHECK_THAT(list.error().message(), Catch::StartsWith(file + ", line 2: "));
}

TEST_CASE("a file that cannot be read is told with its path and the reason") {
    const scratch_folder folder;

    const auto missing = server_list::load_ketama_file(folder.path() + "/none");
    const auto directory = server_list::load_ketama_file(folder.path());

    REQUIRE(!missing);
    CHECK(missing.error().message() ==
          "cannot read the server file " + folder.path() + "/none: No such file or directory");
    REQUIRE(!directory);
    CHECK(directory.error().message() ==
          "cannot read the server file " + folder.path() + ": Is a directory");
}

TEST_CASE("a file without an end is not read for ever") {
    const auto list = server_list::load_ketama_file("/dev/zero");

    REQUIRE(!list);
    CHECK(list.error().message() == "cannot read the server file /dev/zero: it is over 16 MiB");
}

}  // namespace
}  // namespace kmc
