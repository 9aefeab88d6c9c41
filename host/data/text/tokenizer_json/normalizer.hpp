// SPDX-License-Identifier: Apache-2.0
/// What is done to a text before it is split: the `normalizer` of a tokenizer.json.

#pragma once

#include <string>
#include <vector>

#include "host/data/text/tokenizer_json/precompiled_rules.hpp"
#include "host/data/text/tokenizer_json/text_pattern.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

/// Any number of threads may use one normaliser.
class Normaliser {
 public:
  /// @param name  how a message begins
  /// @throws Error (bad_data) for an expression that cannot be used
  Normaliser(const std::vector<NormaliserStep>& steps, const std::string& name);

  bool is_empty() const { return steps_.empty(); }

  /// @param text  well-formed
  /// @throws Error (bad_data) when an expression takes too long, or the text becomes longer than
  ///         16 MiB
  std::string apply(std::string text) const;

 private:
  struct Step {
    NormaliserStep options;
    std::vector<TextPattern> pattern;     ///< one for `replace`, else none
    std::vector<PrecompiledRules> rules;  ///< one for `precompiled`, else none
  };
  std::vector<Step> steps_;
  std::string name_;
};

}  // namespace weft::host
