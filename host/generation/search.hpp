// SPDX-License-Identifier: Apache-2.0
/// How texts are found when all that is known of a model is the logits of the next token.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/base/field_spec.hpp"
#include "host/generation/processors.hpp"
#include "host/recipe/generation_plan.hpp"

namespace weft::host {

/// One text.
struct Sequence {
  Tokens tokens;  ///< the begin token, the prompt and what was written, with the end token
  /// Of what was written, by the model's softmax after constrain(): neither temperature nor what
  /// else changes how tokens are drawn.
  double log_probability = 0;
  double score = 0;  ///< log_probability / length^length_penalty, the length of what was written
  std::int64_t written = 0;  ///< tokens behind the prompt
  bool has_ended = false;
  std::string text = {};  ///< decoded, without what stops it
};

/// The logits [N, V] float32 of the token that follows each of N texts.
/// @param rows  for each text the row of the batch that it is of
using NextLogits =
    std::function<Array(const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows)>;

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
};

/// By row, the best first: num_return_sequences each.
using Written = std::vector<std::vector<Sequence>>;

/// What the plan's strategy finds.
Written find_texts(const Search& search);

/// y_t = argmax P(y_t | y_<t).
Written find_greedily(const Search& search);

/// The num_beams texts of the highest log probability are followed; a row is done when no text
/// under way can have a higher score than the num_beams that have ended.
Written find_by_beams(const Search& search);

/// max(best_of, num_return_sequences) texts are drawn, those with the highest scores returned. A
/// text's random numbers follow from the seed, the row's number and the text's.
Written find_by_sampling(const Search& search);

// What strategies share.

/// Appends a token. A text ends with the end token, a stop text or at max_length.
void append(const Search& search, std::size_t row, std::int64_t token, double log_probability,
            Sequence& sequence);

/// The prompt of a row as a text under way.
Sequence begun(const Search& search, std::size_t row);

/// log P / length^length_penalty.
double score_of(const GenerationPlan& plan, double log_probability, std::int64_t written);

/// The text without stop text, and the score.
void finish(const Search& search, std::size_t row, Sequence& sequence);

/// Logits of some texts after constrain(), one after the other.
class NextTokens {
 public:
  NextTokens(const Search& search, const std::vector<Sequence>& sequences,
             const std::vector<std::size_t>& rows);
  std::span<float> of(std::size_t sequence);

 private:
  Array logits_;
};

}  // namespace weft::host
