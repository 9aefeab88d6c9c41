// SPDX-License-Identifier: Apache-2.0
#include "host/engine/adamw.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/host/engine/engine_fixture.hpp"

namespace weft::host {
namespace {

/// Makes `values` the gradient of the parameter.
void set_gradient(const Tensor& parameter, const Tensor& values) {
  clear_gradients({parameter});
  backward(sum_of_products(parameter, values));
}

class AdamWTest : public EngineTest {
 protected:
  Tensor parameter(const std::vector<double>& values) {
    const Tensor tensor = doubles(values, {static_cast<std::int64_t>(values.size())});
    set_trainable(tensor, true);
    return tensor;
  }
  std::string load_refusal(AdamW& optimizer, const std::map<std::string, Array>& state) {
    try {
      optimizer.load(state);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::bad_checkpoint);
      return error.what();
    }
    return "";
  }

  const AdamWOptions options_{0.9, 0.95, 1e-8, 0.1};
};

TEST_F(AdamWTest, EqualsTorchStepByStep) {
  const auto json =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/adamw.json"));
  const Sizes sizes = json.at("sizes");
  const Tensor tensor = floats(json.at("parameter"), sizes);
  set_trainable(tensor, true);
  AdamW optimizer({{"w", tensor, true}},
                  {json.at("beta1"), json.at("beta2"), json.at("eps"), json.at("weight_decay")});
  for (const auto& step : json.at("steps")) {
    set_gradient(tensor, floats(step.at("gradient"), sizes));
    optimizer.step(json.at("rate"));
    const auto expected = step.at("parameter").get<std::vector<float>>();
    const std::vector<double> found = values_of(tensor);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], static_cast<double>(expected[i]), 2.5e-7) << i;
  }
}

TEST_F(AdamWTest, EqualsTheWrittenRuleInFloat64) {
  std::vector<double> theta{0.5, -2.0, 3.0, 1e-3}, m(4), v(4);
  const Tensor tensor = parameter(theta);
  AdamW optimizer({{"w", tensor, true}}, options_);
  for (int t = 1; t <= 20; ++t) {
    std::vector<double> g(4);
    for (std::size_t i = 0; i < 4; ++i) g[i] = std::sin(t + 2.0 * static_cast<double>(i));
    const double rate = 0.01 / t;
    for (std::size_t i = 0; i < 4; ++i) {
      m[i] = 0.9 * m[i] + (1 - 0.9) * g[i];
      v[i] = 0.95 * v[i] + (1 - 0.95) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(0.9, t)), v_hat = v[i] / (1 - std::pow(0.95, t));
      theta[i] -= rate * (m_hat / (std::sqrt(v_hat) + 1e-8) + 0.1 * theta[i]);
    }
    set_gradient(tensor, doubles(g, {4}));
    optimizer.step(rate);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values_of(tensor)[i], theta[i], 1e-13);
  }
}

TEST_F(AdamWTest, DecayLeavesItsExceptionsAlone) {
  const Tensor decayed = parameter({1.0}), kept = parameter({1.0});
  AdamW optimizer({{"a", decayed, true}, {"b", kept, false}}, options_);
  for (const Tensor& tensor : {decayed, kept}) set_gradient(tensor, doubles({0.0}, {1}));
  optimizer.step(0.01);
  EXPECT_DOUBLE_EQ(values_of(decayed)[0], 1.0 - 0.01 * 0.1);
  EXPECT_EQ(values_of(kept)[0], 1.0);
}

TEST_F(AdamWTest, AParameterWithoutGradientIsLeftAlone) {
  const Tensor moved = parameter({1.0}), still = parameter({1.0});
  AdamW optimizer({{"a", moved, true}, {"b", still, true}}, options_);
  set_gradient(moved, doubles({1.0}, {1}));
  optimizer.step(0.01);
  EXPECT_EQ(values_of(still)[0], 1.0);
  EXPECT_EQ(optimizer.state().size(), 3u);
  EXPECT_EQ(optimizer.state().count("b.step"), 0u);
  EXPECT_EQ(optimizer.state().at("a.step").data<float>()[0], 1.0f);
}

TEST_F(AdamWTest, AGradientWithOddStridesIsReadRight) {
  const Tensor tensor = doubles({1, 2, 3, 4, 5, 6}, {2, 3});
  set_trainable(tensor, true);
  weft_tensor turned = nullptr;
  ASSERT_EQ(op_.transpose(tensor.get(), 0, 1, &turned), WEFT_OK);
  backward(sum_of_products(Tensor::own(turned), doubles({1, 0, 1, 0, 1, 0}, {3, 2})));
  AdamW optimizer({{"w", tensor, false}}, options_);
  optimizer.step(0.5);
  const std::vector<double> found = values_of(tensor);
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(found[i], static_cast<double>(i + 1) - (i < 3 ? 0.5 : 0.0), 1e-7) << i;
}

TEST_F(AdamWTest, SavedAndLoadedItGoesOnAsBefore) {
  const Tensor a = parameter({1.0, 2.0}), b = parameter({1.0, 2.0});
  AdamW first({{"w", a, true}}, options_);
  const auto step = [](AdamW& optimizer, const Tensor& tensor, double gradient) {
    set_gradient(tensor, doubles({gradient, -gradient}, {2}));
    optimizer.step(0.01);
  };
  step(first, a, 0.3);
  step(first, a, -0.7);
  AdamW second({{"w", b, true}}, options_);
  second.load(first.state());
  copy_into(b, to_array(a));
  step(first, a, 0.2);
  step(second, b, 0.2);
  EXPECT_TRUE(equal_bits(a, b));
  second.load({});
  EXPECT_TRUE(second.state().empty());
}

TEST_F(AdamWTest, AStateThatDoesNotFitIsRefusedAndChangesNothing) {
  const Tensor tensor = parameter({1.0, 2.0});
  AdamW optimizer({{"w", tensor, true}}, options_);
  set_gradient(tensor, doubles({1.0, 1.0}, {2}));
  optimizer.step(0.01);
  const auto good = optimizer.state();
  const std::string head = "the optimiser's state does not fit: ";
  const std::string tail = ". It belongs to another model or to a stage that trains other parts.";

  auto wrong = good;
  wrong["x.step"] = wrong.at("w.step");
  EXPECT_EQ(load_refusal(optimizer, wrong),
            head + "it has \"x.step\", which is not trained here" + tail);
  wrong = good;
  wrong.erase("w.exp_avg");
  EXPECT_EQ(load_refusal(optimizer, wrong), head + "\"w\" is incomplete" + tail);
  wrong = good;
  wrong["w.exp_avg"] = Array::of<double>({1, 2, 3}, {3});
  EXPECT_EQ(load_refusal(optimizer, wrong),
            head + "\"w.exp_avg\": expected float64[2], found float64[3]" + tail);
  EXPECT_EQ(optimizer.state().at("w.step").data<float>()[0], 1.0f);
}

}  // namespace
}  // namespace weft::host
