// SPDX-License-Identifier: Apache-2.0
/// Finds the added tokens of a tokenizer.json in texts.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// A part of a text, or the token that stands there.
struct TokenOrText {
  std::string_view text;
  std::optional<std::int32_t> token;
};

/// Any number of threads may use one list.
class AddedTokens {
 public:
  void add(const AddedToken& token) {
    if (!token.content.empty()) tokens_[first_byte(token.content)].push_back(token);
  }

  /// To be called after the last add().
  void sort();

  /// The text in order, with the tokens found in it: the leftmost, and of those that begin alike
  /// the longest. No part is empty.
  std::vector<TokenOrText> split(std::string_view text) const;

 private:
  static std::size_t first_byte(std::string_view text) {
    return static_cast<unsigned char>(text.front());
  }

  std::array<std::vector<AddedToken>, 256> tokens_;  ///< by first byte, the longest first
};

}  // namespace weft::host
