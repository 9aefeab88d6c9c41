// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/recipe.hpp"

#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using RecipeTest = RecipeFiles;

TEST_F(RecipeTest, PlansHoldWhatTheFileSays) {
  const Recipe recipe = read(k_recipe, {"stages.0.optimizer.beta1=0.8", "stages.0.clip_norm=1",
                                        "stages.0.schedule={\"warmup\": 3, \"min_ratio\": 0.1}"});
  EXPECT_EQ(recipe.path, "r.json");
  EXPECT_EQ(recipe.name, "small");
  ASSERT_EQ(recipe.graph.size(), 2u);
  const host::NodePlan& core = recipe.graph[1];
  EXPECT_EQ(core.name, "core");
  EXPECT_EQ(core.use, "reasoning.steps");
  EXPECT_EQ(core.config, "{}");
  EXPECT_EQ(core.place.pointer, "/graph/core");
  EXPECT_EQ(core.place.line, 15);
  const auto& wires = core.in.at("tokens");
  ASSERT_EQ(wires.size(), 2u);
  EXPECT_EQ(wires[0].node + "|" + wires[0].port + "|" + wires[0].place.pointer,
            "vision|tokens|/graph/core/in/tokens/0");
  EXPECT_EQ(wires[1].node, "batch");
  EXPECT_EQ(recipe.graph[0].in.at("image").at(0).place.pointer, "/graph/vision/in/image");
  EXPECT_EQ(recipe.losses.at(0).in.at("target").at(0).port, "answer");
  EXPECT_EQ(recipe.metrics.at(0).use, "metric.accuracy");

  const host::StagePlan& stage = recipe.stages.at(0);
  EXPECT_EQ(stage.name, "first");
  EXPECT_EQ(stage.data, "qa");
  EXPECT_EQ(stage.steps, 10);
  EXPECT_EQ(stage.batch_size, 4);
  EXPECT_THAT(stage.losses, ElementsAre(testing::Pair("ce", 1.0)));
  EXPECT_EQ(stage.optimizer.lr, 0.001);
  EXPECT_EQ(stage.optimizer.settings.at("beta1"), 0.8);
  EXPECT_EQ(stage.schedule.warmup, 3);
  EXPECT_EQ(stage.schedule.min_ratio, 0.1);
  EXPECT_EQ(stage.clip_norm, 1.0);
}

TEST_F(RecipeTest, DefaultsAreFilledIn) {
  const Recipe recipe = read(k_recipe);
  EXPECT_EQ(recipe.seed, 0u);
  EXPECT_EQ(recipe.threads, 0);
  EXPECT_EQ(recipe.evaluate.data, "");
  const host::StagePlan& stage = recipe.stages.at(0);
  EXPECT_EQ(stage.from, "");
  EXPECT_EQ(stage.grad_accumulation, 1);
  EXPECT_THAT(stage.train, ElementsAre("*"));
  EXPECT_TRUE(stage.freeze.empty());
  EXPECT_EQ(stage.optimizer.settings.at("beta1"), 0.9);
  EXPECT_EQ(stage.optimizer.settings.at("beta2"), 0.999);
  EXPECT_EQ(stage.optimizer.settings.at("eps"), 1e-8);
  EXPECT_EQ(stage.optimizer.weight_decay, 0.01);
  EXPECT_EQ(stage.schedule.warmup, 0);
  EXPECT_EQ(stage.schedule.min_ratio, 0.0);
  EXPECT_EQ(stage.clip_norm, 0.0);
  EXPECT_EQ(stage.log_every, 10);
  EXPECT_EQ(stage.save_every, 0);
  EXPECT_EQ(stage.eval_every, 0);
  EXPECT_TRUE(stage.metrics.empty());
  EXPECT_THAT(
      recipe.data.at(0).config,
      HasSubstr(R"({"kind":"image","size":[8,8],"member":"png","channels":1,"mean":0,"std":1,)"
                R"("translate":0,"rotate":0,"zoom":0})"));
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("order":"shuffle")"));
}

TEST_F(RecipeTest, EvaluationIsRead) {
  const Recipe recipe =
      read(k_recipe, {R"(evaluate={"data": "qa", "split": "val", "group_by": "/level",
      "metrics": ["accuracy"], "generate": {"node": "core", "max_length": 12}})"});
  EXPECT_EQ(recipe.evaluate.data, "qa");
  EXPECT_EQ(recipe.evaluate.split, "val");
  EXPECT_EQ(recipe.evaluate.batch_size, 64);
  EXPECT_THAT(recipe.evaluate.metrics, ElementsAre("accuracy"));
  EXPECT_EQ(recipe.evaluate.group_by, "/level");
  ASSERT_EQ(recipe.evaluate.generate.size(), 1u);
  EXPECT_EQ(recipe.evaluate.generate[0].node, "core");
  EXPECT_EQ(recipe.evaluate.generate[0].max_length, 12);
}

