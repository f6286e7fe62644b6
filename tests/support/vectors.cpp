#include "support/vectors.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace kmc::testing {

namespace {

tsv_row split_at_tabs(std::string_view line) {
    tsv_row row;
    for (std::size_t start = 0; start <= line.size();) {
        const std::size_t end = std::min(line.find('\t', start), line.size());
        row.emplace_back(line.substr(start, end - start));
        start = end + 1;
    }
    return row;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw std::runtime_error("not a hex digit: " + std::string(1, c));
}

}  // namespace

std::vector<tsv_row> read_tsv(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());

    std::vector<tsv_row> rows;
    for (std::string line; std::getline(in, line);) rows.push_back(split_at_tabs(line));
    return rows;
}

std::string from_hex(std::string_view text) {
    if (text.size() % 2 != 0) throw std::runtime_error("hex text of odd length");
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes += static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
    }
    return bytes;
}

std::vector<std::filesystem::path> tsv_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".tsv") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace kmc::testing
