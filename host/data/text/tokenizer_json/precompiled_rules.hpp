// SPDX-License-Identifier: Apache-2.0
/// SentencePiece's compiled normalisation rules (`precompiled_charsmap`) as Hugging Face's
/// tokenizers apply them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// A trie over bytes, a double array as Darts-clone 0.32 builds it, leads to replacements. Any
/// number of threads may use one.
class PrecompiledRules {
 public:
  /// @param bytes  for which are_rules() holds: the table, and replacements that each end with a
  ///               zero byte
  explicit PrecompiledRules(std::string_view bytes);

  /// Replaces each grapheme below six bytes of which the rules know a beginning as a whole, and of
  /// others each such character.
  /// @param text  well-formed
  std::string apply(const std::string& text) const;

 private:
  /// What replaces a text whose beginning the rules know: that of the shortest beginning.
  std::optional<std::string_view> replacement(std::string_view text) const;
  void add_replaced(std::string_view grapheme, std::string& result) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace weft::host
