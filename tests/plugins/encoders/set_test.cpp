// SPDX-License-Identifier: Apache-2.0

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "encoder.set";

Part make(const std::string& pooling, DType dtype = DType::float64) {
  return Part(id, R"({"features": 3, "dim": 5, "layers": 2, "pooling": ")" + pooling + "\"}", {},
              dtype);
}

class SetTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Pooling, SetTest, testing::Values("max", "mean"),
                         [](const auto& test) { return test.param; });

TEST_P(SetTest, MatchesNumPy) {
  const Weights from = reference("set");
  Part part = make(GetParam());
  expect_near(part.run(give_all(part, from)).at("pooled"), from.at("out." + GetParam()), 1e-10);
}

TEST_P(SetTest, OrderDoesNotMatter) {
  Part part = make(GetParam());
  const Array x = random({1, 3, 3}, 1, DType::float64);
  Array turned = Array::empty(DType::float64, {1, 3, 3});
  for (std::int64_t i = 0; i < 9; ++i)
    turned.data<double>()[i] = element(x, (i / 3 + 1) % 3 * 3 + i % 3);  // elements 1, 2, 0
  const auto before = part.run({{"points", {x}}}), after = part.run({{"points", {turned}}});
  expect_near(after.at("pooled"), before.at("pooled"), 1e-12);
  expect_near(steps(after.at("tokens"), 0, 1), steps(before.at("tokens"), 1, 1), 1e-12);
  // And the tokens do know of each other.
  const Array alone = part.run({{"points", {steps(x, 0, 1)}}}).at("tokens");
  EXPECT_GT(relative_error(alone, steps(before.at("tokens"), 0, 1)), 1e-3);
}

TEST_P(SetTest, PaddingNeverReachesTheResult) {
  Part part = make(GetParam());
  const Array x = random({2, 4, 3}, 1, DType::float64), real = length_mask({4, 2}, 4);
  const auto out = part.run({{"points", {poisoned(x, real, 1e4)}}, {"mask", {real}}});
  const auto alone = part.run({{"points", {rows(steps(x, 0, 2), 1, 1)}}});
  expect_near(rows(out.at("pooled"), 1, 1), alone.at("pooled"), 1e-10);
  expect_near(rows(steps(out.at("tokens"), 0, 2), 1, 1), alone.at("tokens"), 1e-10);
}

TEST_P(SetTest, AnEmptySetGivesZero) {
  Part part = make(GetParam());
  const Array x = random({1, 2, 3}, 1, DType::float64);
  expect_near(part.run({{"points", {x}}, {"mask", {mask({0, 0}, {1, 2})}}}).at("pooled"),
              floats({0, 0, 0, 0, 0}, {1, 5}), 0.0);
}

TEST_P(SetTest, GradientsMatchDifferences) {
  Part part = make(GetParam());
  const Arrays inputs{{"points", {random({2, 3, 3}, 1, DType::float64)}},
                      {"mask", {length_mask({3, 2}, 3)}}};
  expect_gradients(part, inputs, "pooled");
  expect_gradients(part, inputs, "tokens");
}

TEST(Set, RejectsAnUnknownPooling) {
  EXPECT_THAT(rejection(id, R"({"pooling": "sum"})"), testing::HasSubstr("pooling"));
}

}  // namespace
}  // namespace weft::test
