// SPDX-License-Identifier: Apache-2.0
#include "host/optim/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "host/data/fields/field.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::optim::groups_of;
using host::optim::layers_of;
using host::optim::ParameterGroup;
using ::testing::ElementsAre;

std::vector<ParameterGroup> groups(const std::vector<std::string>& overrides) {
  const host::Recipe recipe = read_text(small_recipe(), overrides);
  const host::Model model(wire(recipe), recipe.seed);
  return groups_of(recipe.stages[0], model);
}

/// The group of each parameter, by path.
std::map<std::string, ParameterGroup> by_path(const std::vector<std::string>& overrides) {
  std::map<std::string, ParameterGroup> found;
  for (const ParameterGroup& group : groups(overrides))
    for (const host::NamedTensor& parameter : group.parameters) found[parameter.path] = group;
  return found;
}

TEST(Groups, WithoutOptionsThereAreThoseWithDecayAndThoseWithout) {
  const auto all = groups({"stages.fit.optimizer.weight_decay=0.3"});
  ASSERT_EQ(all.size(), 2u);
  std::int64_t numbers = 0;
  for (const ParameterGroup& group : all) {
    EXPECT_EQ(group.lr_mult, 1.0);
    EXPECT_EQ(group.rule.use, "adamw");
    numbers += group.numbers();
    for (const host::NamedTensor& parameter : group.parameters)
      EXPECT_EQ(group.rule.weight_decay, parameter.decay ? 0.3 : 0.0) << parameter.path;
  }
  EXPECT_GT(numbers, 1000);
}

TEST(Groups, TheLastPatternThatMatchesHolds) {
  const auto found = by_path({R"(stages.fit.train={"*": {"lr_mult": 3}, "vision": {"lr_mult": 0.5},
      "vision.block_0": {"weight_decay": false, "from_step": 2}})"});
  EXPECT_EQ(found.at("digit.out.weight").lr_mult, 3.0);
  EXPECT_EQ(found.at("vision.norm.weight").lr_mult, 0.5);
  const ParameterGroup& block = found.at("vision.block_0.attention.query.weight");
  EXPECT_EQ(block.lr_mult, 1.0);
  EXPECT_EQ(block.rule.weight_decay, 0.0);
  EXPECT_EQ(block.from_step, 2);
}

TEST(Groups, LayersAreReadFromNamesAndTheOrderOfDeclaration) {
  EXPECT_THAT(layers_of({"embedding.weight", "block_0.a", "block_0.b", "block_1.a", "norm.scale"}),
              ElementsAre(0, 1, 1, 2, 3));
  EXPECT_THAT(layers_of({"norm.scale", "out.bias", "project.weight", "block_0.norm", "block_1.a"}),
              ElementsAre(3, 3, 0, 1, 2));
  EXPECT_THAT(layers_of({"stage_0.block_1.a", "between", "stage_1.block_0.a"}),
              ElementsAre(1, 1, 2));
  EXPECT_THAT(layers_of({"block_7.a", "block_3.a", "block_7.b"}), ElementsAre(1, 2, 1));
  EXPECT_THAT(layers_of({"weight", "norm.bias", "query2"}), ElementsAre(0, 0, 0));
  EXPECT_THAT(layers_of({}), ElementsAre());
}

TEST(Groups, LayerDecayFallsFromTheTopOfEachNode) {
  const auto found = by_path({"graph.vision.config.layers=2",
                              R"(stages.fit.train={"*": {"layer_decay": 0.5, "lr_mult": 0.8}})"});
  EXPECT_DOUBLE_EQ(found.at("digit.out.weight").lr_mult, 0.8);
  EXPECT_DOUBLE_EQ(found.at("vision.norm.weight").lr_mult, 0.8);
  EXPECT_DOUBLE_EQ(found.at("vision.project.weight").lr_mult, 0.8 * 0.125);
  EXPECT_DOUBLE_EQ(found.at("vision.block_1.attention.query.weight").lr_mult, 0.8 * 0.5);
  EXPECT_DOUBLE_EQ(found.at("vision.block_0.attention.query.weight").lr_mult, 0.8 * 0.25);
}

/// What a part says of layers holds, whatever its parameters are called. One that says nothing
/// beside them is of the layer before it.
TEST(Groups, LayerDecayGoesByDeclaredLayers) {
  auto folders = host::default_search_path();
  folders.insert(folders.begin(), WEFT_DOUBLES);
  const host::Registry parts = parts_in(folders);
  const host::Recipe recipe = read_text(
      small_recipe(),
      {R"(graph.layers={"use": "test/encoder.layered", "in": {"tokens": "vision.tokens"}})",
       "graph.digit.in.state=layers.tokens",
       R"(stages.fit.train={"layers": {"layer_decay": 0.5, "lr_mult": 0.8}})"});
  std::map<std::string, std::vector<host::FieldSpec>> fields;
  for (const host::DataPlan& data : recipe.data) fields[data.name] = host::field_specs(data.config);
  const host::Model model(host::Wiring(recipe, parts, fields), recipe.seed);
  std::map<std::string, double> found;
  for (const ParameterGroup& group : groups_of(recipe.stages[0], model))
    for (const host::NamedTensor& one : group.parameters) found[one.path] = group.lr_mult;
  EXPECT_DOUBLE_EQ(found.at("layers.deep"), 0.8);  // layer 3, the top
  EXPECT_DOUBLE_EQ(found.at("layers.block_9.middle"), 0.8 * 0.5);
  EXPECT_DOUBLE_EQ(found.at("layers.shallow"), 0.8 * 0.25);
  EXPECT_DOUBLE_EQ(found.at("layers.shallow_bias"), 0.8 * 0.25);
}

TEST(Groups, MuonTakesMatricesThatDecayAndAdamWTheRest) {
  const auto found = by_path({R"(stages.fit.optimizer={"use": "muon", "lr": 0.02,
      "adamw": {"lr": 0.001, "beta2": 0.9, "match": ["digit"]}})"});
  for (const auto& [path, group] : found) {
    const bool is_matrix = path.starts_with("vision.block_0") && path.ends_with(".weight") &&
                           path.find("norm") == std::string::npos;
    if (is_matrix) {
      EXPECT_EQ(group.rule.use, "muon") << path;
    }
    if (group.rule.use == "muon") {
      EXPECT_EQ(group.rule.lr, 0.02);
      EXPECT_FALSE(path.starts_with("digit")) << path;
    } else {
      EXPECT_EQ(group.rule.lr, 0.001) << path;
      EXPECT_EQ(group.rule.settings.at("beta2"), 0.9) << path;
    }
  }
  EXPECT_EQ(found.at("digit.out.weight").rule.use, "adamw");
}

}  // namespace
}  // namespace weft::test
