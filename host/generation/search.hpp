// SPDX-License-Identifier: Apache-2.0
/// How texts are found when all that is known of a model is the logits of the next token.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/base/field_spec.hpp"
#include "host/constraint/constraint.hpp"
#include "host/generation/processors.hpp"
#include "host/recipe/generation_plan.hpp"

namespace weft::host {

/// One text.
struct Sequence {
  Tokens tokens;  ///< the begin token, the prompt and what was written, with the end token
  /// Of what was written, by the model's softmax after constrain() and the constraint: neither
  /// temperature nor what else changes how tokens are drawn.
  double log_probability = 0;
  double score = 0;  ///< log_probability / length^length_penalty, the length of what was written
  std::int64_t written = 0;  ///< tokens behind the prompt
  bool has_ended = false;
  std::string text = {};                            ///< decoded, without what stops it
  std::optional<ConstrainedText> constrained = {};  ///< what of it was written
  /// Whether it is what its constraint says; not where max_length cut it off, or no token was left.
  bool is_complete = true;
};

/// The logits [N, V] float32 of the token that follows each of N texts.
/// @param rows  for each text the row of the batch that it is of
using NextLogits =
    std::function<Array(const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows)>;

/// The logits [N, n, V] float32 at the last n tokens of each of N texts; a text of fewer tokens has
/// none before its first.
using LastLogits = std::function<Array(const std::vector<Tokens>& texts,
                                       const std::vector<std::size_t>& rows, std::int64_t n)>;

/// Those of the last token alone.
NextLogits next_of(LastLogits logits);

struct Search {
  const GenerationPlan& plan;
  SpecialIds ids;
  NextLogits next;
  std::vector<Tokens> prompts;  ///< of each row; they begin with the begin token
  std::uint64_t first_row = 0;  ///< number of the first row: what is drawn follows from the row's
  /// Tokens as text; null where nothing decodes them.
  std::function<std::string(const Tokens&)> decode = {};
  /// Is told all texts after each token, row after row; not of strategy beam, whose texts change.
  std::function<void(const std::vector<Sequence>&)> watch = {};
  const Constraint* constraint = nullptr;  ///< null: texts are free
  NextLogits draft = {};                   ///< of a decoder that writes ahead; null: none does
  LastLogits judge = {};                   ///< those of `next` at several tokens, where one does
};

/// By row, the best first: num_return_sequences each.
using Written = std::vector<std::vector<Sequence>>;

/// What the plan's strategy finds.
Written find_texts(const Search& search);

/// What strategy greedy or sample would find, or would find as often, by judging many
/// tokens of a draft in one call (Leviathan et al. 2023, arXiv:2211.17192).
Written find_with_draft(const Search& search);

// What strategies share.

/// Appends a token. A text ends with the end token, a stop text or at max_length.
void append(const Search& search, std::size_t row, std::int64_t token, double log_probability,
            Sequence& sequence);

/// The prompt of a row as a text under way.
Sequence begun(const Search& search, std::size_t row);

/// log P / length^length_penalty.
double score_of(const GenerationPlan& plan, double log_probability, std::int64_t written);

/// The text without stop text, the score, and whether the text is complete.
void finish(const Search& search, std::size_t row, Sequence& sequence);

/// Whether a finished text stands before another: complete ones do, then the score decides.
bool is_better(const Sequence& a, const Sequence& b);

/// constrain() and the text's constraint.
void constrain_next(const Search& search, const Sequence& sequence, std::span<float> logits);

/// With which probability the strategy takes each token: 1 the most probable one, or as warp() says
/// where it draws. A token is left; the logits are changed.
std::vector<double> next_distribution(const GenerationPlan& plan, std::span<float> logits);

/// Logits of some texts after constrain_next(), one after the other.
class NextTokens {
 public:
  NextTokens(const Search& search, const std::vector<Sequence>& sequences,
             const std::vector<std::size_t>& rows);
  std::span<float> of(std::size_t sequence);

 private:
  Array logits_;
};

}  // namespace weft::host
