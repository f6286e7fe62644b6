// The binary protocol behind the codec seam. encode.cpp writes requests, decode.cpp judges replies,
// text_lines.cpp knows what servers say in text where a binary reply was due.

#pragma once

#include "protocol/codec.hpp"

namespace kmc::detail {

class binary final : public codec {
public:
    [[nodiscard]] std::size_t encoded_size(const request&, loudness) const noexcept override;
    void encode(const request&, std::uint32_t sequence, loudness, outbox& out) const override;
    [[nodiscard]] silence silence_of(command) const noexcept override;

    [[nodiscard]] parse_result parse_head(std::span<const std::byte> bytes) const noexcept override;
    [[nodiscard]] bool answers(const reply_head&, command, loudness) const noexcept override;
    [[nodiscard]] reply read_reply(
        const reply_head&, command,
        std::span<const std::byte> extras_and_key) const noexcept override;
    [[nodiscard]] std::uint64_t read_number(std::string_view value) const noexcept override;
};

}  // namespace kmc::detail
