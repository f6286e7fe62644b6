// kmc on the command line: reads the arguments, runs the one command they name, and turns its
// outcome into an exit code. What the commands do stands in their own files.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <kmc/version.hpp>

#include "arguments.hpp"
#include "commands.hpp"
#include "output.hpp"

namespace {

using kmc::cli::exit_code;

constexpr const char* footer = R"(Which servers:
  --servers or --servers-file (one of them); without either, the environment variable
  KMC_SERVERS, written as --servers is. The order matters, and so does the way a server is
  written: rings hash its text.

Exit codes:
  0  everything answered, everything was there and was done
  1  miss: everything answered, something was not there, or was there and was not to be: add,
     cas and cp --no-clobber that came too late
  2  usage: bad arguments, server list, file, ring or key, or a value over the size limit
  3  partial: something answered, but not everything that was asked, or with a refusal
  4  unreachable: nothing answered

Results go to standard output; every miss and error is one line on standard error, or, with
--json, an entry of the document. Bytes that are not UTF-8 stand in the document in base64: "key"
becomes "key_base64", "value" becomes "value_base64". Numbers of 64 bits, "cas" and the like, are
text in it, because many readers round them.

A key or value that begins with a dash goes behind "--": kmc get -- -key)";

// CLI11 says what is missing even where there is something instead that it does not know.
std::string reason_of(const CLI::ParseError& wrong, const CLI::App& app) {
    const auto unknown = app.remaining(true);
    if (dynamic_cast<const CLI::RequiredError*>(&wrong) == nullptr || unknown.empty()) {
        return wrong.what();
    }
    std::string reason =
        unknown.front().starts_with('-') ? "there is no flag " : "there is no command ";
    return reason.append(kmc::cli::shown(unknown.front()));
}

int run(int argc, char** argv) {
    CLI::App app("Talks to a memcached cluster.", "kmc");
    app.footer(footer);
    app.set_version_flag("--version", KMC_VERSION);
    app.require_subcommand(1);

    std::vector<kmc::cli::command> commands;
    kmc::cli::add_get(app, commands);
    kmc::cli::add_cat(app, commands);
    kmc::cli::add_gat(app, commands);
    kmc::cli::add_exists(app, commands);
    kmc::cli::add_set(app, commands);
    kmc::cli::add_add(app, commands);
    kmc::cli::add_replace(app, commands);
    kmc::cli::add_append(app, commands);
    kmc::cli::add_prepend(app, commands);
    kmc::cli::add_cas(app, commands);
    kmc::cli::add_cp(app, commands);
    kmc::cli::add_del(app, commands);
    kmc::cli::add_touch(app, commands);
    kmc::cli::add_incr(app, commands);
    kmc::cli::add_decr(app, commands);
    kmc::cli::add_version(app, commands);
    kmc::cli::add_ping(app, commands);
    kmc::cli::add_stats(app, commands);
    kmc::cli::add_flush(app, commands);
    kmc::cli::add_ring(app, commands);
    kmc::cli::add_config(app, commands);
    kmc::cli::add_chaos(app, commands);
    kmc::cli::add_bench(app, commands);
    kmc::cli::add_sim(app, commands);

    try {
        app.parse(kmc::cli::shielded_arguments(argc, argv));
    } catch (const CLI::ParseError& wrong) {
        if (wrong.get_exit_code() == 0) return app.exit(wrong);  // --help, --version
        kmc::cli::complain(kmc::cli::without_shields(reason_of(wrong, app)));
        return static_cast<int>(exit_code::usage);
    }

    exit_code outcome = exit_code::usage;
    for (const auto& c : commands) {
        if (c.subcommand->parsed()) outcome = c.run();
    }
    return static_cast<int>(kmc::cli::flush_output() ? outcome : exit_code::usage);
}

// A descriptor that is closed would be given to a socket next, and our messages with it.
void keep_standard_descriptors() {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    keep_standard_descriptors();
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        // Out of memory, or out of threads: kmc reports everything else as a value.
        kmc::cli::complain(e.what());
        return static_cast<int>(exit_code::usage);
    }
}
