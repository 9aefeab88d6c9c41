// SPDX-License-Identifier: Apache-2.0
/// Texts whose logits go through a function: against the same search over logits that are moved by
/// hand, from whole passes.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/runtime.hpp"
#include "host/generation/steered_logits.hpp"
#include "host/generation/write.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using namespace host;
using testing::HasSubstr;

constexpr std::int64_t k_rows = 8;

/// The picture's answer, moved away from what the answer would be of another picture.
std::vector<std::string> steered_by(const std::string& config, const std::string& more = "") {
  return {
      R"(views={"other": {"bind": {"batch.picture": {"shuffled": "batch.picture"}}}})",
      R"(graph.steered={"use": "function.contrast", "in": {"base": "answer.logits", "minus": "other:answer.logits")" +
          more + R"(}, "config": )" + config + "}",
      R"(metrics={"match": {"use": "metric.exact_match", "in": {"predicted": "answer.generated", "target": "batch.answer"}}})",
      R"(evaluate={"data": "qa", "split": "train", "metrics": ["match"], "generate": {"node": "answer", "max_length": 12, "logits": "steered.out"}})"};
}

class Steered : public ::testing::Test {
 protected:
  explicit Steered(const std::string& config = R"({"scale": 1.5})")
      : recipe_(read_text(answering_recipe(), steered_by(config))),
        data_(Dataset::open("qa", recipe_.data[0].config, folder_.path("cache"))),
        model_(wire(recipe_), recipe_.seed),
        answer_(model_.wiring().index("answer")) {
    set_threads(1);
    TrainingStream stream(data_, k_rows, 1);
    for (const auto& [name, array] : stream.next().fields) batch_[name] = from_array(array);
    // Untrained weights say nearly the same of every token.
    for (const NamedTensor& parameter : model_.parameters()) {
      if (!parameter.path.starts_with("answer.")) continue;
      Array values = to_array(parameter.tensor);
      for (std::int64_t i = 0; i < values.count(); ++i)
        values.data<float>()[i] += 0.3F * std::sin(static_cast<float>(7 * i + 1));
      copy_into(parameter.tensor, values);
    }
    values_ = model_.forward({model_.wiring().index("vision")}, batch_, {false, 0, "qa"});
    plan_ = recipe_.evaluate.generate.front();
  }

  std::size_t steered() const { return model_.wiring().index("steered"); }

  /// The decoders: the plain one and that of the other picture.
  std::vector<std::size_t> decoders() const {
    return decoders_behind(model_.wiring(), steered(), "answer", "qa");
  }

  /// (1 + α) base − α minus of whole passes, which the function has no part in.
  NextLogits by_hand(float alpha) const {
    const Values values = model_.forward(
        upstream_of_logits(model_.wiring(), steered(), "answer", "qa"), batch_, {false, 0, "qa"});
    std::vector<std::size_t> all = decoders();
    if (all[0] != answer_) std::swap(all[0], all[1]);
    const auto base = next_of(last_logits(model_, all[0], values, batch_, k_rows, false));
    const auto minus = next_of(last_logits(model_, all[1], values, batch_, k_rows, false));
    return [=](const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows) {
      Array logits = base(texts, rows);
      const Array away = minus(texts, rows);
      for (std::int64_t i = 0; i < logits.count(); ++i)
        logits.data<float>()[i] =
            (1 + alpha) * logits.data<float>()[i] - alpha * away.data<float>()[i];
      return logits;
    };
  }

  Written searched(const NextLogits& next) const {
    const GradMode off(false);
    const SpecialIds ids = special_ids(model_.wiring().nodes()[answer_]);
    return find_texts({plan_, ids, next, std::vector<Tokens>(k_rows, {ids.begin})});
  }

  Written written() const {
    const std::vector<GenerationPlan> entries{plan_};
    return write_texts(model_, {answer_}, values_, batch_, {entries, k_rows}).at(answer_);
  }

  static void expect_same(const Written& found, const Written& expected) {
    for (std::size_t row = 0; row < expected.size(); ++row)
      for (std::size_t i = 0; i < expected[row].size(); ++i) {
        EXPECT_EQ(found[row][i].tokens, expected[row][i].tokens) << row;
        EXPECT_NEAR(found[row][i].log_probability, expected[row][i].log_probability, 1e-4);
      }
  }

  TemporaryFolder folder_;
  Recipe recipe_;
  Dataset data_;
  Model model_;
  std::size_t answer_;
  TensorMap batch_;
  Values values_;
  GenerationPlan plan_;
};

TEST_F(Steered, EveryStrategyWritesAsByHand) {
  ASSERT_EQ(decoders().size(), 2U);
  for (const bool use_cache : {true, false})
    for (const char* strategy : {"greedy", "beam", "sample"}) {
      plan_.strategy = strategy;
      plan_.use_cache = use_cache;
      plan_.seed = 3;
      plan_.num_return_sequences = plan_.strategy == "greedy" ? 1 : 2;
      SCOPED_TRACE(std::string(strategy) + (use_cache ? ", cached" : ""));
      expect_same(written(), searched(by_hand(1.5F)));
    }
}

