// SPDX-License-Identifier: Apache-2.0
/// What a decoder writes and how: one entry of `evaluate.generate`.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/recipe/value.hpp"

namespace weft::host {

/// What a text must be: what decoders write behind a prompt, end token aside.
struct ConstraintPlan {
  enum class Kind { none, regex, json_schema, grammar, choices };
  Kind kind = Kind::none;
  std::string text;  ///< a regular expression, a JSON schema as JSON, or a grammar in EBNF
  std::vector<std::string> choices;
};

/// The key of a recipe that gives a constraint of this kind; "" for none.
const char* name_of(ConstraintPlan::Kind kind);

/// A decoder that writes ahead what another then judges.
struct DraftPlan {
  std::string node;         ///< another decoder, or a view's: "small:answer"; empty: none
  std::int64_t tokens = 4;  ///< at a time
};

/// An output of the graph that gives a decoder's logits in its place.
struct LogitsPlan {
  std::string node;  ///< which follows from the decoder; empty: the decoder's own
  std::string port;  ///< empty: the node's first output
};

/// The names are those of Hugging Face's GenerationConfig, and so is what they mean.
/// Lengths are in tokens, the begin token and a prompt included.
struct GenerationPlan {
  std::string node;                 ///< a decoder
  std::string strategy = "greedy";  ///< a row of host/generation/search.cpp
  std::int64_t max_length = 0;
  std::int64_t min_length = 0;  ///< a shorter text does not end
  std::int64_t num_beams = 4;
  double length_penalty = 1;  ///< α of a text's score log P / length^α, the end token included
  double temperature = 1;
  std::int64_t top_k = 0;  ///< 0: all
  double top_p = 1;
  double min_p = 0;
  double repetition_penalty = 1;
  std::int64_t no_repeat_ngram_size = 0;  ///< 0: any may come again
  std::int64_t num_return_sequences = 1;  ///< texts of each example, the best first
  std::int64_t best_of = 1;               ///< texts that are drawn, of which the best are returned
  std::vector<std::string> stop;          ///< texts that end a text and are no part of it
  std::uint64_t seed = 0;                 ///< of what is drawn
  ConstraintPlan constrain;
  DraftPlan draft;
  LogitsPlan logits;
  bool use_cache = true;  ///< a decoder that can computes new tokens only; else all, for each
  Place place = {};
};

}  // namespace weft::host
