#include "exit_code.hpp"

namespace kmc::cli {

void tally::fail(const error& why, std::size_t times) noexcept {
    errors_ += times;
    if (why == errc::bad_key || why == errc::too_large) bad_input_ += times;
    if (why.at == stage::answered) refused_ = true;
}

exit_code tally::verdict() const noexcept {
    if (errors_ == 0) return misses_ == 0 ? exit_code::ok : exit_code::miss;
    const bool served = hits_ + misses_ != 0;
    if (errors_ == bad_input_ && !served) return exit_code::usage;
    return served || refused_ ? exit_code::partial : exit_code::unreachable;
}

}  // namespace kmc::cli
