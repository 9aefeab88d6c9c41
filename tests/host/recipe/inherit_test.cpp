// SPDX-License-Identifier: Apache-2.0
/// Sections, fields, nodes and stages that extend one another.
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using Inherit = RecipeFiles;

TEST_F(Inherit, ASectionStartsFromASibling) {
  const Recipe recipe = read(edited(R"(        "answer")", R"(        "gone": {"kind": "group"},
        "answer")"),
                             {R"(data.pairs={"extends": "qa", "explode": "/q",
                                 "fields": {"gone": null, "image": {"size": [4, 4]}}})"});
  ASSERT_EQ(recipe.data.size(), 2u);
  EXPECT_THAT(recipe.data[1].config, HasSubstr(R"("explode":"/q")"));
  EXPECT_THAT(recipe.data[1].config, HasSubstr(R"("size":[4,4])"));
  EXPECT_THAT(recipe.data[1].config, HasSubstr(R"("answer")"));
  EXPECT_THAT(recipe.data[1].config, testing::Not(HasSubstr("gone")));
  EXPECT_THAT(recipe.data[0].config, HasSubstr("gone"));
}

TEST_F(Inherit, AFieldANodeAndAStageDoToo) {
  const Recipe recipe =
      read(k_recipe, {R"(data.qa.fields.other={"extends": "image", "channels": 3})",
                      R"(graph.again={"extends": "vision", "config": {"layers": 2}})",
                      R"(metrics.top={"extends": "accuracy", "in": {"target": "batch.answer"}})"});
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("channels":3)"));
  EXPECT_EQ(recipe.graph.at(2).use, "encoder.vit");
  EXPECT_EQ(recipe.graph.at(2).config, R"({"dim":8,"layers":2})");
  EXPECT_EQ(recipe.metrics.at(1).in.size(), 2u);
  const Recipe staged = read(edited("  \"stages\": [\n",
                                    "  \"stages\": [{\"name\": \"zero\", \"extends\": \"first\", "
                                    "\"steps\": 3},\n"));
  EXPECT_EQ(staged.stages.at(0).name, "zero");
  EXPECT_EQ(staged.stages.at(0).steps, 3);
  EXPECT_EQ(staged.stages.at(0).batch_size, 4);
}

TEST_F(Inherit, AnObjectOfLetIsABaseToo) {
  const Recipe recipe = read(edited(R"(  "name": "small",)", R"(  "name": "small",
  "let": {"look": {"kind": "image", "size": [2, 2]}},)"),
                             {R"(data.qa.fields.other={"extends": "$look", "channels": 3})",
                              R"(data.qa.fields.same="$look")"});
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("size":[2,2],"channels":3)"));
}

TEST_F(Inherit, WhatLeadsNowhereIsNamed) {
  EXPECT_THAT(refusals(k_recipe, {R"(data.pairs={"extends": "qaa"})"}),
              testing::Contains("--set: /data/pairs/extends: no data section beside it is called "
                                "\"qaa\". Did you mean \"qa\"?"));
  EXPECT_THAT(refusals(k_recipe, {R"(graph.a={"extends": "b"})", R"(graph.b={"extends": "a"})"}),
              testing::Contains(HasSubstr("this goes round in a loop. Remove one \"extends\".")));
  EXPECT_THAT(refusals(k_recipe, {"graph.core.extends=3"}),
              ElementsAre("--set: /graph/core/extends: expected the name of a node beside it, or "
                          "an object of \"let\", found 3."));
  EXPECT_THAT(refusals(k_recipe, {R"(data.p={"extends": "qa", "fields": {"imag": null}})"}),
              ElementsAre(HasSubstr("/data/p/fields/imag: nothing to remove")));
}

TEST_F(Inherit, TooManyCopiesAreRefused) {
  std::string fields;
  for (int i = 0; i < 990; ++i)
    fields += ", \"f" + std::to_string(i) + "\": {\"kind\": \"group\", \"member\": \"cls\"}";
  std::vector<std::string> overrides;
  for (int i = 0; i < 100; ++i)
    overrides.push_back("data.copy" + std::to_string(i) + R"(={"extends": "qa"})");
  EXPECT_THAT(refusals(edited("\"size\": [8, 8]}", "\"size\": [8, 8]}" + fields), overrides),
              testing::Contains(HasSubstr("this makes the recipe larger than 200000 values")));
}

TEST_F(Inherit, AVariantNamesStages) {
  write("base.json", edited("  \"stages\": [\n",
                            "  \"stages\": [{\"name\": \"zero\", \"extends\": \"first\"},\n"));
  const Recipe recipe = read(R"({"extends": "base.json", "format": 2,
    "stages": {"zero": null, "first": {"steps": 7}, "last": {"extends": "first", "steps": 2}}})");
  ASSERT_EQ(recipe.stages.size(), 2u);
  EXPECT_EQ(recipe.stages[0].name, "first");
  EXPECT_EQ(recipe.stages[0].steps, 7);
  EXPECT_EQ(recipe.stages[1].name, "last");
  EXPECT_EQ(recipe.stages[1].batch_size, 4);
  EXPECT_THAT(
      refusals(R"({"extends": "base.json", "format": 2, "stages": {"zerro": null}})"),
      ElementsAre("r.json:1:50: /stages/zerro: nothing to remove: the extended recipe has no such "
                  "stage. Did you mean \"zero\"?"));
}

TEST_F(Inherit, AnOverrideReachesWhatIsInherited) {
  const Recipe recipe =
      read(k_recipe, {R"(data.pairs={"extends": "qa"})", "data.pairs.fields.image.size=[2, 2]",
                      "data.pairs.fields.answer=null"});
  EXPECT_THAT(recipe.data.at(1).config, HasSubstr(R"("size":[2,2])"));
  EXPECT_THAT(recipe.data.at(1).config, testing::Not(HasSubstr("answer")));
}

TEST_F(Inherit, AnotherPartLeavesItsConfigurationOver) {
  EXPECT_THAT(read(k_recipe, {"graph.vision.use=encoder.other"}).graph.at(0).left_over,
              ElementsAre("dim"));
  EXPECT_TRUE(read(k_recipe, {"graph.vision.use=encoder.vit@^1"}).graph.at(0).left_over.empty());
  EXPECT_TRUE(read(k_recipe, {"graph.vision.use=encoder.other", "graph.vision.config.dim=3"})
                  .graph.at(0)
                  .left_over.empty());
  write("base.json", k_recipe);
  EXPECT_THAT(read(R"({"extends": "base.json", "format": 2,
                       "graph": {"vision": {"use": "encoder.other", "config": {"x": 1}}}})")
                  .graph.at(0)
                  .left_over,
              ElementsAre("dim"));
}

}  // namespace
}  // namespace weft::test
