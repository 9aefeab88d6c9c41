// SPDX-License-Identifier: Apache-2.0
/// What a SentencePiece model must satisfy before the library sees it. The library 0.1.97 trusted
/// its models: a long piece overflowed the stack at loading, and a table of normalisation rules
/// whose entries point outside it was followed there at encoding.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

/// Walks the model's wire format (https://protobuf.dev/programming-guides/encoding) with the limits
/// above. Each part but the pieces may be there once, and trainer_spec and normalizer_spec are. Of
/// the normalisation rules
/// (`precompiled_charsmap`: 32-bit size, a double array as Darts-clone 0.32 builds it, replacements
/// that end in zero bytes) every unit's target block must lie inside the array and every value
/// inside the replacements, and the rules must form no circle.
/// @param name  how a message begins: `The tokenizer a.model`
/// @return how many pieces it has
/// @throws Error (bad_data): `NAME is not a SentencePiece model that is safe to load: REASON. …`
std::size_t vet_sentencepiece(std::string_view model, const std::string& name);

}  // namespace weft::host
