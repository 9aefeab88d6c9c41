// SPDX-License-Identifier: Apache-2.0
/// loss.contrastive against CLIP's and UniCL's losses in torch.

#include <cmath>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.contrastive";

double value(const std::map<std::string, Array>& out, const char* port) {
  return element(out.at(port), 0);
}

TEST(Contrastive, MatchesTorchWithOnePositiveEach) {
  const Weights from = reference("losses_torch");
  Part part(id, R"({"left_dim": 8, "right_dim": 8})");
  const Arrays inputs{{"left", {from.at("in.image")}}, {"right", {from.at("in.text")}}};
  const auto out = part.run(inputs);
  EXPECT_EQ(value(out, "weight"), 5.0);
  EXPECT_NEAR(value(out, "loss") / 5.0, element(from.at("out.itc_tau_0.07_mean"), 0), 1e-5);
  const auto gradients = part.gradients(inputs, "loss", floats({0.2}, {}));
  EXPECT_LE(relative_error(gradients.inputs.at("left")[0], from.at("grad.itc_tau_0.07_mean.0")),
            1e-4);
  EXPECT_LE(relative_error(gradients.inputs.at("right")[0], from.at("grad.itc_tau_0.07_mean.1")),
            1e-4);
}

TEST(Contrastive, MatchesTorchWithGroupsProjectionsAndLearnedTemperature) {
  const Weights from = reference("losses");
  Part part(id, R"({"left_dim": 5, "right_dim": 4, "project": 3, "learned": true})", {},
            DType::float64);
  EXPECT_NEAR(element(part.get("log_scale"), 0), std::log(1 / 0.07), 1e-12);
  part.set("left.weight", from.at("in.groups.w_left"));
  part.set("right.weight", from.at("in.groups.w_right"));
  part.set("log_scale", from.at("in.groups.log_scale"));
  const Arrays inputs{{"left", {from.at("in.groups.left")}},
                      {"right", {from.at("in.groups.right")}},
                      {"group", {from.at("in.groups.group")}}};
  EXPECT_NEAR(value(part.run(inputs), "loss"), element(from.at("out.groups"), 0), 1e-10);
  const auto gradients = part.gradients(inputs, "loss", floats({1}, {}, DType::float64));
  EXPECT_LE(relative_error(gradients.inputs.at("left")[0], from.at("grad.groups.left")), 1e-9);
  EXPECT_LE(relative_error(gradients.inputs.at("right")[0], from.at("grad.groups.right")), 1e-9);
  EXPECT_LE(relative_error(gradients.parameters.at("left.weight"), from.at("grad.groups.w_left")),
            1e-9);
  EXPECT_LE(relative_error(gradients.parameters.at("right.weight"), from.at("grad.groups.w_right")),
            1e-9);
  EXPECT_LE(relative_error(gradients.parameters.at("log_scale"), from.at("grad.groups.log_scale")),
            1e-9);
}

// All pairs equally similar: each row guesses among B.
TEST(Contrastive, EqualVectorsCostTheLogarithmOfTheBatch) {
  Part part(id, R"({"left_dim": 2, "right_dim": 2})");
  const Array same = floats({1, 2, 1, 2, 1, 2}, {3, 2});
  EXPECT_NEAR(value(part.run({{"left", {same}}, {"right", {same}}}), "loss"), 3 * std::log(3.0),
              1e-5);
}

TEST(Contrastive, LengthsDoNotMatterAndSidesMayBeSwapped) {
  Part part(id, R"({"left_dim": 4, "right_dim": 4})", {}, DType::float64);
  const Array left = random({5, 4}, 1, DType::float64), right = random({5, 4}, 2, DType::float64);
  Array longer = random({5, 4}, 1, DType::float64);
  for (std::int64_t i = 0; i < longer.count(); ++i)
    longer.data<double>()[i] *= 3.0 + static_cast<double>(i / 4);
  const double loss = value(part.run({{"left", {left}}, {"right", {right}}}), "loss");
  EXPECT_NEAR(value(part.run({{"left", {longer}}, {"right", {right}}}), "loss"), loss, 1e-10);
  EXPECT_NEAR(value(part.run({{"left", {right}}, {"right", {left}}}), "loss"), loss, 1e-10);
}

TEST(Contrastive, RowsOfTheirOwnAreNoGroups) {
  Part part(id, R"({"left_dim": 4, "right_dim": 4})");
  Arrays inputs{{"left", {random({3, 4}, 1)}}, {"right", {random({3, 4}, 2)}}};
  const double loss = value(part.run(inputs), "loss");
  inputs["group"] = {ints({7, -2, 0}, {3})};
  EXPECT_NEAR(value(part.run(inputs), "loss"), loss, 1e-6);
}

