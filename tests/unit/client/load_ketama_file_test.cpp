// A server file on disk.

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <kmc/server_list.hpp>

#include "support/scratch_folder.hpp"

namespace kmc {
namespace {

// A server file in a folder of its own.
class scratch_file {
public:
    [[nodiscard]] const std::string& folder() const noexcept { return folder_.path(); }
    [[nodiscard]] std::string write(const std::string& content) const {
        const std::string file = folder_ / "servers";
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

private:
    testing::scratch_folder folder_;
};

TEST_CASE("a server file is loaded from disk, however long it is") {
    const scratch_file folder;
    std::string content;
    for (int i = 0; i < 2000; ++i) content += "10.0.0.1:" + std::to_string(10000 + i) + "\t7\n";

    const auto list = server_list::load_ketama_file(folder.write(content));

    REQUIRE(list.has_value());
    REQUIRE(list.value().servers().size() == 2000);
    CHECK(list.value().servers().back().text == "10.0.0.1:11999");
}

TEST_CASE("what is wrong with a loaded file is told with its path") {
    const scratch_file folder;
    const std::string file = folder.write("a 5\nb\n");

    const auto list = server_list::load_ketama_file(file);

    REQUIRE(!list);
    CHECK_THAT(list.error().message(), Catch::StartsWith(file + ", line 2: "));
}

TEST_CASE("a file that cannot be read is told with its path and the reason") {
    const scratch_file folder;

    const auto missing = server_list::load_ketama_file(folder.folder() + "/none");
    const auto directory = server_list::load_ketama_file(folder.folder());

    REQUIRE(!missing);
    CHECK(missing.error().message() ==
          "cannot read the server file " + folder.folder() + "/none: No such file or directory");
    REQUIRE(!directory);
    CHECK(directory.error().message() ==
          "cannot read the server file " + folder.folder() + ": Is a directory");
}

TEST_CASE("a file without an end is not read for ever") {
    const auto list = server_list::load_ketama_file("/dev/zero");

    REQUIRE(!list);
    CHECK(list.error().message() == "cannot read the server file /dev/zero: it is over 16 MiB");
}

}  // namespace
}  // namespace kmc
