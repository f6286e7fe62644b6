// kmc as one more driver of a harness that compares clients: reads the harness's command line, runs
// one workload on one reactor and prints one line of JSON.
//
//   kmc_drv --servers H:P,unix:/PATH --workload get|mget|set|mset [--batch N] [--inflight N]
//           [--value BYTES] [--keys N] [--key-bytes N] [--seconds S] [--warmup S] [--seed N]
//           [--verify 0|1] [--variant backend=epoll|io_uring]
//
// Every server is expected to have every key.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include <kmc/kmc.hpp>

#include "load/closed_loop.hpp"

// There when the harness counts allocations.
extern "C" [[gnu::weak]] unsigned long long bench_alloc_count();

namespace {

using namespace kmc::load;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "kmc_drv: %s\n", why.c_str());
    std::exit(2);
}

struct arguments {
    std::map<std::string, std::string> words = {
        {"--servers", ""},   {"--workload", "get"}, {"--batch", "100"},    {"--inflight", "1"},
        {"--value", "100"},  {"--keys", "100000"},  {"--key-bytes", "32"}, {"--seconds", "2"},
        {"--warmup", "0.3"}, {"--seed", "1"},       {"--verify", "0"},     {"--variant", ""}};

    arguments(int count, char** given) {
        for (int i = 1; i < count; i += 2) {
            const auto known = words.find(given[i]);
            if (known == words.end()) give_up(std::string("unknown option ") + given[i]);
            if (i + 1 == count) give_up(std::string("no value behind ") + given[i]);
            known->second = given[i + 1];
        }
    }
    [[nodiscard]] const std::string& text(const std::string& name) const { return words.at(name); }
    [[nodiscard]] double number(const std::string& name) const {
        try {
            return std::stod(text(name));
        } catch (const std::exception&) {
            give_up(name + " wants a number");
        }
    }
    [[nodiscard]] std::size_t count(const std::string& name) const {
        return static_cast<std::size_t>(number(name));
    }
    // The word behind `name=` in --variant, or "".
    [[nodiscard]] std::string variant(const std::string& name) const {
        const std::string all = "," + text("--variant") + ",";
        const auto at = all.find("," + name + "=");
        if (at == std::string::npos) return "";
        const auto begin = at + name.size() + 2;
        return all.substr(begin, all.find(',', begin) - begin);
    }
};

workload workload_of(const std::string& name) {
    if (name == "get") return workload::get;
    if (name == "mget") return workload::get_many;
    if (name == "set") return workload::set;
    if (name == "mset") return workload::set_many;
    give_up("no workload " + name);
}

// The harness writes unix:/path.
std::string servers_of(std::string list) {
    for (std::size_t at = 0; (at = list.find("unix:", at)) != std::string::npos;) list.erase(at, 5);
    return list;
}

void print(const arguments& args, const figures& f, std::size_t servers) {
    const long long allocations =
        bench_alloc_count == nullptr ? -1 : static_cast<long long>(f.counted);
    const double cpu = f.used.cpu_seconds();
    const auto per = [](double value, std::uint64_t count) {
        return count == 0 ? 0 : value / static_cast<double>(count);
    };
    std::printf(
        "{\"driver\":\"kmc\",\"variant\":\"%s\",\"workload\":\"%s\",\"servers\":%zu,\"batch\":%zu,"
        "\"inflight\":%zu,\"value\":%zu,\"seconds\":%.6f,\"ops\":%llu,\"keys\":%llu,\"hits\":%llu,"
        "\"misses\":%llu,\"errors\":%llu,\"user_s\":%.6f,\"sys_s\":%.6f,\"cpu_us_per_op\":%.4f,"
        "\"cpu_ns_per_key\":%.2f,\"keys_per_s\":%.0f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
        "\"max_us\":%.1f,\"nvcsw\":%lld,\"nivcsw\":%lld,\"enters\":-1,\"allocs\":%lld,"
        "\"server_cpu_s\":0,\"foreign_cpu_s\":0}\n",
        args.text("--variant").c_str(), args.text("--workload").c_str(), servers,
        args.count("--batch"), args.count("--inflight"), args.count("--value"), f.used.seconds,
        static_cast<unsigned long long>(f.calls), static_cast<unsigned long long>(f.keys),
        static_cast<unsigned long long>(f.hits), static_cast<unsigned long long>(f.misses),
        static_cast<unsigned long long>(f.all_errors()), f.used.user_seconds, f.used.system_seconds,
        per(cpu * 1e6, f.calls), per(cpu * 1e9, f.keys),
        static_cast<double>(f.keys) / f.used.seconds, f.times.quantile(0.5) / 1e3,
        f.times.quantile(0.99) / 1e3, static_cast<double>(f.times.max()) / 1e3,
        static_cast<long long>(f.used.slept), static_cast<long long>(f.used.displaced),
        allocations);
}

}  // namespace

int main(int argc, char** argv) {
    const arguments args(argc, argv);
    const auto servers = kmc::server_list::parse(servers_of(args.text("--servers")));
    if (!servers) give_up(servers.error().message());

    kmc::runtime_options runtime_options{.threads = 1};
    const std::string backend = args.variant("backend");
    if (backend == "epoll") runtime_options.backend = kmc::backend::epoll;
    if (backend == "io_uring") runtime_options.backend = kmc::backend::io_uring;
    runtime_options.require = !backend.empty();
    auto rt = kmc::runtime::open(runtime_options);
    if (!rt) give_up(rt.error().message());

    kmc::client_options options;
    options.ring = kmc::ring::libketama;
    // A machine that measures may be slow to answer.
    options.call_timeout = options.batch_timeout = std::chrono::seconds(5);
    auto mc = kmc::client::open(rt.value(), servers.value(), options);
    if (!mc) give_up(mc.error().message());

    const plan p{.what = workload_of(args.text("--workload")),
                 .batch = args.count("--batch"),
                 .in_flight = args.count("--inflight"),
                 .warm_up = std::chrono::duration<double>(args.number("--warmup")),
                 .time = std::chrono::duration<double>(args.number("--seconds")),
                 .seed = args.count("--seed"),
                 .verify = args.number("--verify") != 0,
                 .counter = bench_alloc_count};
    const data_set data(args.count("--keys"), args.count("--key-bytes"), args.count("--value"));
    const figures f = run_closed_loop(rt.value(), mc.value(), data, p);
    print(args, f, servers.value().servers().size());
    return f.all_errors() == 0 ? 0 : 1;
}
