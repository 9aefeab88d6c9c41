// SPDX-License-Identifier: Apache-2.0
/// WordPiece (Schuster and Nakajima, 2012) as BERT uses it: from left to right the longest piece of
/// the vocabulary; a word that cannot be made of pieces is unknown as a whole.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/token_map.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Any number of threads may use one model.
class WordPiece {
 public:
  explicit WordPiece(const SubwordOptions& options);

  /// Appends the ids of one word, which is not empty.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  TokenMap first_, inner_;   ///< pieces that begin a word, and others without their prefix
  std::size_t longest_ = 0;  ///< bytes of the longest piece
  std::size_t longest_word_;
  std::int32_t unknown_;
};

}  // namespace weft::host
