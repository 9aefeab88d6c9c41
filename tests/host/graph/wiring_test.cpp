// SPDX-License-Identifier: Apache-2.0
#include "host/graph/wiring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/error.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

/// The sentence of the first problem that wiring the small recipe with overrides gives, from its
/// pointer on.
std::vector<std::string> problems(const std::vector<std::string>& overrides) {
  try {
    wire(read_text(small_recipe(), overrides));
  } catch (const host::RecipeError& error) {
    std::vector<std::string> texts;
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
    return texts;
  }
  return {};
}

/// The demo's recipe with overrides: it generates.
std::vector<std::string> demo_problems(const std::vector<std::string>& overrides) {
  try {
    wire(host::read_recipe(WEFT_SOURCE_DIR "/recipes/digits_qa.json", overrides));
  } catch (const host::RecipeError& error) {
    std::vector<std::string> texts;
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
    return texts;
  }
  return {};
}

TEST(Wiring, PutsProducersBeforeConsumers) {
  const host::Wiring wiring = wire(read_text(small_recipe()));
  EXPECT_LT(wiring.index("vision"), wiring.index("digit"));
  EXPECT_LT(wiring.index("digit"), wiring.index("ce"));
}

TEST(Wiring, NeedsOnlyAncestors) {
  const host::Wiring wiring = wire(read_text(small_recipe()));
  EXPECT_EQ(wiring.needed({wiring.index("digit")}),
            (std::vector<std::size_t>{wiring.index("vision"), wiring.index("digit")}));
}

TEST(Wiring, SuggestsThePartThatWasMeant) {
  EXPECT_THAT(problems({"graph.vision.use=encoder.vitt"}),
              ::testing::Contains(HasSubstr("Did you mean \"encoder.vit\"?")));
}

TEST(Wiring, SuggestsTheConfigurationKeyThatWasMeant) {
  EXPECT_THAT(problems({"graph.vision.config={\"hight\": 28}"}),
              ::testing::Contains(HasSubstr("Did you mean \"height\"?")));
}

TEST(Wiring, SuggestsThePortThatWasMeant) {
  EXPECT_EQ(problems({"graph.digit.in.state=vision.token"}),
            (std::vector<std::string>{"/graph/digit/in/state: \"vision\" has no output port "
                                      "\"token\". Did you mean \"tokens\"?"}));
}

TEST(Wiring, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(problems({"graph.vision.in.image=batch.pictures"}),
            (std::vector<std::string>{"/graph/vision/in/image: no data has a field \"pictures\". "
                                      "Did you mean \"picture\"?"}));
}

TEST(Wiring, SaysWhichShapesDoNotFit) {
  EXPECT_EQ(problems({"graph.digit.config.dim=32"}),
            (std::vector<std::string>{
                "/graph/digit/in: input \"state\" expects [B, N, 32], found [12, 16, 16]. Wired: "
                "state = vision.tokens [12, 16, 16]. Make the sizes equal, or put a node between "
                "and read that: {\"use\": \"function.linear\", \"in\": \"vision.tokens\", "
                "\"config\": {\"dim\": 32}}."}))
      << "once, though training and evaluation have other batch sizes";
}

TEST(Wiring, EveryPatternOfAStageMatchesAParameter) {
  EXPECT_EQ(problems({"stages.fit.train=[\"vision\", \"digt\"]", "stages.fit.freeze=[\"visoin\"]"}),
            (std::vector<std::string>{
                "/stages/0/train/1: pattern \"digt\" matches no parameter. Did you mean \"digit\"?",
                "/stages/0/freeze/0: pattern \"visoin\" matches no parameter. Did you mean "
                "\"vision\"?"}));
  EXPECT_EQ(problems({"stages.fit.train=[\"vision.*.weight\"]"}), (std::vector<std::string>{}));
}

TEST(Wiring, ANodeWithNothingToLearnMayBeNamed) {
  EXPECT_EQ(demo_problems({"graph.fusion.use=fusion.mean"}), (std::vector<std::string>{}));
}

TEST(Wiring, EveryStreamHasAMaskOrNone) {
  EXPECT_EQ(demo_problems({R"(graph.fusion.in={"streams": ["text.tokens", "vision.tokens",
                              "audio.tokens"], "masks": ["text.mask"]})"}),
            (std::vector<std::string>{
                "/graph/fusion/in/masks: expected one mask for each of the 3 wires of \"streams\", "
                "found 1. Leave the port out and the masks follow their streams."}));
}

TEST(Wiring, AStageTrainsSomething) {
  EXPECT_EQ(problems({"stages.fit.train=[\"vision\"]", "stages.fit.freeze=[\"vision\"]"}),
            (std::vector<std::string>{
                "/stages/0: train and freeze leave nothing to train in this stage."}));
}

TEST(Wiring, PatternsWithOptionsAreNamedByThemselves) {
  EXPECT_EQ(problems({R"(stages.fit.train={"*": {}, "digt": {"lr_mult": 0.1}})"}),
            (std::vector<std::string>{"/stages/0/train/digt: pattern \"digt\" matches no "
                                      "parameter. Did you mean \"digit\"?"}));
  EXPECT_EQ(problems({R"(stages.fit.optimizer={"use": "muon", "lr": 0.02,
                              "adamw": {"lr": 0.001, "match": ["digt"]}})"}),
            (std::vector<std::string>{"/stages/0/optimizer/adamw/match/0: pattern \"digt\" matches "
                                      "no parameter. Did you mean \"digit\"?"}));
}

