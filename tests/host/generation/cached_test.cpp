// SPDX-License-Identifier: Apache-2.0
/// A decoder that is given new tokens only says what it says of whole texts.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/data/dataset/dataset.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/generation/write.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using namespace host;

constexpr std::int64_t k_begin = 2, k_rows = 16;

/// The parts of this test beside the shipped ones.
Wiring wired(const Recipe& recipe) {
  auto folders = default_search_path();
  folders.insert(folders.begin(), WEFT_DOUBLES);
  const Registry parts = parts_in(folders);
  return {recipe, parts, {{"qa", field_specs(recipe.data[0].config)}}};
}

const std::vector<std::string> k_shipped{"graph.answer.config.layers=2"};
/// They see nothing but their text; as Llama's, and as GPT-2's.
const std::vector<std::string> k_language{
    "graph.answer={\"use\": \"decoder.language_model\", \"in\": {\"target\": \"batch.answer\"}, "
    "\"config\": {\"vocab_size\": 64, \"max_length\": 12, \"dim\": 16, \"heads\": 4, "
    "\"key_heads\": 2, \"ffn_dim\": 32, \"activation\": \"silu\", \"gated\": true, "
    "\"norm\": \"rms\", \"positions\": \"rotary\"}}"};
const std::vector<std::string> k_learned{
    "graph.answer={\"use\": \"decoder.language_model\", \"in\": {\"target\": \"batch.answer\"}, "
    "\"config\": {\"vocab_size\": 64, \"max_length\": 12, \"dim\": 16, \"ffn_dim\": 32}}"};
/// Written in C, with one cache that carries; counts the tokens that it is given.
const std::vector<std::string> k_carrying{
    "graph.answer={\"use\": \"test/decoder.carrying\", \"in\": {\"state\": \"vision.tokens\", "
    "\"target\": \"batch.answer\"}}"};

class Cached : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  Cached()
      : recipe_(read_text(answering_recipe(), GetParam())),
        data_(Dataset::open("qa", recipe_.data[0].config, folder_.path("cache"))),
        model_(wired(recipe_), recipe_.seed),
        answer_(model_.wiring().index("answer")) {
    TrainingStream stream(data_, k_rows, 1);
    for (const auto& [name, array] : stream.next().fields) batch_[name] = from_array(array);
    values_ = model_.forward({model_.wiring().index("vision")}, batch_, {false, 0, "qa"});
    // Untrained weights say nearly the same of every token.
    for (const NamedTensor& parameter : model_.parameters()) {
      if (!parameter.path.starts_with("answer.")) continue;
      Array values = to_array(parameter.tensor);
      for (std::int64_t i = 0; i < values.count(); ++i)
        values.data<float>()[i] += 0.3F * std::sin(static_cast<float>(7 * i + 1));
      copy_into(parameter.tensor, values);
    }
  }

  NextLogits logits(bool use_cache) const {
    return next_of(last_logits(model_, answer_, values_, batch_, k_rows, use_cache));
  }

  /// Both ways the same, for texts in any order and of any length.
  void expect_same(const NextLogits& cached, const std::vector<Tokens>& texts,
                   const std::vector<std::size_t>& rows, const char* when) const {
    const GradMode off(false);
    const Array found = cached(texts, rows), expected = logits(false)(texts, rows);
    ASSERT_EQ(found.sizes, expected.sizes);
    for (std::int64_t i = 0; i < found.count(); ++i)
      ASSERT_NEAR(found.data<float>()[i], expected.data<float>()[i],
                  1e-5 * std::max(1.0F, std::abs(expected.data<float>()[i])))
          << when << ", " << i;
  }

  Written written(GenerationPlan plan, bool use_cache) const {
    plan.node = "answer";
    plan.max_length = 12;
    plan.use_cache = use_cache;
    const std::vector<GenerationPlan> entries{plan};
    return write_texts(model_, {answer_}, values_, batch_, {entries, k_rows}).at(answer_);
  }

  TemporaryFolder folder_;
  Recipe recipe_;
  Dataset data_;
  Model model_;
  std::size_t answer_;
  TensorMap batch_;
  Values values_;
};

TEST_P(Cached, LogitsAreThoseOfWholeTexts) {
  EXPECT_NE(model_.wiring().nodes()[answer_].instance.traits() & WEFT_INCREMENTAL, 0U)
      << "else nothing is cached";
  const NextLogits cached = logits(true);
  expect_same(cached, {{k_begin}, {k_begin}, {k_begin}}, {0, 1, 2}, "at the begin");
  expect_same(cached, {{2, 5}, {2, 6}, {2, 7}}, {0, 1, 2}, "one token more");
  expect_same(cached, {{2, 5, 9, 11}, {2, 6}, {2, 7, 8}}, {0, 1, 2}, "other lengths");
  expect_same(cached, {{2, 5, 9, 11}, {2, 6}, {2, 7, 8}}, {0, 1, 2}, "asked again");
  expect_same(cached, {{2, 7, 8}, {2, 5, 9, 11}}, {2, 0}, "again in another order, one dropped");
  expect_same(cached, {{2, 7, 8, 4}, {2, 5, 9, 11, 12}, {2, 5, 9, 11, 13}}, {2, 0, 0},
              "one row dropped, one repeated, in another order");
  expect_same(cached, {{2, 7, 8}, {2, 5, 30, 31, 32}, {2, 5, 9, 11, 13, 14}}, {2, 0, 0},
              "cut off and gone on with otherwise");
  expect_same(cached, {{2, 7}, {2, 6}}, {2, 5}, "a row that was not there");
  std::vector<Tokens> longest(2, Tokens{k_begin});
  while (longest[0].size() < 12) longest[0].push_back(std::ssize(longest[0]) + 3);
  expect_same(cached, longest, {2, 5}, "up to the greatest length");
}