TEST(Contrastive, TheLearnedScaleIsBoundedButNotStuck) {
  Part part(id, R"({"left_dim": 4, "right_dim": 4, "learned": true})", {}, DType::float64);
  const Arrays inputs{{"left", {random({3, 4}, 1, DType::float64)}},
                      {"right", {random({3, 4}, 2, DType::float64)}}};
  part.fill("log_scale", std::log(100.0));
  const double at_the_bound = value(part.run(inputs), "loss");
  const Array one = floats({1}, {}, DType::float64);
  const double slope = element(part.gradients(inputs, "loss", one).parameters.at("log_scale"), 0);
  part.fill("log_scale", 9.0);
  EXPECT_NEAR(value(part.run(inputs), "loss"), at_the_bound, 1e-9);
  EXPECT_NEAR(element(part.gradients(inputs, "loss", one).parameters.at("log_scale"), 0), slope,
              1e-9);
  EXPECT_NE(slope, 0.0);
}

TEST(Contrastive, AZeroVectorGivesAFiniteLossAndGradient) {
  Part part(id, R"({"left_dim": 2, "right_dim": 2})", {}, DType::float64);
  const Arrays inputs{{"left", {floats({0, 0, 1, 2}, {2, 2}, DType::float64)}},
                      {"right", {floats({1, 0, 0, 1}, {2, 2}, DType::float64)}}};
  EXPECT_TRUE(std::isfinite(value(part.run(inputs), "loss")));
  const Array gradient =
      part.gradients(inputs, "loss", floats({1}, {}, DType::float64)).inputs.at("left")[0];
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isfinite(element(gradient, i)));
}

TEST(Contrastive, GradientsMatchDifferences) {
  const Arrays inputs{{"left", {random({4, 5}, 1, DType::float64)}},
                      {"right", {random({4, 3}, 2, DType::float64)}},
                      {"group", {ints({1, 2, 1, 3}, {4})}}};
  Part part(id,
            R"({"left_dim": 5, "right_dim": 3, "project": 4, "learned": true, "temperature": 0.5})",
            {}, DType::float64);
  expect_gradients(part, inputs, "loss");
}

TEST(Contrastive, PairsOfWhichAHalfIsAbsentDoNotCount) {
  const std::map<std::string, std::uint32_t> wired{{"left_present", 1}, {"right_present", 1}};
  Part part(id, R"({"left_dim": 4, "right_dim": 3, "project": 2})", wired, DType::float64);
  const Array left = random({5, 4}, 1, DType::float64), right = random({5, 3}, 2, DType::float64);
  const Array group = ints({1, 2, 1, 3, 2}, {5});
  const auto inputs = [&](double garbage) {  // rows 1 and 3 lack the left or the right half
    return Arrays{{"left", {poisoned(left, mask({1, 0, 1, 1, 1}, {5, 1}), garbage)}},
                  {"right", {poisoned(right, mask({1, 1, 1, 0, 1}, {5, 1}), garbage)}},
                  {"group", {group}},
                  {"left_present", {mask({1, 0, 1, 1, 1}, {5})}},
                  {"right_present", {mask({1, 1, 1, 0, 1}, {5})}}};
  };
  const auto pick = [](const Array& array) {
    std::vector<std::int64_t> sizes = array.sizes;
    sizes[0] = 3;
    std::vector<double> kept;
    const std::int64_t width = array.count() / 5;
    for (const std::int64_t b : {0, 2, 4})
      for (std::int64_t i = 0; i < width; ++i) kept.push_back(element(array, b * width + i));
    return floats(kept, sizes, DType::float64);
  };
  const auto out = part.run(inputs(std::numeric_limits<double>::quiet_NaN()));
  const auto alone = part.run(
      {{"left", {pick(left)}}, {"right", {pick(right)}}, {"group", {ints({1, 1, 2}, {3})}}});
  EXPECT_EQ(value(out, "loss"), value(alone, "loss"));
  EXPECT_EQ(value(out, "weight"), 3.0);
  expect_gradients(part, inputs(0.5), "loss");

  Arrays nobody = inputs(0.5);
  nobody["left_present"] = {mask({0, 0, 0, 0, 0}, {5})};
  EXPECT_EQ(value(part.run(nobody), "loss"), 0.0);
  EXPECT_EQ(value(part.run(nobody), "weight"), 0.0);
}

TEST(Contrastive, RejectsWhatCannotBe) {
  EXPECT_THAT(
      rejection(id, R"({"left_dim": 8, "right_dim": 6})"),
      testing::HasSubstr(
          "project: left_dim 8 and right_dim 6 differ, so both must be projected to one width"));
  EXPECT_THAT(rejection(id, R"({"temperature": 0.0})"), testing::HasSubstr("temperature"));
}

}  // namespace
}  // namespace weft::test
