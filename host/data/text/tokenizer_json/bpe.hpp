// SPDX-License-Identifier: Apache-2.0
/// Byte pair encoding (Sennrich et al., 2016), over bytes (GPT-2) or over characters: the
/// neighbours whose merge comes first in the list become one token, until no two can.

#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/byte_tokens.hpp"
#include "host/data/text/tokenizer_json/token_map.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Any number of threads may use one model.
class Bpe {
 public:
  explicit Bpe(const SubwordOptions& options);

  /// Appends the ids of one word, which is not empty. O(n log n) in its length.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  struct Merged {
    std::int32_t rank, id;
  };
  static constexpr std::int32_t k_none = -1;

  static std::uint64_t pair(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 |
           static_cast<std::uint32_t>(right);
  }
  void add_symbols(std::string_view word, std::vector<std::int32_t>& symbols) const;
  void merge(std::vector<std::int32_t>& symbols) const;

  boost::unordered_flat_map<std::uint64_t, Merged> merges_;
  TokenMap whole_;                           ///< words that are one token
  TokenMap symbols_;                         ///< characters, where bytes are not the symbols
  std::array<std::int32_t, 256> bytes_{};    ///< or bytes
  std::array<std::int32_t, 256> endings_{};  ///< bytes at the end of a word
  ByteTokens fallback_;                      ///< what unknown characters become
  std::string suffix_;
  bool byte_level_, fuse_unknown_;
  std::int32_t unknown_;
};

}  // namespace weft::host
