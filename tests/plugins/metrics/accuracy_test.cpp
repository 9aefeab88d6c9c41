// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "host/base/error.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.accuracy";

TEST(Accuracy, CountsTheLargestScores) {
  Part part(id);
  part.update({{"logits", {floats({1, 3, 2, 9, 0, 0, 5, 5, 5}, {3, 3})}},
               {"target", {ints({1, 1, 0}, {3})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("accuracy"), 2.0 / 3.0);  // of equal scores the first counts
}

TEST(Accuracy, BatchesAddUpHoweverTheyAreCut) {
  const Array logits = random({6, 4}, 1), target = ints({0, 1, 2, 3, 0, 1}, {6});
  Part whole(id), cut(id);
  whole.update({{"logits", {logits}}, {"target", {target}}});
  for (const std::int64_t at : {0, 1, 3}) {
    const std::int64_t count = at == 0 ? 1 : at == 1 ? 2 : 3;
    cut.update({{"logits", {rows(logits, at, count)}}, {"target", {rows(target, at, count)}}});
  }
  EXPECT_EQ(whole.compute().at("accuracy"), cut.compute().at("accuracy"));
}

TEST(Accuracy, EqualsTheCountWrittenOut) {
  constexpr std::int64_t batch = 7, length = 5, classes = 3;
  const Array logits = random({batch, length, classes}, 1),
              real = length_mask({5, 4, 3, 2, 1, 5, 0}, length);
  std::vector<std::int64_t> target;
  for (std::int64_t i = 0; i < batch * length; ++i) target.push_back(i * 7 % 5 % classes);
  double right = 0, total = 0;
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t t = 0; t + 1 < length; ++t) {
      if (element(real, b * length + t + 1) == 0.0) continue;
      std::int64_t best = 0;
      for (std::int64_t v = 1; v < classes; ++v)
        if (element(logits, (b * length + t) * classes + v) >
            element(logits, (b * length + t) * classes + best))
          best = v;
      right += best == target[static_cast<std::size_t>(b * length + t + 1)] ? 1 : 0;
      total += 1;
    }
  Part part(id, R"({"next_token": true})");
  part.update(
      {{"logits", {logits}}, {"target", {ints(target, {batch, length})}}, {"mask", {real}}});
  EXPECT_DOUBLE_EQ(part.compute().at("accuracy"), right / total);
}

TEST(Accuracy, MaskedAndIgnoredTargetsCountForNothing) {
  Part part(id, R"({"ignore_index": 5})");
  part.update({{"logits", {floats({1, 0, 1, 0, 1, 0, 0, 1}, {2, 2, 2})}},
               {"target", {ints({0, 99, 5, 0}, {2, 2})}},
               {"mask", {mask({1, 0, 1, 1}, {2, 2})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("accuracy"), 0.5);
}

TEST(Accuracy, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("accuracy")));
}

TEST(Accuracy, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"next_token": 1})"), testing::HasSubstr("next_token"));
  Part part(id, R"({"next_token": true})");
  try {
    part.update({{"logits", {random({2, 4}, 1)}}, {"target", {ints({0, 1}, {2})}}});
    FAIL() << "a target [B] has no next one";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("next_token: compares a token with the one "
                                                 "before, so it needs a target [B, S], not [B]"));
  }
}

}  // namespace
}  // namespace weft::test
