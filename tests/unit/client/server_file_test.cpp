// A client follows its file. Real files, real changes; nobody is connected to.

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/kmc.hpp>
#include <kmc/server_file.hpp>

#include "support/scratch_folder.hpp"

using namespace std::chrono_literals;
using kmc::testing::scratch_folder;

namespace {

void write(const std::string& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
}
void replace(const std::string& file, const std::string& content) {
    write(file + ".new", content);
    std::filesystem::rename(file + ".new", file);
}

// What the hook was told, for a test that waits for it.
class diary {
public:
    kmc::event_hook hook() {
        return {.tell =
                    [](void* context, const kmc::event& e) noexcept {
                        auto& self = *static_cast<diary*>(context);
                        const std::lock_guard lock(self.mutex_);
                        if (e.kind == kmc::event_kind::servers_changed) ++self.changes_;
                        if (e.kind == kmc::event_kind::servers_refused) {
                            self.refusals_.emplace_back(e.text);
                        }
                        self.news_.notify_all();
                    },
                .context = this};
    }
    bool wait_for_changes(int n) {
        std::unique_lock lock(mutex_);
        return news_.wait_for(lock, 20s, [&] { return changes_ >= n; });
    }
    std::string wait_for_refusal(std::size_t n) {
        std::unique_lock lock(mutex_);
        if (!news_.wait_for(lock, 20s, [&] { return refusals_.size() >= n; })) return "none came";
        return refusals_[n - 1];
    }
    int changes() {
        const std::lock_guard lock(mutex_);
        return changes_;
    }

private:
    std::mutex mutex_;
    std::condition_variable news_;
    int changes_ = 0;
    std::vector<std::string> refusals_;
};

struct following {
    scratch_folder dir;
    std::string file = dir / "servers";
    diary told;
    kmc::runtime rt;
    kmc::client mc = make();

    kmc::client make() {
        kmc::client_options o;
        o.on_event = told.hook();
        o.ring = kmc::ring::libketama;
        return kmc::client::open(rt, "127.0.0.1:1", o).value();
    }
    std::string list() {
        std::string all;
        for (const kmc::server& s : mc.servers()) {
            all += s.text + "/" + std::to_string(s.weight) + " ";
        }
        return all;
    }
};

}  // namespace

TEST_CASE("a file that is written, or replaced by a rename, is the list from then on") {
    following f;
    write(f.file, "127.0.0.1:1\t3\n127.0.0.1:2\t4\n");
    const auto kept = kmc::server_file::follow(f.mc, f.file, {.period = 1h});
    REQUIRE(kept);
    CHECK(f.list() == "127.0.0.1:1/3 127.0.0.1:2/4 ");
    CHECK(f.told.changes() == 1);

    write(f.file, "127.0.0.1:1\t3\n");
    REQUIRE(f.told.wait_for_changes(2));
    CHECK(f.list() == "127.0.0.1:1/3 ");
    replace(f.file, "127.0.0.1:9\t1\n127.0.0.1:8\t1\n");
    REQUIRE(f.told.wait_for_changes(3));
    CHECK(f.list() == "127.0.0.1:9/1 127.0.0.1:8/1 ");
    // The same size within the same tick of the file system's clock.
    for (int i = 4; i < 40; ++i) {
        write(f.file, "127.0.0.1:" + std::to_string(i + 60) + "\t1\n");
        REQUIRE(f.told.wait_for_changes(i));
        CHECK(f.list() == "127.0.0.1:" + std::to_string(i + 60) + "/1 ");
    }
}

TEST_CASE("a file that cannot be used leaves the list as it is, and somebody is told") {
    following f;
    write(f.file, "127.0.0.1:1\t3\n");
    const auto kept = kmc::server_file::follow(f.mc, f.file, {.period = 1h});
    REQUIRE(kept);
    const int before = f.told.changes();
    replace(f.file, "# nobody\n");
    CHECK_THAT(f.told.wait_for_refusal(1), Catch::Contains(f.file));
    replace(f.file, "127.0.0.1:1 x\n");
    CHECK_THAT(f.told.wait_for_refusal(2), Catch::Contains("line 1"));
    CHECK(f.list() == "127.0.0.1:1/3 ");
    CHECK(f.told.changes() == before);
    replace(f.file, "127.0.0.1:7\t1\n");
    REQUIRE(f.told.wait_for_changes(before + 1));
}

TEST_CASE("a strict follower refuses what libketama reads otherwise than it looks") {
    following f;
    // No newline: libketama drops the last digit.
    write(f.file, "127.0.0.1:1\t30");
    CHECK(kmc::server_file::follow(f.mc, f.file, {.strict = false}));
    CHECK(f.list() == "127.0.0.1:1/3 ");
    const auto refused = kmc::server_file::follow(f.mc, f.file, {.strict = true});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), Catch::Contains("libketama drops the last byte"));
}

TEST_CASE("without word from the kernel the file is looked at from time to time") {
    following f;
    std::filesystem::create_directory(f.dir / "real");
    write(f.dir / "real/servers", "127.0.0.1:1\t3\n");
    // The folder that is watched is the link's, the change happens behind it.
    std::filesystem::create_symlink(f.dir / "real/servers", f.file);
    const auto kept = kmc::server_file::follow(f.mc, f.file, {.period = 10ms});
    REQUIRE(kept);
    const int before = f.told.changes();
    replace(f.dir / "real/servers", "127.0.0.1:5\t3\n");
    REQUIRE(f.told.wait_for_changes(before + 1));
    CHECK(f.list() == "127.0.0.1:5/3 ");
    // The folder itself is replaced.
    std::filesystem::remove_all(f.dir / "real");
    std::filesystem::create_directory(f.dir / "real");
    write(f.dir / "real/servers", "127.0.0.1:6\t3\n");
    REQUIRE(f.told.wait_for_changes(before + 2));
    CHECK(f.list() == "127.0.0.1:6/3 ");
}

TEST_CASE("what cannot be followed is told at once") {
    following f;
    const auto missing = kmc::server_file::follow(f.mc, f.file);
    REQUIRE_FALSE(missing);
    CHECK_THAT(missing.error().message(), Catch::Contains(f.file));
    write(f.file, "127.0.0.1:1\t3\n");
    const auto never = kmc::server_file::follow(f.mc, f.file, {.period = 0s});
    REQUIRE_FALSE(never);
    CHECK(f.list() == "127.0.0.1:1/1 ");
}
