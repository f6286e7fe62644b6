#include "arguments.hpp"

#include <algorithm>
#include <string_view>

namespace kmc::cli {
namespace {

constexpr char shield = '\x01';

bool needs_shield(std::string_view argument) {
    if (argument.empty()) return false;
    return argument == "++" || argument.front() == '[' || argument.front() == shield;
}

}  // namespace

std::vector<std::string> shielded_arguments(int argc, char** argv) {
    std::vector<std::string> arguments;
    bool all_is_data = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (!all_is_data && argument == "--") {
            all_is_data = true;
            continue;
        }
        std::string& kept = arguments.emplace_back();
        if (all_is_data || needs_shield(argument)) kept += shield;
        kept += argument;
    }
    std::reverse(arguments.begin(), arguments.end());
    return arguments;
}

CLI::Option& read_as_bytes(CLI::Option& option) {
    option.transform(CLI::Validator(
        [](std::string& text) {
            if (!text.empty() && text.front() == shield) text.erase(0, 1);
            return std::string();
        },
        ""));
    return option;
}

std::string without_shields(std::string message) {
    std::erase(message, shield);
    return message;
}

}  // namespace kmc::cli
