// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.hidden_distillation";

Arrays states(std::int64_t width) {
  return {{"student", {random({2, 3, 4}, 1, DType::float64)}},
          {"teacher", {random({2, 3, width}, 2, DType::float64)}},
          {"mask", {length_mask({3, 1}, 3)}}};
}

/// The distance of one place.
double distance(const std::vector<double>& h, const Array& g, std::int64_t at, bool cosine) {
  double product = 0, hh = 0, gg = 0, squares = 0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double other =
        element(g, at * static_cast<std::int64_t>(h.size()) + static_cast<std::int64_t>(i));
    product += h[i] * other;
    hh += h[i] * h[i];
    gg += other * other;
    squares += (h[i] - other) * (h[i] - other);
  }
  return cosine ? 1 - product / std::sqrt(hh * gg) : squares / static_cast<double>(h.size());
}

TEST(HiddenDistillation, IsItsFormulaWithAndWithoutAMatrix) {
  for (const bool cosine : {false, true})
    for (const std::int64_t width : {std::int64_t{4}, std::int64_t{5}}) {
      const Arrays in = states(width);
      Part part(id,
                std::string(R"({"dim": 4, "kind": )") + (cosine ? "\"cosine\"" : "\"mse\"") +
                    ", \"teacher_dim\": " + std::to_string(width) +
                    (width == 4 ? "}" : ", \"project\": true}"),
                {}, DType::float64);
      double expected = 0;
      for (const std::int64_t at : {0, 1, 2, 3}) {
        std::vector<double> h;
        for (std::int64_t e = 0; e < width; ++e) {
          double sum = width == 4 ? element(in.at("student")[0], at * 4 + e) : 0;
          for (std::int64_t d = 0; width != 4 && d < 4; ++d)
            sum += element(in.at("student")[0], at * 4 + d) *
                   element(part.get("project.weight"), e * 4 + d);
          h.push_back(sum);
        }
        expected += distance(h, in.at("teacher")[0], at, cosine);
      }
      const auto out = part.run(in);
      EXPECT_NEAR(element(out.at("loss"), 0), expected, 1e-12);
      EXPECT_EQ(element(out.at("weight"), 0), 4.0);
    }
}

TEST(HiddenDistillation, GradientsMatchDifferences) {
  for (const std::string kind : {"mse", "cosine"}) {
    const std::string config =
        R"({"dim": 4, "teacher_dim": 5, "project": true, "kind": ")" + kind + "\"}";
    Part part(id, config, {}, DType::float64);
    expect_gradients(part, states(5), "loss");
  }
}

TEST(HiddenDistillation, RejectsWidthsThatDiffer) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "teacher_dim": 5})"),
              testing::HasSubstr("project: dim 4 and teacher_dim 5 differ, so a matrix between "
                                 "them must be learned"));
}

}  // namespace
}  // namespace weft::test
