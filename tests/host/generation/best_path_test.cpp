// SPDX-License-Identifier: Apache-2.0
#include "host/generation/best_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace weft::test {
namespace {

using host::Array;
using host::best_paths;
using host::Tokens;

/// Logits whose best class of each frame is the given one.
Array saying(const std::vector<std::vector<std::int64_t>>& rows, std::int64_t classes) {
  const auto frames = static_cast<std::int64_t>(rows.front().size());
  Array logits =
      Array::empty(host::DType::float32, {static_cast<std::int64_t>(rows.size()), frames, classes});
  std::fill_n(logits.data<float>(), logits.count(), -1.0F);
  std::int64_t at = 0;
  for (const auto& row : rows)
    for (const std::int64_t best : row) logits.data<float>()[classes * at++ + best] = 2.0F;
  return logits;
}

// The example of Graves et al. 2006, §3.1: B(a-ab-) = B(-aa--abb) = aab.
TEST(BestPath, JoinsEqualNeighboursAndTakesBlanksAway) {
  const auto rows =
      best_paths(saying({{1, 0, 1, 2, 0, 0, 0, 0}, {0, 1, 1, 0, 0, 1, 2, 2}}, 3), {}, 0);
  EXPECT_EQ(rows, (std::vector<Tokens>{{1, 1, 2}, {1, 1, 2}}));
}

TEST(BestPath, AnyClassMayBeTheBlank) {
  EXPECT_EQ(best_paths(saying({{2, 0, 0, 2, 0, 1}}, 3), {}, 2), (std::vector<Tokens>{{0, 0, 1}}));
  EXPECT_EQ(best_paths(saying({{2, 2, 2}}, 3), {}, 2), (std::vector<Tokens>{{}}));
}

TEST(BestPath, FramesThatAreNotThereSayNothing) {
  Array mask = Array::empty(host::DType::boolean, {2, 3});
  const bool real[] = {true, true, false, true, false, true};
  std::copy_n(real, 6, mask.data<bool>());
  // A frame that is left out does not part its neighbours, as in metric.ctc_error_rate.
  EXPECT_EQ(best_paths(saying({{1, 2, 1}, {1, 2, 1}}, 3), mask, 0),
            (std::vector<Tokens>{{1, 2}, {1}}));
}

}  // namespace
}  // namespace weft::test
