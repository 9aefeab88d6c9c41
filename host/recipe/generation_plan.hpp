// SPDX-License-Identifier: Apache-2.0
/// What a decoder writes and how: one entry of `evaluate.generate`.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/recipe/value.hpp"

namespace weft::host {

/// The names are those of Hugging Face's GenerationConfig, and so is what they mean.
/// Lengths are in tokens, the begin token and a prompt included.
struct GenerationPlan {
  enum class Strategy {
    greedy,  ///< the most probable token each time
    beam,    ///< the num_beams texts with the highest scores are followed
    sample,  ///< each token is drawn
  };
  std::string node;  ///< a decoder
  Strategy strategy = Strategy::greedy;
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
  bool use_cache = true;  ///< a decoder that can computes new tokens only; else all, for each
  Place place = {};
};

}  // namespace weft::host