/// A state that was carried over six tokens in other portions has other last bits.
TEST_P(Cached, LogitsAtSeveralTokensAreThoseOfWholeTexts) {
  const GradMode off(false);
  const LastLogits cached = last_logits(model_, answer_, values_, batch_, k_rows, true),
                   whole = last_logits(model_, answer_, values_, batch_, k_rows, false);
  const auto expect_equal = [&](const std::vector<Tokens>& texts, std::int64_t n) {
    const std::vector<std::size_t> rows{0, 1};
    const Array found = cached(texts, rows, n), expected = whole(texts, rows, n);
    ASSERT_EQ(found.sizes, (std::vector<std::int64_t>{2, n, 64}));
    for (std::int64_t row = 0; row < 2; ++row)
      for (std::int64_t at = n - std::min(n, std::ssize(texts[static_cast<std::size_t>(row)]));
           at < n; ++at)
        for (std::int64_t token = 0; token < 64; ++token) {
          const std::int64_t place = (row * n + at) * 64 + token;
          ASSERT_NEAR(found.data<float>()[place], expected.data<float>()[place],
                      2e-5 * std::max(1.0F, std::abs(expected.data<float>()[place])))
              << n << " tokens: " << row << ", " << at;
        }
  };
  expect_equal({{k_begin}, {k_begin}}, 1);
  expect_equal({{2, 5, 9, 11}, {2, 6, 7}}, 4);  // of the second there are three
  expect_equal({{2, 5, 9, 12, 13, 14}, {2, 6, 7, 8, 9}}, 3);
  expect_equal({{2, 5, 30, 31, 32}, {2, 6, 7, 8, 9, 10, 11}}, 3);  // one is cut off
  expect_equal({{2, 5, 30, 31, 32}, {2, 6, 7, 8, 9, 10, 11}}, 2);  // the same again
  expect_equal({{2, 5, 30, 31, 32}, {2, 6, 7, 8, 9, 10, 11}}, 1);
  expect_equal({{2, 5, 30, 31, 32, 33}, {2, 6, 7, 8, 9, 10, 11}}, 1);
}

class WithContext : public Cached {};

TEST_P(WithContext, EveryStrategyWritesTheSame) {
  for (const std::string strategy : {"greedy", "beam", "sample"}) {
    GenerationPlan plan;
    plan.strategy = strategy;
    if (strategy != "greedy") plan.num_return_sequences = 3;
    const Written found = written(plan, true), expected = written(plan, false);
    std::set<Tokens> different;
    for (std::size_t row = 0; row < k_rows; ++row) {
      ASSERT_EQ(found[row].size(), expected[row].size());
      for (std::size_t i = 0; i < found[row].size(); ++i) {
        EXPECT_EQ(found[row][i].tokens, expected[row][i].tokens) << row << ", " << i;
        EXPECT_NEAR(found[row][i].log_probability, expected[row][i].log_probability, 1e-4);
        different.insert(found[row][i].tokens);
      }
    }
    EXPECT_GT(different.size(), 3U) << "else the context was not looked at";
  }
}

class Counting : public Cached {};

/// A text of S tokens costs S rows, not S².
TEST_P(Counting, EachTokenIsGivenOnce) {
  const auto* const given = static_cast<const std::int64_t*>(
      model_.wiring().nodes()[answer_].instance.extension("test.tokens_given/1"));
  ASSERT_NE(given, nullptr);
  GenerationPlan plan;
  plan.min_length = 12;
  std::int64_t before = *given;
  written(plan, true);
  EXPECT_EQ(*given - before, k_rows * 11) << "the last token is written and not read";
  before = *given;
  written(plan, false);
  EXPECT_EQ(*given - before, k_rows * 11 * 12 / 2);
}

/// A decoder without the trait is given whole texts, and the recipe's reader is told.
TEST(CachedTrait, IsAskedFor) {
  std::vector<std::string> with = k_carrying;
  with.emplace_back("graph.answer.config.incremental=false");
  with.emplace_back(R"(metrics={"match": {"use": "metric.exact_match",
      "in": {"predicted": "answer.generated", "target": "batch.answer"}}})");
  with.emplace_back(R"(evaluate={"data": "qa", "split": "train", "metrics": ["match"],
      "generate": {"node": "answer", "max_length": 6}})");
  const auto notes = [&] {
    std::vector<std::string> texts;
    const Wiring wiring = wired(read_text(answering_recipe(), with));
    for (const Problem& note : wiring.notes()) texts.push_back(note.pointer + ": " + note.text);
    return texts;
  };
  EXPECT_EQ(notes(), std::vector<std::string>{
                         "/evaluate/generate: \"answer\" (test/decoder.carrying) keeps nothing of "
                         "what it has computed: for each token the whole text is computed anew."});
  with[1] = "graph.answer.config.incremental=true";
  EXPECT_EQ(notes(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Decoders, Cached,
                         ::testing::Values(k_shipped, k_carrying, k_language, k_learned));
INSTANTIATE_TEST_SUITE_P(Decoders, WithContext, ::testing::Values(k_shipped, k_carrying));
INSTANTIATE_TEST_SUITE_P(Decoders, Counting, ::testing::Values(k_carrying));

}  // namespace
}  // namespace weft::test
