// SPDX-License-Identifier: Apache-2.0
#include "host/engine/optimizer.hpp"

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

UpdateRule adamw_rule(double beta1, double beta2, double eps) {
  return {"adamw", {{"beta1", beta1}, {"beta2", beta2}, {"eps", eps}}};
}
UpdateRule sgd_rule(double momentum) {
  return {"sgd", {{"momentum", momentum}, {"nesterov", 0}}};
}
const UpdateRule k_lion{"lion", {{"beta1", 0.9}, {"beta2", 0.99}}};
UpdateRule muon_rule(double momentum) {
  return {"muon", {{"momentum", momentum}, {"nesterov", 0}, {"iterations", 5}}};
}

class OptimizerTest : public EngineTest {
 protected:
  Tensor parameter(const std::vector<double>& values) {
    const Tensor tensor = doubles(values, {static_cast<std::int64_t>(values.size())});
    set_trainable(tensor, true);
    return tensor;
  }
  /// AdamW with weight decay.
  Optimizer adamw(std::vector<OptimizerParameter> parameters) {
    return Optimizer({{rule_, k_decay, std::move(parameters)}});
  }
  std::string load_refusal(Optimizer& optimizer, const std::map<std::string, Array>& state) {
    try {
      optimizer.load(state);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), Exit::bad_checkpoint);
      return error.what();
    }
    return "";
  }

  static constexpr double k_decay = 0.1;
  const UpdateRule rule_ = adamw_rule(0.9, 0.95, 1e-8);
};

TEST_F(OptimizerTest, AdamWEqualsTorchStepByStep) {
  const auto json =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/adamw.json"));
  const Sizes sizes = json.at("sizes");
  const Tensor tensor = floats(json.at("parameter"), sizes);
  set_trainable(tensor, true);
  Optimizer optimizer({{adamw_rule(json.at("beta1"), json.at("beta2"), json.at("eps")),
                        json.at("weight_decay"),
                        {{"w", tensor}}}});
  for (const auto& step : json.at("steps")) {
    set_gradient(tensor, floats(step.at("gradient"), sizes));
    optimizer.step({json.at("rate")});
    const auto expected = step.at("parameter").get<std::vector<float>>();
    const std::vector<double> found = values_of(tensor);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], static_cast<double>(expected[i]), 2.5e-7) << i;
  }
}

TEST_F(OptimizerTest, AdamWEqualsTheWrittenRuleInFloat64) {
  std::vector<double> theta{0.5, -2.0, 3.0, 1e-3}, m(4), v(4);
  const Tensor tensor = parameter(theta);
  Optimizer optimizer = adamw({{"w", tensor}});
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
    optimizer.step({rate});
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values_of(tensor)[i], theta[i], 1e-13);
  }
}

TEST_F(OptimizerTest, DecayLeavesItsExceptionsAlone) {
  const Tensor decayed = parameter({1.0}), kept = parameter({1.0});
  Optimizer optimizer({{rule_, k_decay, {{"a", decayed}}}, {rule_, 0.0, {{"b", kept}}}});
  for (const Tensor& tensor : {decayed, kept}) set_gradient(tensor, doubles({0.0}, {1}));
  optimizer.step({0.01, 0.01});
  EXPECT_DOUBLE_EQ(values_of(decayed)[0], 1.0 - 0.01 * 0.1);
  EXPECT_EQ(values_of(kept)[0], 1.0);
}

TEST_F(OptimizerTest, AParameterWithoutGradientIsLeftAlone) {
  const Tensor moved = parameter({1.0}), still = parameter({1.0});
  Optimizer optimizer = adamw({{"a", moved}, {"b", still}});
  set_gradient(moved, doubles({1.0}, {1}));
  optimizer.step({0.01});
  EXPECT_EQ(values_of(still)[0], 1.0);
  EXPECT_EQ(optimizer.state().size(), 3u);
  EXPECT_EQ(optimizer.state().count("b.step"), 0u);
  EXPECT_EQ(optimizer.state().at("a.step").data<float>()[0], 1.0f);
}

TEST_F(OptimizerTest, AGradientWithOddStridesIsReadRight) {
  const Tensor tensor = doubles({1, 2, 3, 4, 5, 6}, {2, 3});
  set_trainable(tensor, true);
  weft_tensor turned = nullptr;
  ASSERT_EQ(op_.transpose(tensor.get(), 0, 1, &turned), WEFT_OK);
  backward(sum_of_products(Tensor::own(turned), doubles({1, 0, 1, 0, 1, 0}, {3, 2})));
  Optimizer optimizer({{rule_, 0.0, {{"w", tensor}}}});
  optimizer.step({0.5});
  const std::vector<double> found = values_of(tensor);
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(found[i], static_cast<double>(i + 1) - (i < 3 ? 0.5 : 0.0), 1e-7) << i;
}