TEST_F(RecipeTest, TheResolvedRecipeReadsBackAsTheSameRecipe) {
  write("sub/base.json", edited("\"dim\": 8", "\"dim\": \"$dim\", \"text\": \"$$x\"")
                             .replace(0, 1, R"({"$schema": "s.json", "let": {"dim": 8.0},)"));
  write("r.json", R"({"extends": "sub/base.json", "seed": 5})");
  const Recipe recipe = read_recipe("r.json", {"stages.0.optimizer.lr=1e-4"});
  EXPECT_EQ(recipe.graph.at(0).config, R"({"dim":8.0,"text":"$x"})");
  for (const char* gone : {"extends", "let", "$schema"})
    EXPECT_FALSE(recipe.places.contains(std::string("/") + gone) && std::string(gone) != "$schema");

  write("elsewhere/run/recipe.json", recipe.resolved);
  const Recipe again = read_recipe("elsewhere/run/recipe.json");
  EXPECT_EQ(again.resolved, recipe.resolved);
  EXPECT_EQ(again.data.at(0).config, recipe.data.at(0).config);
  EXPECT_EQ(again.graph.at(0).config, recipe.graph.at(0).config);
  EXPECT_EQ(again.stages.at(0).optimizer.lr, 1e-4);
  EXPECT_EQ(again.seed, 5u);
}

TEST_F(RecipeTest, LocateGivesTheNearestEnclosingPlace) {
  const Recipe recipe = read(k_recipe);
  EXPECT_EQ(recipe.locate("/graph/core/config/heads", "7 must divide 256.").sentence(),
            "r.json:15:5: /graph/core/config/heads: 7 must divide 256.");
  EXPECT_EQ(recipe.locate("/stages/0/steps").line, 27);
  EXPECT_EQ(recipe.locate("/nothing/here").line, 1);
  EXPECT_EQ(recipe.locate("").line, 1);
  EXPECT_EQ(recipe.locate("no pointer").file, "r.json");
}

TEST_F(RecipeTest, AMisspeltKeyIsAnErrorAtEveryLevel) {
  const auto expect = [](const std::string& old_key, const std::string& new_key,
                         const std::string& sentence) {
    EXPECT_THAT(refusals(edited("\"" + old_key + "\":", "\"" + new_key + "\":")),
                testing::Contains(sentence));
  };
  expect("losses", "loses", "r.json:17:3: /loses: unknown key. Did you mean \"losses\"?");
  expect("fields", "feilds", "r.json:7:7: /data/qa/feilds: unknown key. Did you mean \"fields\"?");
  expect("val", "vla", "r.json:6:38: /data/qa/shards/vla: unknown key. Did you mean \"val\"?");
  expect("size", "sise",
         "r.json:8:36: /data/qa/fields/image/sise: unknown key. Did you mean \"size\"?");
  expect("config", "confg",
         "r.json:14:70: /graph/vision/confg: unknown key. Did you mean \"config\"?");
  expect("steps", "stepz", "r.json:27:7: /stages/0/stepz: unknown key. Did you mean \"steps\"?");
  expect("lr", "rl", "r.json:30:21: /stages/0/optimizer/rl: unknown key. Did you mean \"lr\"?");
}

TEST_F(RecipeTest, WrongTypesAndMissingKeysAreSentences) {
  EXPECT_THAT(
      refusals(edited("\"steps\": 10", "\"steps\": \"ten\"")),
      ElementsAre(
          "r.json:27:7: /stages/0/steps: expected an integer of at least 1, found \"ten\"."));
  EXPECT_THAT(
      refusals(edited("      \"steps\": 10,\n", "")),
      ElementsAre("r.json:24:5: /stages/0: missing key \"steps\", an integer of at least 1."));
  EXPECT_THAT(refusals(edited("\"format\": 2", "\"format\": 3")),
              ElementsAre("r.json:2:3: /format: expected 2, found 3."));
  EXPECT_THAT(
      refusals(edited("\"kind\": \"image\"", "\"kind\": \"pictur\"")),
      ElementsAre(
          "r.json:8:19: /data/qa/fields/image/kind: expected one of \"image\", \"log_mel\", "
          "\"video\", \"text\", \"class\", \"group\", \"number\", \"array\", \"boxes\", "
          "\"texts\" and \"document\", found \"pictur\"."));
  EXPECT_THAT(
      refusals(edited("[8, 8]", "[8, 8, 3]")),
      ElementsAre("r.json:8:36: /data/qa/fields/image/size: expected an array of 2 items, found "
                  "[8, 8, 3]."));
  EXPECT_THAT(refusals(k_recipe, {"stages=[]"}),
              ElementsAre("--set: /stages: expected an array of at least 1 item, found []."));
  EXPECT_THAT(refusals("{\"recipe\": 1}"),
              ElementsAre("r.json:1:1: missing key \"name\", a string of at least 1 character.",
                          "r.json:1:1: missing key \"data\", an object of at least 1 member.",
                          "r.json:1:1: missing key \"graph\", an object of at least 1 member.",
                          "r.json:1:1: missing key \"losses\", an object of at least 1 member.",
                          "r.json:1:1: missing key \"stages\", an array of at least 1 item."));
}

