// SPDX-License-Identifier: Apache-2.0

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.regression";

TEST(RegressionHead, IsAnAffineMapOfTheMean) {
  Part part(id, R"({"dim": 2, "outputs": 3})");
  part.set("out.weight", floats({1, 0, 0, 1, 1, -1}, {3, 2}));
  part.set("out.bias", floats({0, 10, 0}, {3}));
  const Array state = floats({1, 2, 3, 6, 100, 100}, {1, 3, 2});
  const auto out = part.run({{"state", {state}}, {"mask", {mask({1, 1, 0}, {1, 3})}}});
  expect_near(out.at("prediction"), floats({2, 14, -2}, {1, 3}), 1e-6);
}

TEST(RegressionHead, FirstAndAttentionPooling) {
  Part first(id, R"({"dim": 2, "outputs": 1, "pooling": "first"})");
  first.set("out.weight", floats({1, 1}, {1, 2}));
  const Array state = floats({1, 2, 3, 6}, {1, 2, 2});
  expect_near(first.run({{"state", {state}}}).at("prediction"), floats({3}, {1, 1}), 1e-6);
  Part attentive(id, R"({"dim": 2, "outputs": 1, "pooling": "attention"})");
  attentive.set("out.weight", floats({1, 1}, {1, 2}));
  attentive.set("query", floats({1000, 0}, {2}));  // looks for the largest first element alone
  expect_near(attentive.run({{"state", {state}}}).at("prediction"), floats({9}, {1, 1}), 1e-5);
}

TEST(RegressionHead, GradientsMatchDifferences) {
  for (const char* pooling : {"mean", "first", "attention"}) {
    Part part(
        id, R"({"dim": 4, "outputs": 2, "hidden": 3, "pooling": ")" + std::string(pooling) + "\"}",
        {}, DType::float64);
    expect_gradients(
        part,
        {{"state", {random({2, 3, 4}, 1, DType::float64)}}, {"mask", {length_mask({3, 2}, 3)}}},
        "prediction");
  }
}

TEST(RegressionHead, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"outputs": 0})"), testing::HasSubstr("outputs"));
  EXPECT_THAT(rejection(id, R"({"pooling": "max"})"), testing::HasSubstr("pooling"));
}

}  // namespace
}  // namespace weft::test