TEST(Wiring, SomethingLearnsFromTheFirstStepOn) {
  const std::vector<std::string> refused = {
      "/stages/0/train: nothing that feeds the losses learns in the first step: each from_step is "
      "later. Let one pattern learn from step 0."};
  EXPECT_EQ(problems({R"(stages.fit.train={"*": {"from_step": 1}})"}), refused);
  EXPECT_EQ(problems({R"(stages.fit.train={"*": {"from_step": 1}, "digit": {}})"}),
            (std::vector<std::string>{}));
}

TEST(Wiring, TheBestIsKeptByAnOutputThatTheMetricHas) {
  const std::vector<std::string> measured = {
      "data.av.shards.val=[\"" WEFT_SOURCE_DIR "/examples/digits/digits-av-val-000.tar\"]",
      "stages.fit.metrics=[\"accuracy\"]", "stages.fit.eval_every=1"};
  const auto with = [&](const std::string& metric) {
    std::vector<std::string> all = measured;
    all.push_back("stages.fit.keep_best={\"metric\": \"" + metric + "\"}");
    return problems(all);
  };
  EXPECT_EQ(with("accuracy"), (std::vector<std::string>{}));
  EXPECT_EQ(with("accuracy.accuracy"), (std::vector<std::string>{}));
  EXPECT_EQ(with("accuracy.acuracy"),
            (std::vector<std::string>{"/stages/0/keep_best/metric: \"accuracy\" has no output "
                                      "\"acuracy\". Did you mean \"accuracy\"?"}));
}

TEST(Wiring, MicroBatchesMustAddUp) {
  const std::string contrastive =
      R"(losses.ce={"use": "loss.contrastive", "in": {"left": "vision.pooled", "right": "vision.pooled"},
         "config": {"left_dim": 16, "right_dim": 16}})";
  EXPECT_EQ(problems({contrastive}), (std::vector<std::string>{}));
  EXPECT_EQ(
      problems({contrastive, "stages.fit.grad_accumulation=3"}),
      (std::vector<std::string>{
          "/stages/0/grad_accumulation: \"ce\" compares the rows of a batch with one another, so 3 "
          "micro-batches would not equal one batch of 12. Set grad_accumulation to 1."}));
}

TEST(Wiring, GeneratedTextNeedsAGenerator) {
  EXPECT_EQ(demo_problems({}), (std::vector<std::string>{}));
  const std::string text =
      "\"answer.generated\" is written for metrics only, and only where evaluate.generate.node is "
      "\"answer\".";
  EXPECT_THAT(demo_problems({"evaluate={\"data\": \"qa\", \"metrics\": [\"answer_perplexity\"]}"}),
              ::testing::Contains("/metrics/answer_match/in/predicted: " + text));
  EXPECT_THAT(demo_problems({"losses.ce.in.target=answer.generated"}),
              ::testing::Contains("/losses/ce/in/target: " + text));
}

TEST(Wiring, OnlyAnAutoregressiveDecoderGenerates) {
  EXPECT_THAT(demo_problems({"evaluate.generate.node=fusion"}),
              ::testing::Contains("/evaluate/generate/node: \"fusion\" (fusion.pairwise) cannot "
                                  "generate: it offers no weft.autoregressive/1. Name an "
                                  "autoregressive decoder."));
}

TEST(Wiring, GenerationKeepsToTheDecodersLength) {
  EXPECT_EQ(demo_problems({"evaluate.generate.max_length=5"}), (std::vector<std::string>{}));
  EXPECT_THAT(demo_problems({"evaluate.generate.max_length=6"}),
              ::testing::ElementsAre(HasSubstr("/evaluate/generate/max_length: ")));
}

TEST(Wiring, AConstraintThatCannotBeReadIsNamed) {
  EXPECT_EQ(demo_problems({R"(evaluate.generate.constrain={"regex": "[0-9]+"})"}),
            (std::vector<std::string>{}));
  EXPECT_THAT(demo_problems({R"(evaluate.generate.constrain={"regex": "[0-9"})"}),
              ::testing::ElementsAre(
                  HasSubstr("/evaluate/generate/constrain/regex: XGrammar cannot read")));
  EXPECT_THAT(demo_problems({R"(evaluate.generate.constrain={"json_schema": {"type": "integr"}})"}),
              ::testing::ElementsAre(HasSubstr("/evaluate/generate/constrain/json_schema: XGr")));
}

TEST(Wiring, SaysWhichElementTypeIsExpected) {
  EXPECT_THAT(problems({"losses.ce.in.target=batch.picture"}),
              ::testing::Contains(HasSubstr("input \"target\" takes int64, found float32.")));
}

TEST(Wiring, NamesAnInputThatIsNotWired) {
  const std::string recipe = small_recipe();
  std::string text = recipe;
  text.replace(text.find(", \"target\": \"batch.label\""), 25, "");
  try {
    wire(read_text(text));
    FAIL();
  } catch (const host::RecipeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("input port \"target\" is not wired. It takes [...]"));
  }
}

}  // namespace
}  // namespace weft::test
