// SPDX-License-Identifier: Apache-2.0
/// How a text is split into words before they become tokens: the `pre_tokenizer` of a
/// tokenizer.json.

#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/text/tokenizer_json/text_pattern.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Words as views of the text, or of what a step made of it.
struct Words {
  std::vector<std::string_view> words;
  std::deque<std::string> made;
};

/// Any number of threads may use one splitter.
class TextSplitter {
 public:
  /// @param name  how a message begins
  /// @throws Error (bad_data) for an expression that cannot be used
  TextSplitter(const std::vector<SplitStep>& steps, const std::string& name);

  /// @param text      well-formed; the views are of it
  /// @param is_first  nothing stands before it, as another text or an added token would
  /// @throws Error (bad_data) when an expression takes too long
  Words split(std::string_view text, bool is_first = true) const;

 private:
  struct Step {
    SplitStep options;
    std::vector<TextPattern> pattern;  ///< one for `split`, else none
  };
  /// Cuts a word as the step says, and adds what is left to `words`.
  static void add_parts(const Step& step, std::string_view word,
                        std::vector<std::string_view>& words);

  static std::string with_signs(const SplitStep& step, std::string word, bool is_first);

  std::vector<Step> steps_;
};

}  // namespace weft::host
