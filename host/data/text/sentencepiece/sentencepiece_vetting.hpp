// SPDX-License-Identifier: Apache-2.0
/// What a SentencePiece model must satisfy before the library sees it. The library 0.1.97 trusted
/// its models: a long piece overflowed the stack at loading, and a table of normalisation rules
/// whose entries point outside it was followed there at encoding.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/field_spec.hpp"

namespace weft::host {

/// Larger model files are not opened.
inline constexpr std::uintmax_t k_largest_tokenizer = std::uintmax_t{64} << 20;
/// Models with more pieces are refused.
inline constexpr std::size_t k_most_pieces = 1'000'000;
/// Longer pieces, rules and replacements are refused; in bytes.
inline constexpr std::size_t k_longest_piece = 512;
/// Longer chains of rules, or of user-defined pieces, each of which begins with the one before, are
/// refused: the library keeps the matches at one place of a text in an array of 32 or 64, and reads
/// as many as there are.
inline constexpr std::size_t k_most_matches = 32;

/// What the wire format says of a model that was vetted, as the library would after loading it.
struct SentencePieceSummary {
  std::size_t pieces = 0;
  SpecialIds special;  ///< begin and end are [CLS] and [SEP] where these are control pieces
  /// A text may be divided at a space between two ASCII letters or digits: no piece and no
  /// normalisation rule holds such a space together with the one before it, and the type is not
  /// unigram, whose scores of a whole text are added up in 32 bits.
  bool is_divisible = true;
};

/// Walks the model's wire format (https://protobuf.dev/programming-guides/encoding) with the limits
/// above. Each part but the pieces may be there once, and trainer_spec and normalizer_spec are. Of
/// the normalisation rules
/// (`precompiled_charsmap`: 32-bit size, a double array as Darts-clone 0.32 builds it, replacements
/// that end in zero bytes) every unit's target block must lie inside the array and every value
/// inside the replacements, and the rules must form no circle.
/// @param name  how a message begins: `The tokenizer a.model`
/// @throws Error (bad_data): `NAME is not a SentencePiece model that is safe to load: REASON. …`
SentencePieceSummary vet_sentencepiece(std::string_view model, const std::string& name);

}  // namespace weft::host
