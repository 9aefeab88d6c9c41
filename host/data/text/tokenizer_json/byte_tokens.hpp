// SPDX-License-Identifier: Apache-2.0
/// Tokens <0x00> to <0xFF>, which stand for the bytes of what a vocabulary does not have.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// The byte that "<0x0A>" stands for; nothing for another token.
std::optional<unsigned char> byte_of_token(std::string_view token);

class ByteTokens {
 public:
  /// None.
  ByteTokens() { ids_.fill(k_none); }
  /// Those among the tokens, by id.
  explicit ByteTokens(const std::vector<std::string>& tokens);

  /// Appends the tokens of the text's bytes, if there is one for each.
  bool add(std::string_view text, std::vector<std::int32_t>& ids) const;

 private:
  static constexpr std::int32_t k_none = -1;
  std::array<std::int32_t, 256> ids_{};
};

}  // namespace weft::host
