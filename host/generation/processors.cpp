// SPDX-License-Identifier: Apache-2.0
#include "host/generation/processors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace weft::host {
namespace {

constexpr float k_never = -std::numeric_limits<float>::infinity();

/// Token ids, the most probable first; of equal ones the smallest id.
std::vector<std::size_t> ranked(std::span<const float> logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  return order;
}

}  // namespace

void penalize_repetition(std::span<float> logits, const Tokens& written, double penalty) {
  for (const std::int64_t token : std::set<std::int64_t>(written.begin(), written.end())) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = static_cast<float>(logit > 0 ? logit / penalty : logit * penalty);
  }
}

void forbid_repeated_ngrams(std::span<float> logits, const Tokens& written, std::int64_t size) {
  const std::int64_t before = size - 1, length = std::ssize(written);
  for (std::int64_t at = 0; at + size <= length; ++at)
    if (std::equal(written.begin() + at, written.begin() + at + before, written.end() - before))
      logits[static_cast<std::size_t>(written[static_cast<std::size_t>(at + before)])] = k_never;
}

void keep_top_k(std::span<float> logits, std::int64_t k) {
  const std::vector<std::size_t> order = ranked(logits);
  for (std::size_t i = static_cast<std::size_t>(k); i < order.size(); ++i)
    logits[order[i]] = k_never;
}

void keep_top_p(std::span<float> logits, double p) {
  const std::vector<double> all = log_probabilities(logits);
  double before = 0;
  for (const std::size_t token : ranked(logits)) {
    if (before >= p) logits[token] = k_never;
    before += std::exp(all[token]);
  }
}

void keep_min_p(std::span<float> logits, double p) {
  const std::vector<double> all = log_probabilities(logits);
  const double least = *std::ranges::max_element(all) + std::log(p);
  for (std::size_t token = 0; token < logits.size(); ++token)
    if (all[token] < least) logits[token] = k_never;
}

void constrain(std::span<float> logits, const Tokens& written, std::int64_t end_id,
               const GenerationPlan& plan) {
  if (plan.repetition_penalty != 1) penalize_repetition(logits, written, plan.repetition_penalty);
  if (plan.no_repeat_ngram_size > 0)
    forbid_repeated_ngrams(logits, written, plan.no_repeat_ngram_size);
  if (std::ssize(written) < plan.min_length) logits[static_cast<std::size_t>(end_id)] = k_never;
}

void warp(std::span<float> logits, const GenerationPlan& plan) {
  if (plan.temperature != 1)
    for (float& logit : logits) logit = static_cast<float>(logit / plan.temperature);
  if (plan.top_k > 0) keep_top_k(logits, plan.top_k);
  if (plan.top_p < 1) keep_top_p(logits, plan.top_p);
  if (plan.min_p > 0) keep_min_p(logits, plan.min_p);
}

bool is_any_left(std::span<const float> logits) {
  return *std::ranges::max_element(logits) > k_never;
}

std::vector<double> log_probabilities(std::span<const float> logits) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - most);
  const double log_sum = std::log(sum);
  std::vector<double> all;
  all.reserve(logits.size());
  for (const float logit : logits) all.push_back(logit - most - log_sum);
  return all;
}

}  // namespace weft::host
