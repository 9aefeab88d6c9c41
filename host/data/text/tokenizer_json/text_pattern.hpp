// SPDX-License-Identifier: Apache-2.0
/// Patterns of a tokenizer.json, matched by ICU.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// A part of a text: from `begin` to before `end`, in bytes.
struct TextPart {
  std::size_t begin = 0, end = 0;
  bool is_match = false;
};

/// Any number of threads may use one pattern.
class TextPattern {
 public:
  /// @param name  how a message begins: `The tokenizer a.json`
  /// @throws Error (bad_data) for an expression that ICU cannot read, or reads otherwise than
  ///         Oniguruma does
  TextPattern(const PatternOptions& options, const std::string& name);

  /// The matches and what lies between them, in order; nothing between is left out if empty.
  /// @throws Error (bad_data) when an expression takes too long on this text
  std::vector<TextPart> parts(std::string_view text) const;

  /// The text with `content` in place of each match. Nothing is added once the result has more than
  /// `most` bytes.
  /// @throws Error (bad_data) as parts() does
  std::string replaced(std::string_view text, std::string_view content,
                       std::size_t most = SIZE_MAX) const;

 private:
  class Expression;
  std::string text_;
  std::string name_;
  std::shared_ptr<const Expression> expression_;  ///< null: the text as it stands
};

}  // namespace weft::host
