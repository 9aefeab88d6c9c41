// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <vector>

namespace weft::host {

/// What masking knows of a tokenizer.
struct MaskingVocabulary {
  std::int64_t mask_id = 0;
  std::vector<std::int64_t> ordinary;  ///< ids that are no special tokens, in ascending order
  std::vector<bool> starts_word;       ///< by id; may be empty without whole_word
};

}  // namespace weft::host
