// SPDX-License-Identifier: Apache-2.0
/// Strategies on a toy vocabulary, whose logits follow from the text alone, so that every text can
/// be tried.

#include "host/generation/search.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/base/random.hpp"

namespace weft::test {
namespace {

using namespace host;
constexpr std::int64_t k_begin = 0, k_end = 1, k_vocabulary = 4;

std::vector<float> toy_logits(const Tokens& text, std::size_t row) {
  std::uint64_t state = row + 1;
  for (const std::int64_t token : text) state = state * 31 + static_cast<std::uint64_t>(token) + 7;
  RandomSequence of_text({state});
  std::vector<float> logits;
  for (std::int64_t i = 0; i < k_vocabulary; ++i) logits.push_back(of_text.within(2));
  logits[k_begin] = -20;
  return logits;
}

Array toy(const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows) {
  Array logits = Array::empty(DType::float32, {std::ssize(texts), k_vocabulary});
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::ranges::copy(toy_logits(texts[i], rows[i]),
                      logits.data<float>() + static_cast<std::int64_t>(i) * k_vocabulary);
  return logits;
}

/// Token 2 is "a", token 3 "b".
std::string letters(const Tokens& tokens) {
  std::string text;
  for (const std::int64_t token : tokens)
    if (token > k_end) text += token == 2 ? 'a' : 'b';
  return text;
}

Search search_of(const GenerationPlan& plan, std::size_t rows = 3) {
  return {plan, {k_begin, k_end, k_begin}, toy, std::vector<Tokens>(rows, {k_begin}), 0, letters};
}

GenerationPlan plan_of(const std::string& strategy, std::int64_t length) {
  GenerationPlan plan;
  plan.strategy = strategy;
  plan.max_length = length;
  return plan;
}

/// Every text that ends or has the greatest length, with its score, the best first.
void add_all(const GenerationPlan& plan, std::size_t row, const Tokens& text, double sum,
             std::vector<std::pair<double, Tokens>>& all) {
  if (text.back() == k_end || std::ssize(text) == plan.max_length) {
    const double length = static_cast<double>(text.size() - 1);
    all.emplace_back(sum / std::pow(length, plan.length_penalty), text);
    return;
  }
  const std::vector<float> logits = toy_logits(text, row);
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  for (std::int64_t token = 0; token < k_vocabulary; ++token) {
    Tokens longer = text;
    longer.push_back(token);
    const auto logit = static_cast<double>(logits[static_cast<std::size_t>(token)]);
    add_all(plan, row, longer, sum + logit - std::log(total), all);
  }
}

TEST(Beams, AsManyAsThereAreTextsFindTheBestOfAll) {
  for (const double penalty : {-0.5, 0.0, 0.7, 1.0, 2.0}) {
    GenerationPlan plan = plan_of("beam", 5);
    plan.num_beams = 256;
    plan.num_return_sequences = 10;
    plan.length_penalty = penalty;
    const Written written = find_texts(search_of(plan));
    for (std::size_t row = 0; row < 3; ++row) {
      std::vector<std::pair<double, Tokens>> all;
      add_all(plan, row, {k_begin}, 0, all);
      std::ranges::sort(all, std::ranges::greater{}, &std::pair<double, Tokens>::first);
      ASSERT_EQ(written[row].size(), 10u);
      for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(written[row][i].tokens, all[i].second) << penalty << ", " << row << ", " << i;
        EXPECT_NEAR(written[row][i].score, all[i].first, 1e-6);
      }
    }
  }
}

TEST(Beams, OneIsGreedyAndMoreAreNeverWorseHere) {
  GenerationPlan greedy = plan_of("greedy", 6);
  GenerationPlan beam = plan_of("beam", 6);
  beam.length_penalty = 0;
  greedy.length_penalty = 0;
  beam.num_beams = 1;
  const Written alone = find_texts(search_of(greedy)), one = find_texts(search_of(beam));
  beam.num_beams = 64;
  const Written many = find_texts(search_of(beam));
  bool is_better = false;
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_GE(one[row][0].score, alone[row][0].score - 1e-9);
    EXPECT_GE(many[row][0].score, one[row][0].score - 1e-9);
    is_better = is_better || many[row][0].score > alone[row][0].score + 1e-6;
  }
  EXPECT_TRUE(is_better) << "else the beams were not looked at";
}

