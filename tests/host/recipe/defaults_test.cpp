// SPDX-License-Identifier: Apache-2.0
/// `defaults`, and the short forms.
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using Defaults = RecipeFiles;

std::string with(const std::string& defaults) {
  return R"(  "name": "small", "defaults": )" + defaults + ",";
}
const std::string k_name = R"(  "name": "small",)";

TEST_F(Defaults, FillSilentStages) {
  const Recipe recipe = read(edited(k_name, with(R"({"stage": {"clip_norm": 2,
                                 "optimizer": {"lr": 1, "beta1": 0.5}}})")));
  const host::StagePlan& stage = recipe.stages.at(0);
  EXPECT_EQ(stage.clip_norm, 2.0);
  EXPECT_EQ(stage.optimizer.lr, 0.001);  // it says so itself
  EXPECT_EQ(stage.optimizer.settings.at("beta1"), 0.5);
  EXPECT_THAT(recipe.resolved, testing::Not(HasSubstr("defaults")));
}

TEST_F(Defaults, NullLeavesADefaultOut) {
  const std::string text = edited(k_name, with(R"({"stage": {"clip_norm": 2, "save_every": 1}})"));
  EXPECT_EQ(read(text, {"stages.0.save_every=5"}).stages.at(0).save_every, 5);
  std::string silent = text;
  silent.replace(silent.find("\"batch_size\""), 0, "\"clip_norm\": null, ");
  EXPECT_EQ(read(silent).stages.at(0).clip_norm, 0.0);
}

TEST_F(Defaults, FillFieldsThatKnowTheKey) {
  const Recipe recipe = read(edited(k_name, with(R"({"field": {"mean": 0.5}})")));
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("mean":0.5)"));
}

TEST_F(Defaults, OfPartsAreForTheGraph) {
  const Recipe recipe = read(edited(k_name, with(R"({"config": {"dim": 8}})")));
  EXPECT_EQ(recipe.defaults, R"({"dim":8})");
}

TEST_F(Defaults, ThatNothingTakesAreProblems) {
  EXPECT_THAT(
      refusals(edited(k_name, with(R"({"stage": {"batchsize": 9}})"))),
      ElementsAre("r.json:3:43: /defaults/stage/batchsize: no stage knows this key. Did you "
                  "mean \"batch_size\"?"));
  EXPECT_THAT(
      refusals(edited(k_name, with(R"({"stage": {"batch_size": 9}})"))),
      ElementsAre("r.json:3:43: /defaults/stage/batch_size: nothing takes this default: every "
                  "stage that knows the key gives its own. Remove it."));
  EXPECT_THAT(refusals(edited(k_name, with(R"({"field": {"frames": 9}})"))),
              ElementsAre(HasSubstr("/defaults/field/frames: no field knows this key.")));
  EXPECT_THAT(refusals(edited(k_name, with(R"({"stages": {}})"))),
              ElementsAre("r.json:3:33: /defaults/stages: unknown key. Did you mean \"stage\"?"));
}

TEST_F(Defaults, AWrongOneIsFoundWhereItStands) {
  EXPECT_THAT(
      refusals(edited(k_name, with(R"({"stage": {"clip_norm": -1}})"))),
      ElementsAre("r.json:3:43: /stages/0/clip_norm: expected a number above 0, found -1."));
}

TEST_F(Defaults, CommentsMayStandAnywhere) {
  const Recipe recipe = read("// why\n" + edited(k_name, "  // what\n" + k_name + " /* it is */"));
  EXPECT_EQ(recipe.name, "small");
  EXPECT_THAT(
      refusals("// one\n" + edited("\"steps\": 10", "\"steps\": 0")),
      ElementsAre("r.json:28:7: /stages/0/steps: expected an integer of at least 1, found 0."));
}

TEST_F(Defaults, OnePathNamesAllSplits) {
  const std::string shards = R"({"train": ["a.tar"], "val": ["b.tar"]})";
  const Recipe recipe = read(edited(shards, R"("qa-{train,val}-{000..003}.tar")"));
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("shards":{"train":[")" + folder() +
                                                  R"(/qa-train-{000..003}.tar"],"val":[")" +
                                                  folder() + R"(/qa-val-{000..003}.tar"]})"));
  EXPECT_THAT(read(edited(shards, R"(["a-{train,val}.tar", "b-{train}.tar"])")).data.at(0).config,
              HasSubstr(folder() + R"(/a-train.tar",")" + folder() + R"(/b-train.tar"])"));
  EXPECT_THAT(
      refusals(edited(shards, R"("qa-{train,dev}.tar")")),
      ElementsAre(HasSubstr("r.json:6:7: /data/qa/shards: a path for all splits names them in "
                            "braces, as in \"qa-{train,val,test}-*.tar\".")));
}

TEST_F(Defaults, AListOfLossesHasWeightsOfOne) {
  EXPECT_THAT(read(edited(R"({"ce": 1},)", R"(["ce"],)")).stages.at(0).losses,
              ElementsAre(testing::Pair("ce", 1.0)));
  EXPECT_THAT(
      refusals(edited(R"({"ce": 1},)", R"(["cee"],)")),
      ElementsAre("r.json:29:18: /stages/0/losses/cee: no loss is called \"cee\". Did you mean "
                  "\"ce\"?"));
}

TEST_F(Defaults, WiresMayBeShort) {
  const Recipe recipe = read(k_recipe, {"graph.core.in=[\"vision\", \"batch.answer\"]"});
  ASSERT_EQ(recipe.graph.at(1).in.at("").size(), 2u);
  EXPECT_EQ(recipe.graph.at(1).in.at("")[0].node, "vision");
  EXPECT_EQ(recipe.graph.at(1).in.at("")[0].port, "");
  EXPECT_EQ(recipe.graph.at(1).in.at("")[1].place.pointer, "/graph/core/in/1");
  EXPECT_THAT(refusals(k_recipe, {"graph.core.in=batch"}),
              ElementsAre("--set: /graph/core/in: expected a wire such as \"batch.image\" or "
                          "\"vision.tokens\", found \"batch\"."));
  EXPECT_THAT(refusals(k_recipe, {"graph.core.in=visio"}),
              ElementsAre("--set: /graph/core/in: no graph node is called \"visio\". Did you mean "
                          "\"vision\"?"));
}

}  // namespace
}  // namespace weft::test
