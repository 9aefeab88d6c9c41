// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

class AutogradTest : public EngineTest {
 protected:
  AutogradTest() { set_trainable(x_, true), set_trainable(y_, true); }
  /// Σx² + Σy, with gradients 2x and 1.
  void go_backward() {
    backward(add(sum_of_products(x_, x_), sum_of_products(y_, doubles({1}, {1}))));
  }

  const Tensor x_ = doubles({3, -4}, {2});
  const Tensor y_ = doubles({7}, {1});
  const Tensor unused_ = doubles({1}, {1});
  const std::vector<Tensor> all_{x_, y_, unused_};
};

TEST_F(AutogradTest, GradientsAddUpUntilTheyAreCleared) {
  EXPECT_FALSE(gradient(x_));
  go_backward();
  EXPECT_EQ(values_of(gradient(x_)), (std::vector<double>{6, -8}));
  go_backward();
  EXPECT_EQ(values_of(gradient(x_)), (std::vector<double>{12, -16}));
  EXPECT_EQ(values_of(gradient(y_)), (std::vector<double>{2}));
  EXPECT_FALSE(gradient(unused_));
  clear_gradients(all_);
  EXPECT_FALSE(gradient(x_));
}

TEST_F(AutogradTest, DerivativesAreGivenAndCanBeDifferentiated) {
  const Tensor squares = sum_of_products(x_, x_);
  set_trainable(unused_, true);
  const std::vector<Tensor> first = derivatives(squares, {x_, unused_}, true);
  EXPECT_EQ(values_of(first[0]), (std::vector<double>{6, -8}));
  EXPECT_FALSE(first[1]);
  EXPECT_FALSE(gradient(x_));
  const Tensor slope = sum_of_products(first[0], doubles({1, 2}, {2}));
  EXPECT_EQ(values_of(derivatives(slope, {x_}, false)[0]), (std::vector<double>{2, 4}));
  EXPECT_FALSE(derivatives(squares, {x_}, false)[0].requires_grad());
}

TEST_F(AutogradTest, NothingIsRecordedWhileGradModeIsOff) {
  const GradMode off(false);
  EXPECT_FALSE(sum_of_products(x_, x_).requires_grad());
}

TEST_F(AutogradTest, AFrozenParameterGetsNoGradient) {
  set_trainable(y_, false);
  go_backward();
  EXPECT_TRUE(gradient(x_));
  EXPECT_FALSE(gradient(y_));
}

TEST_F(AutogradTest, WhatCannotBeDifferentiatedIsRefused) {
  const auto refusal_of = [](const Tensor& tensor) -> std::string {
    try {
      backward(tensor);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::failed);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal_of(x_), "backward needs a scalar, found float64[2]. Sum it first.");
  EXPECT_EQ(refusal_of(sum_of_products(unused_, unused_)),
            "backward: the scalar depends on no trainable parameter. Check which parts the stage "
            "trains, and that they feed the loss.");
  const Tensor loss = sum_of_products(x_, x_);
  backward(loss);
  EXPECT_NE(refusal_of(loss).find("backward: Trying to backward through the graph a second time"),
            std::string::npos);
}

TEST_F(AutogradTest, ClippingScalesAllGradientsTogether) {
  go_backward();  // 6, -8, 1
  const double norm = std::sqrt(101.0);
  EXPECT_NEAR(clip_gradients(all_, 0.0), norm, 1e-12);
  EXPECT_NEAR(clip_gradients(all_, 20.0), norm, 1e-12);
  EXPECT_EQ(values_of(gradient(x_)), (std::vector<double>{6, -8}));
  EXPECT_NEAR(clip_gradients(all_, 2.0), norm, 1e-12);
  const double scale = 2.0 / (norm + 1e-6);
  EXPECT_NEAR(values_of(gradient(x_))[1], -8 * scale, 1e-14);
  EXPECT_NEAR(values_of(gradient(y_))[0], scale, 1e-14);
  EXPECT_EQ(clip_gradients({unused_}, 1.0), 0.0);
}

TEST_F(AutogradTest, ANormThatIsNotFiniteIsReportedAndScalesNothing) {
  go_backward();
  scale_gradients({y_}, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isinf(clip_gradients(all_, 1.0)));
  EXPECT_EQ(values_of(gradient(x_)), (std::vector<double>{6, -8}));
}

TEST_F(AutogradTest, GradientsCanBeScaled) {
  go_backward();
  scale_gradients(all_, 0.5);
  EXPECT_EQ(values_of(gradient(x_)), (std::vector<double>{3, -4}));
}

}  // namespace
}  // namespace weft::host