TEST_F(RecipeTest, AllProblemsAreReportedAtOnce) {
  write("r.json", edited("vision.tokens", "visoin.tokens"));
  try {
    read_recipe("r.json", {"stages.0.steps=$n", "seed=-1", "graph.x.y=1"});
    FAIL();
  } catch (const host::RecipeError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "r.json has 4 problems:\n"
        "  --set: /graph/x: nothing to set: /graph has no \"x\". Known: vision and core.\n"
        "  --set: /stages/0/steps: nothing in \"let\" is called \"n\".\n"
        "  --set: /seed: expected an integer of at least 0, found -1.\n"
        "  r.json:15:58: /graph/core/in/tokens/0: no graph node is called \"visoin\". Did you mean "
        "\"vision\"?");
  }
}

/// Each mistake of the text is told, however many there are, up to a number that can be read.
TEST_F(RecipeTest, ThreeThousandMistakesAreCountedAndTheFirstAreShown) {
  std::string wires;
  for (int i = 0; i < 999; ++i) wires += "\"vsion.tokens\", ";
  const std::string node = R"("core": {"use": "reasoning.steps", "in": {"a": [)" + wires +
                           R"("x.y"], "b": [)" + wires + R"("x.y"], "tokens": [)" + wires +
                           R"("x.y"]}})";
  write("r.json", edited(R"("core": {"use": "reasoning.steps", "in": {"tokens": ["vision.tokens", )"
                         R"("batch.answer"]}})",
                         node));
  try {
    read_recipe("r.json");
    FAIL();
  } catch (const host::RecipeError& error) {
    EXPECT_EQ(error.problems().size(), 3000u);
    EXPECT_TRUE(std::string(error.what()).starts_with("r.json has 3000 problems:"));
    EXPECT_LT(std::string(error.what()).size(), 50'000u);
  }
}

TEST_F(RecipeTest, AListOfNodesOrWiresHasALimit) {
  std::string wires;
  for (int i = 0; i < 1000; ++i) wires += "\"vision.tokens\", ";
  EXPECT_THAT(
      refusals(edited("\"vision.tokens\", ", wires)),
      ElementsAre("r.json:15:47: /graph/core/in/tokens: expected at most 1000 entries, found "
                  "1001."));
  std::string nodes;
  for (int i = 0; i < 1001; ++i)
    nodes += "\"n" + std::to_string(i) + "\": {\"use\": \"fusion.mean\"},";
  EXPECT_THAT(refusals(edited("\"vision\": {", nodes + "\"vision\": {")),
              ElementsAre("r.json:13:3: /graph: expected at most 1000 entries, found 1003."));
}

/// What is left of a recipe with mistakes is looked at too.
TEST_F(RecipeTest, InspectionLeavesOutWhatIsWrongAndKeepsTheRest) {
  write("r.json", k_recipe);
  const auto inspect = [](const std::vector<std::string>& overrides) {
    return host::inspect_recipe("r.json", overrides);
  };
  EXPECT_TRUE(inspect({}).problems.empty());

  const Recipe wire = inspect({"graph.core.in.tokens=[\"visoin.tokens\"]"});
  EXPECT_EQ(wire.graph.size(), 2u);
  EXPECT_TRUE(wire.graph.at(1).in.at("tokens").empty()) << "wired, but to nothing";
  EXPECT_TRUE(wire.problems.is_wrong_at("/graph/core/in/tokens/0"));

  const Recipe part = inspect({"graph.core.use=resoning.steps"});
  ASSERT_EQ(part.graph.size(), 1u);
  EXPECT_EQ(part.graph.at(0).name, "vision");

  const Recipe field = inspect({"data.qa.fields.image.sise=3"});
  ASSERT_EQ(field.data.size(), 1u);
  EXPECT_THAT(field.data.at(0).config,
              testing::AllOf(HasSubstr("answer"), testing::Not(HasSubstr("\"image\":{"))));
  EXPECT_TRUE(inspect({"data.qa.ordr=sequence"}).data.empty());

  const Recipe stage = inspect({"stages.0.steps=ten", "stages.0.batch_size=7"});
  ASSERT_EQ(stage.stages.size(), 1u);
  EXPECT_EQ(stage.stages.at(0).batch_size, 7);
  EXPECT_EQ(stage.resolved, "") << "nobody could read it back";
}

}  // namespace
}  // namespace weft::test
