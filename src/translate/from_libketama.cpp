// A libketama file is a server list and a ring; what libketama misreads, the list's parser says.

#include <kmc/translate.hpp>

namespace kmc {

config_result<translation> from_libketama(std::string_view content, std::string_view name) {
    auto list = server_list::parse_ketama_file(content, name);
    if (!list) return list.error();
    translation out{.servers = std::move(list.value())};
    out.ring = ring::libketama;
    out.warnings.assign(out.servers.warnings().begin(), out.servers.warnings().end());
    return out;
}

}  // namespace kmc
