// SPDX-License-Identifier: Apache-2.0
/// encoder.lstm against its equations step by step (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "encoder.lstm";

TEST(LstmEncoder, MatchesNumPyAlsoWithHolesInTheMask) {
  const Weights from = reference("lstm");
  Part part(id, R"({"features": 3, "dim": 4, "layers": 2})", {}, DType::float64);
  const Arrays inputs = give_all(part, from);
  const auto out = part.run(inputs);
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
  expect_near(out.at("pooled"), from.at("out.pooled"), 1e-10);
  expect_near(out.at("mask"), inputs.at("mask")[0], 0.0);
}

TEST(LstmEncoder, IdsAreRowsOfATable) {
  Part ids(id, R"({"vocab_size": 5, "dim": 4, "bidirectional": false})");
  Part frames(id, R"({"features": 4, "dim": 4, "bidirectional": false})");
  for (const std::string& name : frames.parameter_names()) frames.set(name, ids.get(name));
  const Array table = ids.get("embedding.weight");
  const Array two = reshaped(rows(table, 1, 2), {1, 2, 4});
  expect_near(ids.run({{"ids", {ints({1, 2}, {1, 2})}}}).at("tokens"),
              frames.run({{"features", {two}}}).at("tokens"), 1e-6);
}

TEST(LstmEncoder, OneDirectionKnowsNothingOfWhatComes) {
  Part part(id, R"({"features": 2, "dim": 4, "layers": 2, "bidirectional": false})");
  const Array x = random({1, 4, 2}, 1);
  const Array whole = part.run({{"features", {x}}}).at("tokens");
  const Array half = part.run({{"features", {steps(x, 0, 2)}}}).at("tokens");
  expect_near(steps(whole, 0, 2), half, 1e-6);
}

TEST(LstmEncoder, PaddingNeverReachesARealToken) {
  Part part(id, R"({"features": 2, "dim": 4})");
  const Array x = random({2, 4, 2}, 1), real = length_mask({4, 2}, 4);
  const auto out = part.run({{"features", {poisoned(x, real, 1e30)}}, {"mask", {real}}});
  const Array alone = part.run({{"features", {rows(steps(x, 0, 2), 1, 1)}}}).at("tokens");
  const Array sample = rows(out.at("tokens"), 1, 1);
  expect_near(steps(sample, 0, 2), alone, 1e-6);
  expect_near(steps(sample, 2, 2), floats(std::vector<double>(8, 0.0), {1, 2, 4}), 0.0);
}

TEST(LstmEncoder, GradientsMatchDifferences) {
  Part part(id, R"({"features": 2, "dim": 4})", {}, DType::float64);
  expect_gradients(
      part,
      {{"features", {random({2, 3, 2}, 1, DType::float64)}}, {"mask", {length_mask({3, 2}, 3)}}},
      "tokens");
}

TEST(LstmEncoder, RejectsAnOddWidthOfBothDirections) {
  EXPECT_THAT(rejection(id, R"({"dim": 5})"),
              testing::HasSubstr("dim: must be even for both directions, found 5"));
  EXPECT_EQ(rejection(id, R"({"dim": 5, "bidirectional": false})"), "");
}

}  // namespace
}  // namespace weft::test