TEST(Sampling, ASeedGivesTheSameTextsWhateverTheBatch) {
  GenerationPlan plan = plan_of("sample", 6);
  plan.num_return_sequences = 3;
  const Written all = find_texts(search_of(plan)), again = find_texts(search_of(plan));
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all[row][i].tokens, again[row][i].tokens);
  Search last = search_of(plan, 1);
  last.first_row = 2;
  last.next = [](const std::vector<Tokens>& texts, const std::vector<std::size_t>&) {
    return toy(texts, std::vector<std::size_t>(texts.size(), 2));
  };
  const Written alone = find_texts(last);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(alone[0][i].tokens, all[2][i].tokens);
  plan.seed = 1;
  bool differs = false;
  const Written other = find_texts(search_of(plan));
  for (std::size_t row = 0; row < 3; ++row)
    differs = differs || other[row][0].tokens != all[row][0].tokens;
  EXPECT_TRUE(differs);
}

TEST(Sampling, TokensComeAsOftenAsTheirProbabilitySays) {
  GenerationPlan plan = plan_of("sample", 2);
  plan.temperature = 0.7;
  plan.best_of = plan.num_return_sequences = 20000;
  std::map<std::int64_t, double> counts;
  const Written written = find_texts(search_of(plan, 1));
  for (const Sequence& one : written[0]) counts[one.tokens.back()] += 1;
  const std::vector<float> logits = toy_logits({k_begin}, 0);
  double total = 0;
  for (const float logit : logits) total += std::exp(logit / 0.7);
  for (std::int64_t token = 0; token < k_vocabulary; ++token)
    EXPECT_NEAR(counts[token] / 20000,
                std::exp(logits[static_cast<std::size_t>(token)] / 0.7) / total, 0.015);
}

TEST(Sampling, TheBestOfManyAreReturnedInTheirOrder) {
  GenerationPlan plan = plan_of("sample", 6);
  plan.num_return_sequences = 8;
  const Written all = find_texts(search_of(plan));
  plan.num_return_sequences = 2;
  plan.best_of = 8;
  const Written best = find_texts(search_of(plan));
  for (std::size_t row = 0; row < 3; ++row) {
    ASSERT_EQ(best[row].size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(best[row][i].tokens, all[row][i].tokens);
    for (std::size_t i = 1; i < 8; ++i) EXPECT_GE(all[row][i - 1].score, all[row][i].score);
  }
}

TEST(Stop, TextsEndBeforeIt) {
  GenerationPlan plan = plan_of("sample", 12);
  plan.num_return_sequences = 40;
  const Written free = find_texts(search_of(plan));
  plan.stop = {"ab"};
  const Written stopped = find_texts(search_of(plan));
  std::size_t cut = 0;
  for (std::size_t row = 0; row < 3; ++row)
    for (const Sequence& one : stopped[row]) {
      EXPECT_EQ(one.text.find("ab"), std::string::npos);
      if (letters(one.tokens) == one.text) continue;
      EXPECT_EQ(letters(one.tokens), one.text + "ab");
      ++cut;
    }
  EXPECT_GT(cut, 0u);
}

TEST(Prompts, RowsOfDifferentLengthAreAsRowsOneByOne) {
  for (const auto strategy : {"greedy", "beam", "sample"}) {
    GenerationPlan plan = plan_of(strategy, 7);
    Search search = search_of(plan);
    search.prompts = {{k_begin}, {k_begin, 2, 3}, {k_begin, 3}};
    const Written all = find_texts(search);
    for (std::size_t row = 0; row < 3; ++row) {
      Search one = search_of(plan, 1);
      one.first_row = row;
      one.prompts = {search.prompts[row]};
      one.next = [row](const std::vector<Tokens>& texts, const std::vector<std::size_t>&) {
        return toy(texts, std::vector<std::size_t>(texts.size(), row));
      };
      const Written alone = find_texts(one);
      EXPECT_EQ(alone[0][0].tokens, all[row][0].tokens);
      EXPECT_TRUE(std::equal(search.prompts[row].begin(), search.prompts[row].end(),
                             all[row][0].tokens.begin()));
    }
  }
}

}  // namespace
}  // namespace weft::test
