// SPDX-License-Identifier: Apache-2.0
/// loss.focal against its formula in torch.

#include <cmath>

#include "host/base/error.hpp"
#include "plugins/losses/focal_row.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.focal";

double value(const std::map<std::string, Array>& out, const char* port) {
  return element(out.at(port), 0);
}

std::string gamma(const std::string& number) {
  return "{\"gamma\": " + number + "}";
}

TEST(Focal, MatchesTorch) {
  const Weights from = reference("losses");
  const Arrays inputs{{"logits", {from.at("in.focal.logits")}},
                      {"target", {from.at("in.focal.target")}}};
  for (const std::string g : {"0.5", "2.0"}) {
    Part part(id, gamma(g), {}, DType::float64);
    const auto out = part.run(inputs);
    EXPECT_NEAR(value(out, "loss"), element(from.at("out.focal_" + g), 0), 1e-10);
    EXPECT_EQ(value(out, "weight"), 6.0);
    const auto gradients = part.gradients(inputs, "loss", floats({1}, {}, DType::float64));
    EXPECT_LE(
        relative_error(gradients.inputs.at("logits")[0], from.at("grad.focal_" + g + ".logits")),
        1e-9);
  }
}

TEST(Focal, WithoutFocusItIsCrossEntropy) {
  Part focal(id, gamma("0")), cross_entropy("loss.cross_entropy");
  const Arrays inputs{{"logits", {random({4, 3}, 1)}}, {"target", {ints({0, 2, 1, 1}, {4})}}};
  EXPECT_NEAR(value(focal.run(inputs), "loss"), value(cross_entropy.run(inputs), "loss"), 1e-5);
  const Array seed = floats({-0.7}, {});
  expect_near(focal.gradients(inputs, "loss", seed).inputs.at("logits")[0],
              cross_entropy.gradients(inputs, "loss", seed).inputs.at("logits")[0], 1e-6);
}

TEST(Focal, AnEvenGuessOfTwo) {
  Part part(id, gamma("2"));
  const auto out = part.run({{"logits", {floats({1, 1}, {1, 2})}}, {"target", {ints({0}, {1})}}});
  EXPECT_NEAR(value(out, "loss"), 0.25 * std::log(2.0), 1e-6);
}

TEST(Focal, CertaintyCostsNothingAndOverflowsNowhere) {
  for (const char* g : {"0", "0.5", "2"}) {
    Part part(id, gamma(g), {}, DType::float64);
    const Arrays right{{"logits", {floats({1000, -1000}, {1, 2}, DType::float64)}},
                       {"target", {ints({0}, {1})}}};
    EXPECT_EQ(value(part.run(right), "loss"), 0.0);
    expect_near(
        part.gradients(right, "loss", floats({1}, {}, DType::float64)).inputs.at("logits")[0],
        floats({0, 0}, {1, 2}), 0.0);
    const Arrays wrong{{"logits", {floats({1000, -1000}, {1, 2}, DType::float64)}},
                       {"target", {ints({1}, {1})}}};
    EXPECT_EQ(value(part.run(wrong), "loss"), 2000.0);
    expect_near(
        part.gradients(wrong, "loss", floats({1}, {}, DType::float64)).inputs.at("logits")[0],
        floats({1, -1}, {1, 2}), 0.0);
  }
}

TEST(Focal, GradientsMatchDifferences) {
  for (const char* g : {"0", "0.5", "1", "2"}) {
    Part part(id, gamma(g), {}, DType::float64);
    expect_gradients(
        part, {{"logits", {random({3, 4}, 1, DType::float64)}}, {"target", {ints({3, 0, 2}, {3})}}},
        "loss");
  }
}

/// What the kernel of focal.cu computes in a warp, lane by lane.
TEST(Focal, LanesThatShareARowFindWhatOneFinds) {
  constexpr int k_lanes = 32;
  const Array scores = random({2, 70}, 3, DType::float64);
  const focal::View<double> logits{scores.data<double>(), 2, 70, 70, 1};
  for (const std::int64_t row : {0, 1}) {
    double top = -INFINITY, sum = 0.0, alone = 0.0;
    for (int lane = 0; lane < k_lanes; ++lane)
      top = std::max(top, focal::top_of(logits, row, lane, k_lanes));
    for (int lane = 0; lane < k_lanes; ++lane)
      sum += focal::sum_of(logits, row, top, lane, k_lanes);
    for (std::int64_t v = 0; v < 70; ++v) alone += std::exp(focal::at(logits, row, v));
    const double log_sum = top + std::log(sum);
    EXPECT_NEAR(log_sum, std::log(alone), 1e-12);

    std::vector<double> shared(70, NAN), whole(70, NAN);
    focal::differentiate(logits, row, 69, log_sum, 0.5, whole.data());
    for (int lane = 0; lane < k_lanes; ++lane)
      focal::differentiate(logits, row, 69, log_sum, 0.5, shared.data(), lane, k_lanes);
    EXPECT_EQ(shared, whole);
  }
}

TEST(Focal, AbsentRowsCountNothingWhateverTheyHold) {
  Part part(id, "{}", {{"present", 1}}, DType::float64);
  const Array logits = random({3, 4}, 1, DType::float64);
  const Array present = mask({1, 0, 1}, {3});
  const Arrays inputs{
      {"logits", {logits}}, {"target", {ints({2, 77, 0}, {3})}}, {"present", {present}}};
  Part of_one(id, "{}", {}, DType::float64);
  const double first =
      value(of_one.run({{"logits", {rows(logits, 0, 1)}}, {"target", {ints({2}, {1})}}}), "loss");
  const double third =
      value(of_one.run({{"logits", {rows(logits, 2, 1)}}, {"target", {ints({0}, {1})}}}), "loss");
  EXPECT_NEAR(value(part.run(inputs), "loss"), first + third, 1e-12);
  const Array gradient =
      part.gradients(inputs, "loss", floats({1}, {}, DType::float64)).inputs.at("logits")[0];
  for (std::int64_t v = 0; v < 4; ++v) EXPECT_EQ(element(gradient, 4 + v), 0.0);
}

TEST(Focal, ATargetThatIsNoClassIsToldWithItsRow) {
  Part part(id);
  try {
    part.run({{"logits", {random({2, 3}, 1)}}, {"target", {ints({0, 3}, {2})}}});
    FAIL() << "class 3 of 3 was accepted";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("target 3 of row 1 is none of the 3 classes"));
  }
}

TEST(Focal, RejectsANegativeFocus) {
  EXPECT_THAT(rejection(id, gamma("-1")), testing::HasSubstr("gamma"));
}

}  // namespace
}  // namespace weft::test
