// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/override.hpp"

#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using OverrideTest = RecipeFiles;

TEST_F(OverrideTest, SetsByDottedPathByPointerByIndexAndByName) {
  const Recipe recipe =
      read(k_recipe,
           {"graph.vision.use=encoder.cnn", "/graph/vision/config/dim=16", "seed=7",
            "stages.0.steps=20", "stages.first.batch_size=8", "graph.core.in.tokens.1=batch.image",
            "graph.core.config={\"layers\": 2}", "name=3rd_try"});
  EXPECT_EQ(recipe.graph.at(0).use, "encoder.cnn");
  EXPECT_EQ(recipe.graph.at(0).config, R"({"dim":16})");
  EXPECT_EQ(recipe.graph.at(1).config, R"({"layers":2})");
  EXPECT_EQ(recipe.graph.at(1).in.at("tokens").at(1).port, "image");
  EXPECT_EQ(recipe.seed, 7u);
  EXPECT_EQ(recipe.stages.at(0).steps, 20);
  EXPECT_EQ(recipe.stages.at(0).batch_size, 8);
  EXPECT_EQ(recipe.name, "3rd_try") << "what is no JSON is a string";
}

TEST_F(OverrideTest, APathMayLeadThroughWhatTheSchemaFillsIn) {
  const Recipe recipe =
      read(k_recipe, {"graph.core.config.layers=2", "stages.0.schedule.warmup=3"});
  EXPECT_EQ(recipe.graph.at(1).config, R"({"layers":2})");
  EXPECT_EQ(recipe.stages.at(0).schedule.warmup, 3);
}

TEST_F(OverrideTest, LaterOverridesWinAndNullRemoves) {
  const Recipe recipe =
      read(k_recipe, {"seed=1", "seed=2", "metrics=null", "name=a", "graph.core.config.x=a=b"});
  EXPECT_EQ(recipe.seed, 2u);
  EXPECT_TRUE(recipe.metrics.empty());
  EXPECT_EQ(recipe.name, "a");
  EXPECT_EQ(recipe.graph.at(1).config, R"({"x":"a=b"})") << "the first = ends the path";
  EXPECT_EQ(read(k_recipe, {"graph.core.in.tokens.0=null"}).graph.at(1).in.at("tokens").size(), 1u);
}

TEST_F(OverrideTest, TheFileOfAnOverrideIsTheOption) {
  EXPECT_THAT(
      refusals(k_recipe, {"stages.first.steps=many"}),
      ElementsAre("--set: /stages/0/steps: expected an integer of at least 1, found \"many\"."));
}

TEST_F(OverrideTest, RefusesAPathThatLeadsNowhere) {
  EXPECT_THAT(refusals(k_recipe, {"graph.vison.use=x"}),
              ElementsAre("--set: /graph/vison: nothing to set: /graph has no \"vison\". Did you "
                          "mean \"vision\"?"));
  EXPECT_THAT(refusals(k_recipe, {"grph.vision.use=x"}),
              ElementsAre("--set: /grph: nothing to set: the recipe has no \"grph\". Did you mean "
                          "\"graph\"?"));
  EXPECT_THAT(refusals(k_recipe, {"stages.frist.steps=1"}),
              ElementsAre("--set: /stages/frist: nothing to set: /stages has no \"frist\". Did you "
                          "mean \"first\"?"));
  EXPECT_THAT(refusals(k_recipe, {"stages.1.steps=1"}),
              ElementsAre("--set: /stages/1: nothing to set: /stages has no \"1\". Known: first."));
  EXPECT_THAT(refusals(k_recipe, {"name.x=1"}),
              ElementsAre("--set: /name/x: nothing to set: /name is \"small\"."));
  EXPECT_THAT(refusals(k_recipe, {"evaluate=null"}).at(0),
              HasSubstr("--set: /evaluate: nothing to set: the recipe has no \"evaluate\"."));
}

TEST_F(OverrideTest, ANewKeyIsCheckedLikeAnyOther) {
  EXPECT_THAT(refusals(k_recipe, {"stages.0.setps=1"}),
              ElementsAre("--set: /stages/0/setps: unknown key. Did you mean \"steps\"?"));
}

TEST_F(OverrideTest, RefusesWhatIsNoOverride) {
  EXPECT_THAT(refusals(k_recipe, {"seed", "=1"}),
              ElementsAre("--set: expected path=value, found \"seed\".",
                          "--set: expected path=value, found \"=1\"."));
  EXPECT_THAT(refusals(k_recipe, {"extends=x.json"}),
              ElementsAre("--set: /extends: this cannot be set. Write a recipe that extends the "
                          "other one."));
  EXPECT_THAT(refusals(k_recipe, {"graph.core.config={\"a\": }"}),
              ElementsAre(HasSubstr("--set: \"graph.core.config={\"a\": }\": not valid JSON")));
  EXPECT_THAT(refusals(k_recipe, {"name=\xff"}), ElementsAre(HasSubstr("ill-formed UTF-8")));
}

TEST_F(OverrideTest, DepthStaysLimited) {
  const std::string deep = std::string(62, '[') + std::string(62, ']');
  EXPECT_THAT(refusals(k_recipe, {"graph.core.config.a=" + deep}),
              ElementsAre("--set: /graph/core/config/a: objects and arrays are nested more than 64 "
                          "deep."));
}

}  // namespace
}  // namespace weft::test
