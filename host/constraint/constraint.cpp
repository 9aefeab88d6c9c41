// SPDX-License-Identifier: Apache-2.0
#include "host/constraint/constraint.hpp"

#include <xgrammar/compiler.h>
#include <xgrammar/matcher.h>
#include <xgrammar/tokenizer_info.h>

#include <cassert>
#include <limits>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/constraint/grammar.hpp"

namespace weft::host {
namespace {

/// A bit for each id: whether it may come.
using Allowed = std::vector<std::int32_t>;

bool is_allowed(const Allowed& bits, std::size_t id) {
  return (static_cast<std::uint32_t>(bits[id / 32]) >> (id % 32) & 1U) != 0;
}

void set_allowed(Allowed& bits, std::size_t id, bool value) {
  auto word = static_cast<std::uint32_t>(bits[id / 32]);
  const std::uint32_t bit = 1U << (id % 32);
  word = value ? word | bit : word & ~bit;
  bits[id / 32] = static_cast<std::int32_t>(word);
}

Allowed allowed_by(xgrammar::GrammarMatcher& matcher, std::size_t vocabulary) {
  Allowed bits(static_cast<std::size_t>(xgrammar::GetBitmaskSize(static_cast<int>(vocabulary))));
  std::int64_t size = std::ssize(bits);
  DLTensor view{};
  view.data = bits.data();
  view.device = {kDLCPU, 0};
  view.ndim = 1;
  view.dtype = xgrammar::GetBitmaskDLType();
  view.shape = &size;
  matcher.FillNextTokenBitmask(&view);
  return bits;
}

xgrammar::CompiledGrammar compiled(const xgrammar::Grammar& grammar,
                                   const std::vector<std::string>& texts, std::int64_t end_id) {
  const xgrammar::TokenizerInfo tokens(
      texts, xgrammar::VocabType::RAW, std::nullopt,
      std::vector<std::int32_t>{static_cast<std::int32_t>(end_id)});
  // One thread: rows and evaluations have the others, and the result does not depend on it.
  return xgrammar::GrammarCompiler(tokens, /*max_threads=*/1, /*cache_enabled=*/false)
      .CompileGrammar(grammar);
}

}  // namespace

struct Constraint::Compiled {
  TokenTexts tokens;
  std::int64_t end_id;
  xgrammar::CompiledGrammar grammar;  ///< for tokens behind others
  bool has_first = false;  ///< whether a token can write something else at the beginning of a text
  Allowed first;           ///< what may come there
};

struct ConstrainedText::State {
  std::shared_ptr<const Constraint::Compiled> compiled;
  // Asking it what may follow changes what it keeps for itself.
  mutable xgrammar::GrammarMatcher matcher;
  bool is_at_beginning;
  bool has_silent = false;  ///< whether the text begins with a token that wrote nothing

  State fork() const { return {compiled, matcher.Fork(), is_at_beginning, has_silent}; }
};

namespace {

/// Whether the id writes something behind other tokens, but nothing at the beginning of a text.
bool is_silent_first(const TokenTexts& tokens, std::size_t id) {
  return tokens.first[id].empty() && !tokens.behind[id].empty();
}

}  // namespace

Constraint::Constraint(const ConstraintPlan& plan, const TokenTexts& tokens, std::int64_t end_id) {
  if (end_id < 0 || end_id >= std::ssize(tokens.behind))
    throw Error(Exit::bad_recipe,
                concat("a text that is constrained must be able to end, but the "
                       "end id ",
                       end_id, " is none of the tokenizer's ", tokens.behind.size(), " ids."));
  const xgrammar::Grammar grammar = grammar_of(plan);
  Compiled all{tokens, end_id, compiled(grammar, tokens.behind, end_id), false, {}};
  if (tokens.first != tokens.behind) {
    all.has_first = true;
    xgrammar::GrammarMatcher matcher(compiled(grammar, tokens.first, end_id));
    all.first = allowed_by(matcher, tokens.first.size());
    for (std::size_t id = 0; id < tokens.first.size(); ++id)
      if (is_silent_first(tokens, id)) set_allowed(all.first, id, true);
  }
  compiled_ = std::make_shared<const Compiled>(std::move(all));
}

ConstrainedText Constraint::begin(bool behind_prompt) const {
  return ConstrainedText(std::make_shared<ConstrainedText::State>(
      ConstrainedText::State{compiled_, xgrammar::GrammarMatcher(compiled_->grammar),
                             compiled_->has_first && !behind_prompt, false}));
}

ConstrainedText::ConstrainedText(std::shared_ptr<State> state) : state_(std::move(state)) {}

void ConstrainedText::mask(std::span<float> logits) const {
  const TokenTexts& tokens = state_->compiled->tokens;
  const std::size_t vocabulary = tokens.behind.size();
  Allowed bits =
      state_->is_at_beginning ? state_->compiled->first : allowed_by(state_->matcher, vocabulary);
  // One such token, as tokenizers write it: any number of them would be the same text.
  if (state_->is_at_beginning && state_->has_silent)
    for (std::size_t id = 0; id < vocabulary; ++id)
      if (is_silent_first(tokens, id)) set_allowed(bits, id, false);
  for (std::size_t id = 0; id < logits.size(); ++id)
    if (id >= vocabulary || !is_allowed(bits, id))
      logits[id] = -std::numeric_limits<float>::infinity();
}

void ConstrainedText::append(std::int64_t token) {
  if (state_.use_count() > 1) state_ = std::make_shared<State>(state_->fork());
  const TokenTexts& tokens = state_->compiled->tokens;
  const auto id = static_cast<std::size_t>(token);
  [[maybe_unused]] bool is_accepted = true;
  if (!state_->is_at_beginning) {
    is_accepted = state_->matcher.AcceptToken(static_cast<std::int32_t>(token));
  } else if (is_silent_first(tokens, id)) {
    state_->has_silent = true;
    state_->is_at_beginning = tokens.is_first_behind_nothing;
  } else {
    is_accepted = state_->matcher.AcceptString(tokens.first[id]);
    state_->is_at_beginning = false;
  }
  assert(is_accepted);
}

bool ConstrainedText::may_end() const {
  return state_->matcher.IsCompleted();
}

}  // namespace weft::host
