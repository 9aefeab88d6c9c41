// SPDX-License-Identifier: Apache-2.0
/// encoder.absent alone and in front of every fusion.

#include <cstring>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "encoder.absent";
const double nan = std::numeric_limits<double>::quiet_NaN();

void expect_same_bits(const Array& actual, const Array& expected) {
  ASSERT_EQ(actual.sizes, expected.sizes);
  EXPECT_EQ(std::memcmp(actual.bytes.get(), expected.bytes.get(), expected.byte_count()), 0);
}

/// Three samples of up to four tokens, of which the middle one is absent; `garbage` is what its
/// tokens hold.
Arrays middle_absent(double garbage) {
  const Array there = mask({1, 0, 1}, {3, 1});
  return {{"tokens", {poisoned(random({3, 4, 2}, 1), there, garbage)}},
          {"mask", {length_mask({4, 0, 2}, 4)}},
          {"pooled", {poisoned(random({3, 2}, 2), there, garbage)}},
          {"present", {mask({1, 0, 1}, {3})}}};
}

TEST(Absent, ALearnedTokenStandsForWhatIsNotThereAndTheRestPassesBitForBit) {
  Part part(id, R"({"dim": 2})");
  part.set("token", floats({5, 6}, {2}));
  const Arrays inputs = middle_absent(nan);
  const auto out = part.run(inputs);
  for (const std::int64_t b : {0, 2}) {
    for (const char* port : {"tokens", "mask", "pooled"})
      expect_same_bits(row(out.at(port), b), row(inputs.at(port)[0], b));
  }
  expect_near(row(out.at("tokens"), 1), floats({5, 6, 0, 0, 0, 0, 0, 0}, {4, 2}), 0.0);
  expect_near(row(out.at("mask"), 1), mask({1, 0, 0, 0}, {4}), 0.0);
  expect_near(row(out.at("pooled"), 1), floats({5, 6}, {2}), 0.0);
}

TEST(Absent, WithoutMaskAndPooledAllIsRealAndTheMeanIsTaken) {
  Part part(id, R"({"dim": 2})", {{"mask", 0}, {"pooled", 0}});
  part.set("token", floats({5, 6}, {2}));
  const auto out = part.run({{"tokens", {floats({1, 2, 3, 4, nan, nan, nan, nan}, {2, 2, 2})}},
                             {"present", {mask({1, 0}, {2})}}});
  expect_near(out.at("mask"), mask({1, 1, 1, 0}, {2, 2}), 0.0);
  expect_near(out.at("pooled"), floats({2, 3, 5, 6}, {2, 2}), 1e-6);
}

TEST(Absent, TheGradientOfAnAbsentRowGoesToTheTokenAlone) {
  Part part(id, R"({"dim": 2})");
  const auto gradients = part.gradients(middle_absent(nan), "tokens", random({3, 4, 2}, 3));
  const Array seed = random({3, 4, 2}, 3);
  expect_near(gradients.parameters.at("token"), floats({element(seed, 8), element(seed, 9)}, {2}),
              0.0);
  const Array tokens = gradients.inputs.at("tokens")[0];
  expect_near(row(tokens, 1), floats(std::vector<double>(8), {4, 2}), 0.0);
  expect_near(row(tokens, 2), row(seed, 2), 0.0);
}

TEST(Absent, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 2})", {}, DType::float64);
  for (const char* output : {"tokens", "pooled"})
    expect_gradients(part,
                     {{"tokens", {random({3, 4, 2}, 1, DType::float64)}},
                      {"mask", {length_mask({4, 1, 2}, 4)}},
                      {"pooled", {random({3, 2}, 2, DType::float64)}},
                      {"present", {mask({1, 0, 1}, {3})}}},
                     output);
}

class BeforeFusion : public testing::TestWithParam<std::string> {
 protected:
  /// What the fusion makes of a stream that may be absent, in each place, beside one that is there.
  std::map<std::string, Array> fuse(double garbage, bool middle_is_present, bool absent_first) {
    const std::vector<int> present = {1, middle_is_present ? 1 : 0, 1};
    const Array there = mask(present, {3, 1});
    const auto stream = absent_.run({{"tokens", {poisoned(voice_, there, garbage)}},
                                     {"mask", {voice_mask_}},
                                     {"present", {mask(present, {3})}}});
    std::vector<Array> streams{stream.at("tokens"), text_}, masks{stream.at("mask"), text_mask_};
    if (!absent_first) std::swap(streams[0], streams[1]), std::swap(masks[0], masks[1]);
    return fusion_.run({{"streams", streams}, {"masks", masks}});
  }

  const Array voice_ = random({3, 4, 8}, 1), text_ = random({3, 5, 8}, 2);
  const Array voice_mask_ = length_mask({4, 3, 2}, 4), text_mask_ = length_mask({5, 4, 1}, 5);
  Part absent_{id, R"({"dim": 8})"};
  Part fusion_{GetParam(), R"({"dim": 8})", {{"streams", 2}, {"masks", 2}}};
};

TEST_P(BeforeFusion, OtherRowsAreTheSameBitForBitWhetherARowIsAbsentOrNot) {
  for (const bool absent_first : {true, false}) {
    const auto without = fuse(0.0, false, absent_first), with = fuse(0.0, true, absent_first);
    for (const char* port : {"tokens", "mask"}) {
      for (const std::int64_t b : {0, 2})
        expect_same_bits(row(without.at(port), b), row(with.at(port), b));
    }
    EXPECT_GT(relative_error(row(without.at("tokens"), 1), row(with.at("tokens"), 1)), 1e-3);
  }
}

TEST_P(BeforeFusion, WhatAnAbsentRowHoldsReachesNothing) {
  for (const bool absent_first : {true, false}) {
    const auto clean = fuse(0.0, false, absent_first);
    for (const double garbage : {nan, 1e30}) {
      const auto found = fuse(garbage, false, absent_first);
      for (const char* port : {"tokens", "mask"}) expect_same_bits(found.at(port), clean.at(port));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fusions, BeforeFusion,
                         testing::Values("fusion.mean", "fusion.concat", "fusion.pairwise",
                                         "fusion.gated_cross_attention"));

}  // namespace
}  // namespace weft::test
