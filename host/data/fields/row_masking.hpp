// SPDX-License-Identifier: Apache-2.0
/// What follows from one row of a batch whose fields are filled: what is hidden of it, and its
/// visual tokens.

#pragma once

#include <array>
#include <cstdint>

#include "host/data/batch/batch.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/image/visual_tokens.hpp"
#include "host/data/masking/masking.hpp"

namespace weft::host {

/// The origin of what is hidden of an example outside training: always the same for its key.
std::array<std::uint64_t, 3> still_origin(const std::string& key);

/// For every field with a mask, fills NAME_masked (and NAME_masked_bands), and of a text also
/// NAME_target with the ids, of which it then corrupts the hidden ones. With `joint_mask` the
/// fields that it names share their budget: positions are then patches, real frames and ordinary
/// tokens. Padding and modalities that a sample lacks are never hidden.
/// @param vocabulary  of the tokenizer; not read without masked texts
/// @param batch       with all fields of the row filled but those above; other rows may be worked
///                    on meanwhile
/// @param origin      what is drawn follows from it and the field's place in the section alone
void mask_row(const DataOptions& options, const MaskingVocabulary& vocabulary, Batch& batch,
              std::size_t row, const std::array<std::uint64_t, 3>& origin);

/// Fills NAME_tokens of the fields with visual tokens from their pictures as they stand in the
/// batch, augmented.
void tokenize_row(const DataOptions& options, const std::map<std::string, VisualTokens>& tokens,
                  Batch& batch, std::size_t row);

}  // namespace weft::host
