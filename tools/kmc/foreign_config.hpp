// Files in which other clients keep their settings, taken apart into names and values: JSON, YAML
// and libmemcached's string. What the names mean is kmc/translate.hpp's to know.

#pragma once

#include <optional>
#include <string>

#include <kmc/result.hpp>
#include <kmc/translate.hpp>

namespace kmc::cli {

struct foreign_config {
    std::string dialect;  // pylibmc, php-memcached, libmemcached, twemproxy, libketama
    std::string file;     // for messages
    std::string content;
    std::optional<std::string> servers;  // where the content has none
    std::optional<std::string> pool;     // of twemproxy's file
};

[[nodiscard]] config_result<translation> translate(const foreign_config& from);

}  // namespace kmc::cli
