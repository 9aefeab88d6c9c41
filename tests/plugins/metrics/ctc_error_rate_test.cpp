// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.ctc_error_rate";

/// Logits of one sample whose best path is `path`, over four classes.
std::vector<double> path_of(const std::vector<std::int64_t>& path) {
  std::vector<double> logits;
  for (const std::int64_t best : path)
    for (std::int64_t v = 0; v < 4; ++v) logits.push_back(v == best ? 1 : -0.5);
  return logits;
}

// "1 1 0 1 2 2" says 1 1 2, which was wanted; "3 3 3 0 0 2" says 3 2 where 1 2 was: one of two
// wrong.
TEST(CtcErrorRate, CollapsesAndCountsEdits) {
  std::vector<double> logits = path_of({1, 1, 0, 1, 2, 2});
  const std::vector<double> second = path_of({3, 3, 3, 0, 0, 2});
  logits.insert(logits.end(), second.begin(), second.end());
  Part part(id);
  part.update({{"logits", {floats(logits, {2, 6, 4})}},
               {"target", {ints({1, 1, 2, 1, 2, 0}, {2, 3})}},
               {"mask", {length_mask({3, 2}, 3)}}});
  const auto result = part.compute();
  EXPECT_DOUBLE_EQ(result.at("error_rate"), 1.0 / 5);
  EXPECT_DOUBLE_EQ(result.at("exact"), 0.5);
}

TEST(CtcErrorRate, FramesOfPaddingSayNothingAndTheBlankIsChosen) {
  Part part(id, R"({"blank": 2})");
  part.update({{"logits", {floats(path_of({2, 0, 0, 3, 1, 1}), {1, 6, 4})}},
               {"logits_mask", {length_mask({4}, 6)}},
               {"target", {ints({0, 3}, {1, 2})}}});
  EXPECT_EQ(part.compute().at("error_rate"), 0.0);
  EXPECT_EQ(part.compute().at("exact"), 1.0);
}

}  // namespace
}  // namespace weft::test
