// SPDX-License-Identifier: Apache-2.0
/// Outputs on demand are computed where something that runs reads them, and nowhere else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/data/fields/field.hpp"
#include "host/engine/autograd.hpp"
#include "host/graph/model.hpp"
#include "tests/support/component.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Asked;
using host::CallOptions;
using host::Tensor;
using host::Values;

constexpr std::size_t k_tokens = 0, k_map = 1;  // output ports of test/encoder.on_demand

/// vision → maps → digit → ce, and `mixed`, which reads maps.map.
class Demand : public testing::Test {
 protected:
  Demand() : model_(wired(), 1) { options_.data = "av"; }

  static host::Wiring wired() {
    auto folders = host::default_search_path();
    folders.insert(folders.begin(), WEFT_DOUBLES);
    static const host::Registry registry = parts_in(folders);
    const host::Recipe recipe = read_text(
        small_recipe(),
        {R"(graph.maps={"use": "test/encoder.on_demand", "in": {"tokens": "vision.tokens"}})",
         "graph.digit.in.state=maps.tokens",
         R"(graph.mixed={"use": "test/encoder.context",
            "in": {"tokens": "maps.tokens", "context": "maps.map"}})"});
    std::map<std::string, std::vector<host::FieldSpec>> fields;
    for (const host::DataPlan& data : recipe.data)
      fields[data.name] = host::field_specs(data.config);
    return host::Wiring(recipe, registry, fields);
  }

  /// The outputs of "maps" where `targets` are computed.
  std::vector<Tensor> maps(const std::vector<std::string>& targets) const {
    std::vector<std::size_t> nodes;
    for (const std::string& name : targets) nodes.push_back(model_.wiring().index(name));
    const Values values = model_.forward(model_.wiring().needed(nodes), batch_, options_);
    return values.outputs.at(model_.wiring().index("maps"));
  }

  const host::Model model_;
  const host::TensorMap batch_{{"picture", host::from_array(random({4, 1, 28, 28}, 1))},
                               {"label", host::from_array(ints({1, 2, 3, 4}, {4}))}};
  CallOptions options_;
};

TEST_F(Demand, IsComputedWhereANodeThatRunsReadsIt) {
  const host::GradMode off(false);
  EXPECT_FALSE(maps({"digit"})[k_map]);
  const std::vector<Tensor> asked = maps({"digit", "mixed"});
  ASSERT_TRUE(asked[k_map]);
  EXPECT_EQ(element(host::to_array(asked[k_map]), 0), 1.0) << "it was asked for before";
  EXPECT_FALSE(maps({"digit"})[k_map]);
  EXPECT_EQ(element(host::to_array(maps({"mixed"})[k_map]), 0), 2.0);
}

TEST_F(Demand, ChangesNoBitOfTheOthers) {
  const host::GradMode off(false);
  const host::Array without = host::to_array(maps({"digit"})[k_tokens]);
  expect_near(host::to_array(maps({"digit", "mixed"})[k_tokens]), without, 0.0);
}

TEST_F(Demand, IsComputedForWhoAsksBesides) {
  const host::GradMode off(false);
  const std::size_t node = model_.wiring().index("maps");
  options_.asked = std::make_shared<const Asked>(Asked{{}, {{node, k_map}}});
  EXPECT_TRUE(maps({"digit"})[k_map]);
}

/// Recomputing keeps who asked, though forward() is long over on the way back.
TEST_F(Demand, IsThereAgainWhenANodeIsRecomputed) {
  const std::set<std::size_t> again{model_.wiring().index("maps")};
  options_.again = &again;
  const std::size_t mixed = model_.wiring().index("mixed");
  const Values values = model_.forward(model_.wiring().needed({mixed}), batch_, options_);
  const Tensor& sum = values.outputs.at(mixed)[0];
  host::backward(host::sum_of_products(sum, host::from_array(random(sum.sizes(), 2))));
  EXPECT_TRUE(host::gradient(model_.parameters().front().tensor));
}

}  // namespace
}  // namespace weft::test
