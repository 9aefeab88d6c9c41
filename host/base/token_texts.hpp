// SPDX-License-Identifier: Apache-2.0
/// What each token of a tokenizer writes, in bytes.

#pragma once

#include <string>
#include <vector>

namespace weft::host {

/// By id. A token that writes nothing in a place has an empty text there: one of the special
/// tokens, or a space that tokenizers put before a text and take back.
struct TokenTexts {
  std::vector<std::string> first;   ///< at the beginning of a text
  std::vector<std::string> behind;  ///< behind other tokens
  /// Whether what follows a token that wrote nothing still stands at the beginning of the text.
  bool is_first_behind_nothing = false;
};

}  // namespace weft::host
