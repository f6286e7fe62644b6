// Keeps a client on the list of a file.

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <kmc/client.hpp>
#include <kmc/result.hpp>
#include <kmc/time.hpp>

namespace kmc {

struct server_file_options {
    /// Refuse a file with anything in it that libketama reads otherwise than it looks
    /// (server_list::warnings()).
    bool strict = false;
    /// The kernel tells when the file was written or replaced. Where it cannot (a network's file
    /// system, a folder that is not there yet), the file is looked at so often. Not zero.
    duration period = std::chrono::seconds(1);
};

/// While it lives, its client has the servers of a libketama file: when the file is written and
/// closed, or replaced by a rename, the new list is read and set. A file that cannot be used leaves
/// the list as it is, and the client's event hook is told (event_kind::servers_refused), once for
/// each change. Write another file and rename it over the old one: whoever reads half a file gets a
/// shorter list.
///
/// Owns a thread that waits for changes, reads the file and calls client::set_servers; and a handle
/// of the client, which therefore stays open. The runtime outlives it.
class server_file {
public:
    /// Reads the file and sets the list before it returns.
    /// @return  an error if the file cannot be used now, or cannot be watched.
    [[nodiscard]] static config_result<server_file> follow(client mc, std::string path,
                                                           const server_file_options& options = {});
    server_file(server_file&&) noexcept;
    server_file& operator=(server_file&&) noexcept;
    /// Stops following; the list stays as it is.
    ~server_file();

private:
    class follower;
    explicit server_file(std::unique_ptr<follower> self) noexcept;

    std::unique_ptr<follower> follower_;
};

}  // namespace kmc
