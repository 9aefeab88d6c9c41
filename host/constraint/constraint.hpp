// SPDX-License-Identifier: Apache-2.0
/// Which tokens may follow so that a text is one that a grammar allows. Grammars are compiled and
/// texts followed by XGrammar (Dong et al. 2024, arXiv:2411.15100).

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "host/base/token_texts.hpp"
#include "host/recipe/generation_plan.hpp"

namespace weft::host {

/// What is wrong with a constraint, as a sentence; nothing if it can be used.
std::optional<std::string> constraint_problem(const ConstraintPlan& plan);

/// One text on its way. Copies go on by themselves.
class ConstrainedText {
 public:
  /// Writes -inf to the logits of tokens that may not come next. The end token may where the text
  /// may end.
  void mask(std::span<float> logits) const;

  /// REQUIRES: mask() allows the token, and it is not the end token.
  void append(std::int64_t token);

  /// Whether the text as it is now is one that the grammar allows.
  bool may_end() const;

 private:
  friend class Constraint;
  struct State;
  explicit ConstrainedText(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared by copies until one of them goes on
};

/// A constraint compiled for a vocabulary.
class Constraint {
 public:
  /// @param tokens  what each id writes; ids that write nothing, and those behind the last, never
  ///                come
  /// @param end_id  the token that ends a text
  /// @throws Error (bad_recipe) as constraint_problem() says
  Constraint(const ConstraintPlan& plan, const TokenTexts& tokens, std::int64_t end_id);

  /// A text that nothing was written of yet.
  /// @param behind_prompt  whether it goes on from other tokens
  ConstrainedText begin(bool behind_prompt) const;

 private:
  friend struct ConstrainedText::State;
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace weft::host
