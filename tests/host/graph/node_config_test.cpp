// SPDX-License-Identifier: Apache-2.0
#include "host/graph/node_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::test {
namespace {

using host::fill_config;
using host::NodeConfig;
using host::Wire;
using host::WireSizes;
using testing::ElementsAre;

const std::string k_schema = R"({"type": "object", "properties": {
  "dim": {"type": "integer", "$defs": {"x-from": {"port": "tokens", "axis": 2}}},
  "vocab_size": {"type": "integer", "x-from": {"port": "tokens", "classes": true}},
  "layers": {"type": "integer"}, "next_token": {"type": "boolean"}}})";

class Filled : public testing::Test {
 protected:
  NodeConfig fill(const std::string& config) {
    plan_.name = "node";
    plan_.config = config;
    plan_.place.pointer = "/graph/node";
    return fill_config(plan_, k_schema,
                       {{"tokens", {Wire{"batch", "x", {"/graph/node/in", "", 0}}}}}, recipe_,
                       [&](const std::vector<Wire>&) { return sizes_; });
  }

  host::NodePlan plan_;
  host::Recipe recipe_;
  std::vector<WireSizes> sizes_;
};

TEST_F(Filled, FollowsTheLargestWire) {
  sizes_ = {{{-1, 7, 16}, 0}, {{-1, 9, 32}, 50}};
  const NodeConfig config = fill("{}");
  EXPECT_EQ(config.values, R"({"dim":32,"vocab_size":50})");
  EXPECT_EQ(config.origins.at("dim"), "/graph/node/in");
}

TEST_F(Filled, LeavesWhatIsNotKnownToThePart) {
  sizes_ = {{{-1, -1, -1}, 0}, {{-1}, 0}};
  EXPECT_EQ(fill("{}").values, "{}");
}

TEST_F(Filled, TakesWhatTheNodeSaysThenTheWireThenTheDefault) {
  sizes_ = {{{-1, 7, 16}, 0}};
  recipe_.defaults = R"({"dim": 3, "layers": 4, "vocab_size": 5, "other": 6})";
  const NodeConfig config = fill(R"({"layers": 1})");
  EXPECT_EQ(config.values, R"({"dim":16,"layers":1,"vocab_size":5})");
  EXPECT_EQ(config.origins.at("vocab_size"), "/defaults/config/vocab_size");
  EXPECT_THAT(config.defaults, ElementsAre("vocab_size"));
  EXPECT_THAT(config.known_defaults, ElementsAre("dim", "layers", "vocab_size"));
}

TEST_F(Filled, DropsWhatIsLeftOverAndUnknown) {
  plan_.left_over = {"heads", "layers"};
  const NodeConfig config = fill(R"({"heads": 2, "layers": 1, "typo": 3})");
  EXPECT_EQ(config.values, R"({"layers":1,"typo":3})");
  EXPECT_THAT(config.dropped, ElementsAre("heads"));
}

TEST_F(Filled, GivesKeysOfFormat1TheirNames) {
  sizes_ = {{{-1, 7, 16}, 9}};
  recipe_.is_format_1 = true;
  EXPECT_EQ(fill(R"({"depth": 2, "vocab": 8, "shift": 1, "inner": 4})").values,
            R"({"inner":4,"layers":2,"next_token":true,"vocab_size":8})");
  EXPECT_EQ(fill("{}").values, "{}");  // silence meant the part's own default
}

TEST(PortOfSizes, IsTheOnlyOneThatASchemaNames) {
  EXPECT_EQ(host::port_of_sizes(k_schema), "tokens");
  EXPECT_EQ(host::port_of_sizes("{}"), "");
  EXPECT_EQ(host::port_of_sizes(R"({"properties": {"a": {"x-from": {"port": "l", "axis": 1}},
                                                   "b": {"x-from": {"port": "r", "axis": 1}}}})"),
            "");
}

}  // namespace
}  // namespace weft::test
