// SPDX-License-Identifier: Apache-2.0
/// What changes the logits of the next token before one is chosen. A token that may not come has
/// the logit -inf. The names and their meaning are Hugging Face's (LogitsProcessor).

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/recipe/generation_plan.hpp"

namespace weft::host {

using Tokens = std::vector<std::int64_t>;

/// Divides the logits above 0 of tokens that were written by the penalty, and multiplies the others
/// (Keskar et al. 2019, arXiv:1909.05858).
void penalize_repetition(std::span<float> logits, const Tokens& written, double penalty);

/// Forbids each token that would write `size` tokens in a row a second time (Paulus et al. 2017,
/// arXiv:1705.04304).
void forbid_repeated_ngrams(std::span<float> logits, const Tokens& written, std::int64_t size);

/// Keeps the k largest; of equal ones those with the smallest ids.
void keep_top_k(std::span<float> logits, std::int64_t k);

/// Keeps the fewest of the most probable tokens that together have the probability p (Holtzman et
/// al. 2019, arXiv:1904.09751).
void keep_top_p(std::span<float> logits, double p);

/// Keeps tokens at least p times as probable as the best one (Nguyen et al. 2024,
/// arXiv:2407.01082).
void keep_min_p(std::span<float> logits, double p);

/// What holds for every strategy: repetition, repeated n-grams, and no end before min_length.
void constrain(std::span<float> logits, const Tokens& written, std::int64_t end_id,
               const GenerationPlan& plan);

/// What changes how tokens are drawn, in this order: temperature, top_k, top_p, min_p.
void warp(std::span<float> logits, const GenerationPlan& plan);

/// Whether a token is left.
bool is_any_left(std::span<const float> logits);

/// log softmax in float64; a token is left.
std::vector<double> log_probabilities(std::span<const float> logits);

}  // namespace weft::host
