// SPDX-License-Identifier: Apache-2.0
/// What text and class fields and the tokenizer say of themselves.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/section/section.hpp"
#include "host/data/text/shot_options.hpp"
#include "host/data/text/tokenizer_training.hpp"

namespace weft::host {

/// A text -> int64 [length] token ids, and a mask [length].
struct TextOptions {
  int length = 0;
  bool begin = false, end = false;  ///< whether the tokenizer's begin and end ids are put
  std::string prefix, suffix;       ///< stand before and behind every text
  ShotOptions shots;                ///< stand before these
};

/// A word out of a closed list, or a whole number out of a range -> int64 [] index into it.
struct ClassOptions {
  std::vector<std::string> classes;
  std::optional<std::int64_t> first;                         ///< of a range: its lowest number
  std::map<std::string, std::int64_t, std::less<>> indices;  ///< of a list: by class

  /// Blanks around a value do not count, nor do zeros before a number of a range.
  std::optional<std::int64_t> index_of(std::string_view value) const;
};

struct TokenizerOptions {
  std::string file;            ///< a model that is there, or empty
  TokenizerTraining training;  ///< or how it is trained
  std::vector<Source> texts;   ///< what it learns from then, in the training part
};

TextOptions text_options(const Section& section);
ClassOptions class_options(const Section& section);
TokenizerOptions tokenizer_options(const Section& section);

}  // namespace weft::host