TEST_F(OptimizerTest, SavedAndLoadedEveryRuleGoesOnAsBefore) {
  for (const UpdateRule& rule : {rule_, k_lion, muon_rule(0.95), sgd_rule(0.9), sgd_rule(0.0)}) {
    const auto matrix = [] {
      const Tensor tensor = doubles({1.0, 2.0, -1.0, 0.5}, {2, 2});
      set_trainable(tensor, true);
      return tensor;
    };
    const Tensor a = matrix(), b = matrix();
    Optimizer first({{rule, k_decay, {{"w", a}}}}), second({{rule, k_decay, {{"w", b}}}});
    const auto step = [](Optimizer& optimizer, const Tensor& tensor, double gradient) {
      set_gradient(tensor, doubles({gradient, -gradient, 0.1, gradient * gradient}, {2, 2}));
      optimizer.step({0.01});
    };
    step(first, a, 0.3);
    step(first, a, -0.7);
    second.load(first.state());
    copy_into(b, to_array(a));
    step(first, a, 0.2);
    step(second, b, 0.2);
    EXPECT_TRUE(equal_bits(a, b)) << rule.name;
    second.load({});
    EXPECT_TRUE(second.state().empty());
  }
}

UpdateRule rule_in(const nlohmann::json& json) {
  UpdateRule rule{json.at("use"), {}};
  for (const char* key : {"beta1", "beta2", "momentum", "iterations"})
    if (json.contains(key)) rule.settings[key] = json.at(key);
  if (json.contains("nesterov")) rule.settings["nesterov"] = json.at("nesterov") ? 1 : 0;
  return rule;
}

TEST_F(OptimizerTest, LionMuonAndSgdEqualTheReferenceInFloat64) {
  const auto cases =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/optimizers.json"));
  ASSERT_EQ(cases.size(), 6u);
  for (const auto& json : cases) {
    const Sizes sizes = json.at("sizes");
    const Tensor tensor = doubles(json.at("parameter"), sizes);
    set_trainable(tensor, true);
    Optimizer optimizer({{rule_in(json), json.at("weight_decay"), {{"w", tensor}}}});
    for (const auto& step : json.at("steps")) {
      set_gradient(tensor, doubles(step.at("gradient"), sizes));
      optimizer.step({step.at("rate")});
      const auto expected = step.at("parameter").get<std::vector<double>>();
      const std::vector<double> found = values_of(tensor);
      for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i], expected[i], 1e-12) << json.at("use") << " " << i;
    }
  }
}

// Of a diagonal matrix each number goes through the polynomial alone.
TEST_F(OptimizerTest, MuonBringsSingularValuesNearOne) {
  const Tensor tensor = doubles({0, 0, 0, 0}, {2, 2});
  set_trainable(tensor, true);
  Optimizer optimizer({{muon_rule(0.0), 0.0, {{"w", tensor}}}});
  set_gradient(tensor, doubles({3.0, 0.0, 0.0, -0.4}, {2, 2}));
  optimizer.step({1.0});
  const double norm = std::sqrt(3.0 * 3.0 + 0.4 * 0.4);
  const auto polynomial = [](double x) {
    for (int i = 0; i < 5; ++i) x = 3.4445 * x - 4.7750 * std::pow(x, 3) + 2.0315 * std::pow(x, 5);
    return x;
  };
  EXPECT_NEAR(values_of(tensor)[0], -polynomial(3.0 / norm), 1e-12);
  EXPECT_NEAR(values_of(tensor)[3], polynomial(0.4 / norm), 1e-12);
  EXPECT_NEAR(values_of(tensor)[3], 1.0, 0.35);
  EXPECT_EQ(values_of(tensor)[1], 0.0);
}

TEST_F(OptimizerTest, EachGroupHasItsRateAndRule) {
  const Tensor a = parameter({1.0}), b = parameter({1.0}), c = parameter({1.0});
  Optimizer optimizer({{sgd_rule(0.0), 0.0, {{"a", a}}},
                       {sgd_rule(0.0), 0.0, {{"b", b}}},
                       {k_lion, 0.0, {{"c", c}}}});
  for (const Tensor& tensor : {a, b, c}) set_gradient(tensor, doubles({2.0}, {1}));
  optimizer.step({0.1, 0.01, 0.5});
  EXPECT_DOUBLE_EQ(values_of(a)[0], 0.8);
  EXPECT_DOUBLE_EQ(values_of(b)[0], 0.98);
  EXPECT_DOUBLE_EQ(values_of(c)[0], 0.5);
}

TEST_F(OptimizerTest, MuonRefusesWhatIsNoMatrix) {
  try {
    Optimizer optimizer({{muon_rule(0.95), 0.0, {{"digit.bias", parameter({1.0, 2.0})}}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "muon moves matrices; \"digit.bias\" is float64[2].");
  }
}

TEST_F(OptimizerTest, AStateThatDoesNotFitIsRefusedAndChangesNothing) {
  const Tensor tensor = parameter({1.0, 2.0});
  Optimizer optimizer = adamw({{"w", tensor}});
  set_gradient(tensor, doubles({1.0, 1.0}, {2}));
  optimizer.step({0.01});
  const auto good = optimizer.state();
  const std::string head = "the optimiser's state does not fit: ";
  const std::string tail =
      ". It belongs to another model, to another optimiser or to a stage that trains other parts.";

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