TEST_F(Steered, ItIsNotWhatIsWrittenWithoutIt) {
  const Written steered = written();
  plan_.logits = {};
  const Written plain = written();
  int others = 0;
  for (std::size_t row = 0; row < k_rows; ++row)
    others += plain[row][0].tokens != steered[row][0].tokens ? 1 : 0;
  EXPECT_GT(others, 0);
  expect_same(plain, searched(by_hand(0)));
}

class SteeredByNothing : public Steered {
 protected:
  SteeredByNothing() : Steered(R"({"scale": 0})") {}
};

TEST_F(SteeredByNothing, TheBitsAreThoseOfTheDecoder) {
  const Written steered = written();
  plan_.logits = {};
  const Written plain = written();
  for (std::size_t row = 0; row < k_rows; ++row) {
    EXPECT_EQ(steered[row][0].tokens, plain[row][0].tokens);
    EXPECT_EQ(steered[row][0].log_probability, plain[row][0].log_probability);
  }
}

/// Contrast of a contrast: what is behind the first function reaches the second.
TEST_F(Steered, AFunctionMayFollowFromAnother) {
  std::vector<std::string> overrides = steered_by(R"({"scale": 1.5})");
  overrides.push_back(
      R"(graph.twice={"use": "function.contrast", "in": {"base": "steered.out", "minus": "other:answer.logits"}, "config": {"scale": 1}})");
  overrides.push_back("evaluate.generate.logits=twice");
  const Recipe recipe = read_text(answering_recipe(), overrides);
  Model model(wire(recipe), recipe.seed);
  model.load(model_.state());
  const std::vector<GenerationPlan> entries{recipe.evaluate.generate.front()};
  const std::size_t answer = model.wiring().index("answer");
  const Values values = model.forward({model.wiring().index("vision")}, batch_, {false, 0, "qa"});
  // 2 (2.5 base − 1.5 minus) − minus = 5 base − 4 minus
  expect_same(write_texts(model, {answer}, values, batch_, {entries, k_rows}).at(answer),
              searched(by_hand(4)));
}

TEST_F(Steered, ADraftIsJudgedByWhatIsSteered) {
  const Written expected = written();
  plan_.draft = {"other:answer", 3};
  const std::vector<std::string> more{
      "evaluate.generate.draft={\"node\": \"other:answer\", \"tokens\": 3}"};
  std::vector<std::string> overrides = steered_by(R"({"scale": 1.5})");
  overrides.insert(overrides.end(), more.begin(), more.end());
  const Recipe recipe = read_text(answering_recipe(), overrides);
  Model model(wire(recipe), recipe.seed);
  model.load(model_.state());
  const std::size_t answer = model.wiring().index("answer");
  const std::vector<GenerationPlan> entries{recipe.evaluate.generate.front()};
  const Values values = model.forward({model.wiring().index("vision")}, batch_, {false, 0, "qa"});
  expect_same(write_texts(model, {answer}, values, batch_, {entries, k_rows}).at(answer), expected);
}

std::string problems_of(const std::vector<std::string>& more) {
  std::vector<std::string> overrides = steered_by(R"({"scale": 1})");
  overrides.insert(overrides.end(), more.begin(), more.end());
  try {
    wire(read_text(answering_recipe(), overrides));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SteeringCheck, MistakesAreSentences) {
  EXPECT_EQ(problems_of({}), "");
  EXPECT_THAT(problems_of({"evaluate.generate.logits=steerd.out"}),
              HasSubstr("no graph node is called \"steerd\". Name an output such as "
                        "\"steered.out\"."));
  EXPECT_THAT(problems_of({"evaluate.generate.logits=other:steered.out"}),
              HasSubstr("no graph node is called \"other:steered.out\"."));
  EXPECT_THAT(problems_of({"evaluate.generate.logits=steered.logits"}),
              HasSubstr("\"steered\" has no output port \"logits\"."));
  EXPECT_THAT(problems_of({"evaluate.generate.logits=vision.tokens"}),
              HasSubstr("\"vision\" does not follow from the logits of \"answer\". Wire "
                        "\"answer.logits\" to it."));
  EXPECT_THAT(
      problems_of({R"(graph.even={"use": "function.standardise", "in": {"in": "answer.logits"}})",
                   "evaluate.generate.logits=even.out"}),
      HasSubstr("\"even\" (function.standardise) is no function that promises WEFT_INCREMENTAL, so "
                "it may look at other positions than the last. Use function.contrast, or one that "
                "does."));
  EXPECT_THAT(problems_of({R"(evaluate.metrics=["match", "other:match"])"}),
              HasSubstr("\"other:match\" lets \"answer\" write in a view, where nothing steers it. "
                        "Leave the metric or \"logits\" out."));
}

}  // namespace
}  // namespace weft::test
