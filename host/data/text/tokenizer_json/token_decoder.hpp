// SPDX-License-Identifier: Apache-2.0
/// How tokens become a text: the `decoder` of a tokenizer.json that has steps.

#pragma once

#include <string>
#include <vector>

#include "host/data/text/tokenizer_json/text_pattern.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Any number of threads may use one decoder.
class TokenDecoder {
 public:
  /// @param name  how a message begins
  /// @throws Error (bad_data) for an expression that cannot be used
  TokenDecoder(const std::vector<DecoderStep>& steps, const std::string& name);

  std::string text(std::vector<std::string> tokens) const;

  /// The bytes that the token adds to a text, where it is the first or behind others. Together
  /// those of several tokens are their text(), but for characters that bytes do not make and for
  /// what is stripped at the end.
  std::string bytes_of(const std::string& token, bool is_first) const;

 private:
  struct Step {
    DecoderStep options;
    std::vector<TextPattern> pattern;  ///< one for `replace`, else none
  };
  std::vector<Step> steps_;
};

}  // namespace weft::host
