// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.distillation";

/// softmax(z / τ) of a row, in loops of its own.
std::vector<double> softened(const Array& z, std::int64_t row, double temperature) {
  const std::int64_t classes = z.sizes.back();
  std::vector<double> p;
  double sum = 0;
  for (std::int64_t v = 0; v < classes; ++v)
    sum += p.emplace_back(std::exp(element(z, row * classes + v) / temperature));
  for (double& one : p) one /= sum;
  return p;
}

double by_formula(const Array& student, const Array& teacher,
                  const std::vector<std::int64_t>& target, double alpha, double temperature) {
  double loss = 0;
  for (std::size_t t = 0; t < target.size(); ++t) {
    if (target[t] < 0) continue;
    const auto row = static_cast<std::int64_t>(t);
    const auto p = softened(student, row, temperature), q = softened(teacher, row, temperature);
    double divergence = 0;
    for (std::size_t v = 0; v < p.size(); ++v) divergence += q[v] * std::log(q[v] / p[v]);
    const double hard = -std::log(softened(student, row, 1)[static_cast<std::size_t>(target[t])]);
    loss += alpha * temperature * temperature * divergence + (1 - alpha) * hard;
  }
  return loss;
}

const std::vector<std::int64_t> k_target{1, 0, -100, 3};

Arrays inputs() {
  return {{"logits", {random({4, 4}, 1, DType::float64)}},
          {"teacher", {random({4, 4}, 2, DType::float64)}},
          {"target", {ints(k_target, {4})}}};
}

TEST(Distillation, IsItsFormula) {
  const Arrays in = inputs();
  for (const double alpha : {0.0, 0.3, 1.0})
    for (const double temperature : {1.0, 4.0}) {
      Part part(id,
                "{\"alpha\": " + std::to_string(alpha) +
                    ", \"temperature\": " + std::to_string(temperature) + "}",
                {}, DType::float64);
      const auto out = part.run(in);
      EXPECT_NEAR(element(out.at("loss"), 0),
                  by_formula(in.at("logits")[0], in.at("teacher")[0], k_target, alpha, temperature),
                  1e-12);
      EXPECT_EQ(element(out.at("weight"), 0), 3.0);
    }
}

TEST(Distillation, AStudentThatEqualsItsTeacherLosesNothingToIt) {
  Part part(id, R"({"alpha": 1, "temperature": 3})", {}, DType::float64);
  Arrays in = inputs();
  in["teacher"] = in["logits"];
  EXPECT_NEAR(element(part.run(in).at("loss"), 0), 0.0, 1e-12);
}

// d/dz of α τ² KL is α τ (p^τ − q^τ): τ² keeps it from falling with 1 / τ².
TEST(Distillation, TheGradientKeepsItsSize) {
  Part part(id, R"({"alpha": 1, "temperature": 5})", {}, DType::float64);
  const Arrays in = inputs();
  const auto gradients = part.gradients(in, "loss", floats({1}, {}, DType::float64)).inputs;
  for (std::int64_t row = 0; row < 4; ++row) {
    const auto p = softened(in.at("logits")[0], row, 5), q = softened(in.at("teacher")[0], row, 5);
    for (std::int64_t v = 0; v < 4; ++v) {
      const auto at = static_cast<std::size_t>(v);
      const double expected = k_target[static_cast<std::size_t>(row)] < 0 ? 0 : 5 * (p[at] - q[at]);
      EXPECT_NEAR(element(gradients.at("logits")[0], row * 4 + v), expected, 1e-12);
    }
  }
  expect_gradients(part, in, "loss");
}

TEST(Distillation, ComparesTheNextToken) {
  Part next(id, R"({"next_token": true})", {}, DType::float64), plain(id, "{}", {}, DType::float64);
  const Array student = random({1, 3, 4}, 3, DType::float64),
              teacher = random({1, 3, 4}, 4, DType::float64);
  const auto out = next.run(
      {{"logits", {student}}, {"teacher", {teacher}}, {"target", {ints({0, 1, 2}, {1, 3})}}});
  const auto shifted = plain.run({{"logits", {steps(student, 0, 2)}},
                                  {"teacher", {steps(teacher, 0, 2)}},
                                  {"target", {ints({1, 2}, {1, 2})}}});
  EXPECT_DOUBLE_EQ(element(out.at("loss"), 0), element(shifted.at("loss"), 0));
  EXPECT_EQ(element(out.at("weight"), 0), 2.0);
}

TEST(Distillation, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"alpha": 1.5})"), testing::HasSubstr("alpha"));
  EXPECT_THAT(rejection(id, R"({"temperature": 0})"), testing::HasSubstr("temperature"));
}

}  // namespace
}  // namespace weft::test
