// SPDX-License-Identifier: Apache-2.0
#include "host/generation/search.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

// A strategy each, in a file of its own.

/// y_t = argmax P(y_t | y_<t).
Written find_greedily(const Search& search);

/// The num_beams texts of the highest log probability are followed; a row is done when no text
/// under way can have a higher score than the num_beams that have ended.
Written find_by_beams(const Search& search);

/// max(best_of, num_return_sequences) texts are drawn, those with the highest scores returned. A
/// text's random numbers follow from the seed, the row's number and the text's.
Written find_by_sampling(const Search& search);

namespace {

/// By the name that a recipe gives.
constexpr std::pair<std::string_view, Written (*)(const Search&)> k_strategies[] = {
    {"greedy", find_greedily}, {"beam", find_by_beams}, {"sample", find_by_sampling}};

/// The text up to the first of the plan's stop texts in what was written; whether there is one.
bool cut_at_stop(const Search& search, std::size_t row, const Tokens& tokens, std::string& text) {
  text = search.decode(tokens);
  const std::size_t prompt = search.decode(search.prompts[row]).size();
  std::size_t end = std::string::npos;
  for (const std::string& stop : search.plan.stop) end = std::min(end, text.find(stop, prompt));
  if (end == std::string::npos) return false;
  text.resize(end);
  return true;
}

}  // namespace

Written find_texts(const Search& search) {
  if (search.draft) return find_with_draft(search);
  const auto* const found = std::ranges::find(k_strategies, search.plan.strategy,
                                              [](const auto& one) { return one.first; });
  if (found == std::end(k_strategies))
    throw Error(Exit::failed, concat("no strategy is called \"", search.plan.strategy, "\"."));
  return found->second(search);
}

Sequence begun(const Search& search, std::size_t row) {
  Sequence sequence;
  sequence.tokens = search.prompts[row];
  sequence.has_ended = std::ssize(sequence.tokens) >= search.plan.max_length;
  if (search.constraint != nullptr)
    sequence.constrained = search.constraint->begin(/*behind_prompt=*/sequence.tokens.size() > 1);
  return sequence;
}

void append(const Search& search, std::size_t row, std::int64_t token, double log_probability,
            Sequence& sequence) {
  sequence.tokens.push_back(token);
  ++sequence.written;
  sequence.log_probability += log_probability;
  if (sequence.constrained && token != search.ids.end) sequence.constrained->append(token);
  std::string text;
  sequence.has_ended =
      token == search.ids.end || std::ssize(sequence.tokens) >= search.plan.max_length ||
      (!search.plan.stop.empty() && cut_at_stop(search, row, sequence.tokens, text));
}

double score_of(const GenerationPlan& plan, double log_probability, std::int64_t written) {
  return log_probability /
         std::pow(static_cast<double>(std::max<std::int64_t>(written, 1)), plan.length_penalty);
}

void finish(const Search& search, std::size_t row, Sequence& sequence) {
  sequence.score = score_of(search.plan, sequence.log_probability, sequence.written);
  if (search.decode) cut_at_stop(search, row, sequence.tokens, sequence.text);
  sequence.is_complete = !sequence.constrained || sequence.constrained->may_end();
}

bool is_better(const Sequence& a, const Sequence& b) {
  return std::tuple(a.is_complete, a.score) > std::tuple(b.is_complete, b.score);
}

NextLogits next_of(LastLogits logits) {
  return [last = std::move(logits)](const std::vector<Tokens>& texts,
                                    const std::vector<std::size_t>& rows) {
    Array next = last(texts, rows, 1);
    next.sizes = {next.sizes[0], next.sizes[2]};
    return next;
  };
}

void constrain_next(const Search& search, const Sequence& sequence, std::span<float> logits) {
  constrain(logits, sequence.tokens, search.ids.end, search.plan);
  if (sequence.constrained) sequence.constrained->mask(logits);
}

std::vector<double> next_distribution(const GenerationPlan& plan, std::span<float> logits) {
  if (plan.strategy != "sample") {
    std::vector<double> best(logits.size());
    best[static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin())] = 1;
    return best;
  }
  warp(logits, plan);
  std::vector<double> all = log_probabilities(logits);
  for (double& one : all) one = std::exp(one);
  return all;
}

NextTokens::NextTokens(const Search& search, const std::vector<Sequence>& sequences,
                       const std::vector<std::size_t>& rows) {
  std::vector<Tokens> texts;
  for (const Sequence& sequence : sequences) texts.push_back(sequence.tokens);
  logits_ = search.next(texts, rows);
  for (std::size_t i = 0; i < sequences.size(); ++i)
    if (!sequences[i].has_ended) constrain_next(search, sequences[i], of(i));
}

std::span<float> NextTokens::of(std::size_t sequence) {
  const auto classes = static_cast<std::size_t>(logits_.sizes[1]);
  return {logits_.data<float>() + sequence * classes, classes};
}

}  // namespace weft::host
