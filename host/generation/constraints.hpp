// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "host/constraint/constraint.hpp"

namespace weft::host {

/// The constraints of entries, each compiled when a text first needs it and kept for all batches.
class Constraints {
 public:
  /// @param tokens  what the tokens of a data section write; null where it has no tokenizer
  /// @param data    the section's name
  Constraints(std::function<TokenTexts()> tokens, std::string data)
      : tokens_(std::move(tokens)), data_(std::move(data)) {}

  /// Null where the entry has none.
  /// @param end_id  of the entry's decoder
  /// @throws Error (bad_recipe) where the tokenizer cannot say what tokens write
  const Constraint* of(const GenerationPlan& entry, std::int64_t end_id);

 private:
  std::function<TokenTexts()> tokens_;
  std::string data_;
  std::map<std::pair<std::string, std::int64_t>, Constraint> compiled_;  // by node and end id
};

}  // namespace weft::host
