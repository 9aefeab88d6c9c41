// SPDX-License-Identifier: Apache-2.0
/// loss.focal against its formula in torch.

#include <cmath>

#include "host/base/error.hpp"
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
