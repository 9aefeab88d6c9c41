// SPDX-License-Identifier: Apache-2.0
/// A unigram language model (Kudo 2018, arXiv:1804.10959): of all ways to divide a word into tokens
/// the one whose log-probabilities have the highest sum (Viterbi).

#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/byte_tokens.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Any number of threads may use one model.
class Unigram {
 public:
  explicit Unigram(const SubwordOptions& options);

  /// Appends the ids of one word, which is well-formed and not empty. Neighbours that are unknown
  /// become one token, or the tokens of their bytes.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  static constexpr std::int32_t k_none = -1;
  static constexpr std::uint32_t k_nowhere = UINT32_MAX;

  /// The best way to an end of characters.
  struct Best {
    double score = 0;
    std::uint32_t begin = k_nowhere;  ///< of its last token
    std::int32_t id = k_none;
  };

  /// The state behind one more byte; k_nowhere where no token goes on so.
  std::uint32_t next(std::uint32_t state, char byte) const;
  std::int32_t id_of(std::string_view token) const;
  std::vector<Best> best_ways(std::string_view word) const;

  boost::unordered_flat_map<std::uint64_t, std::uint32_t> next_;  ///< by state and byte: a trie
  std::vector<std::int32_t> ids_;                                 ///< by state
  std::vector<double> scores_;
  ByteTokens fallback_;
  std::int32_t unknown_;
  double unknown_score_;
};

}  // namespace weft::host
