// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.multiple_choice";
const char* const config = R"({"dim": 3, "choice_dim": 2})";

Arrays offered() {
  return {{"state", {random({2, 4, 3}, 1, DType::float64)}},
          {"mask", {length_mask({4, 2}, 4)}},
          {"choices",
           {random({2, 2}, 2, DType::float64), random({2, 2}, 3, DType::float64),
            random({2, 2}, 4, DType::float64)}}};
}

TEST(MultipleChoice, IsItsFormula) {
  Part part(id, config, {{"choices", 3}}, DType::float64);
  const Arrays in = offered();
  const Array logits = part.run(in).at("logits");
  ASSERT_EQ(logits.sizes, (std::vector<std::int64_t>{2, 3}));
  const Array weight = part.get("query.weight"), bias = part.get("query.bias");
  for (std::int64_t b = 0; b < 2; ++b) {
    const std::int64_t real = b == 0 ? 4 : 2;
    for (std::int64_t c = 0; c < 3; ++c) {
      double score = 0;
      for (std::int64_t d = 0; d < 2; ++d) {
        double query = element(bias, d);
        for (std::int64_t n = 0; n < real; ++n)
          for (std::int64_t e = 0; e < 3; ++e)
            query += element(weight, d * 3 + e) * element(in.at("state")[0], (b * 4 + n) * 3 + e) /
                     static_cast<double>(real);
        score += query * element(in.at("choices")[static_cast<std::size_t>(c)], b * 2 + d);
      }
      EXPECT_NEAR(element(logits, b * 3 + c), score / std::sqrt(2.0), 1e-12);
    }
  }
  expect_gradients(part, in, "logits");
}

TEST(MultipleChoice, InfersOneScoreForEachChoice) {
  const Part part(id, config, {{"choices", 3}}, DType::float64);
  EXPECT_EQ(part.infer(offered()).at("logits"), (std::vector<std::int64_t>{2, 3}));
}

TEST(MultipleChoice, RejectsASingleChoice) {
  EXPECT_THAT(rejection(id, config, {{"choices", 1}}),
              testing::HasSubstr("choices: needs at least two; 1 wired"));
}

}  // namespace
}  // namespace weft::test
