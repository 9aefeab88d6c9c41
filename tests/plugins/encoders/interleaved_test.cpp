// SPDX-License-Identifier: Apache-2.0
/// encoder.interleaved: what stands where, who sees whom, and gradients.

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

using testing::HasSubstr;

const char* const id = "encoder.interleaved";

/// Two pictures of 2 x 4 pixels, two patches each, and one sound of four frames, two groups.
std::string config(const std::string& more = "") {
  return R"({"vocab_size": 9, "max_length": 8, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6, "height": 4,
             "width": 4, "channels": 1, "patch": 2, "frames": 4, "features": 3, "frames_per_token": 2)" +
         more + "}";
}

const std::map<std::string, std::uint32_t> wired{{"pictures_masked", 1}, {"sounds_masked", 1}};

/// Row 0: document 1 is [text 3, patch 0, patch 1, text 4], document 2 [text 5, group 0, group 1],
/// and one place of padding. Row 1: one document of two words.
Arrays two_rows(DType dtype = DType::float32) {
  return {{"tokens", {ints({3, 0, 0, 4, 5, 0, 0, 0, 6, 7, 0, 0, 0, 0, 0, 0}, {2, 8})}},
          {"position", {ints({0, 1, 2, 3, 0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0}, {2, 8})}},
          {"document", {ints({1, 1, 1, 1, 2, 2, 2, 0, 1, 1, 0, 0, 0, 0, 0, 0}, {2, 8})}},
          {"source", {ints({0, 1, 2, 0, 0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 8})}},
          {"pictures", {random({2, 1, 4, 4}, 1, dtype)}},
          {"pictures_at", {ints({1, 2, 0, 0, 0, 0, 0, 0}, {2, 4})}},
          {"pictures_masked", {mask({0, 1, 0, 0, 0, 0, 0, 0}, {2, 4})}},
          {"sounds", {random({2, 4, 3}, 2, dtype)}},
          {"sounds_at", {ints({5, 6, 0, 0}, {2, 2})}},
          {"sounds_masked", {mask({1, 0, 0, 0}, {2, 2})}}};
}

/// The part without blocks that do anything: tokens = LN(e + P + K).
void silence(Part& part) {
  for (const char* name : {"attention", "feed_forward"})
    part.fill("block_0." + std::string(name) + ".out.weight", 0.0);
}

std::vector<double> normalised(std::vector<double> x) {
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(x.size()) + 1e-5);
  for (double& value : x) value = (value - mean) / deviation;
  return x;
}

TEST(Interleaved, EveryPlaceHoldsWhatItsSourceSays) {
  Part part(id, config(), wired, DType::float64);
  silence(part);
  const Arrays inputs = two_rows(DType::float64);
  const auto out = part.run(inputs);
  const auto expected = [&](std::vector<double> e, std::int64_t position, std::int64_t kind) {
    for (std::size_t d = 0; d < 4; ++d) {
      const auto at = static_cast<std::int64_t>(d);
      e[d] += element(part.get("position.weight"), position * 4 + at) +
              element(part.get("kind.weight"), kind * 4 + at);
    }
    return normalised(e);
  };
  const auto word = [&](std::int64_t number) {
    std::vector<double> e;
    for (std::int64_t d = 0; d < 4; ++d)
      e.push_back(element(part.get("embedding.weight"), number * 4 + d));
    return e;
  };
  const auto projected = [&](const char* layer, const std::vector<double>& x) {
    std::vector<double> e;
    for (std::int64_t d = 0; d < 4; ++d) {
      double sum = element(part.get(std::string(layer) + ".bias"), d);
      for (std::size_t i = 0; i < x.size(); ++i)
        sum +=
            x[i] * element(part.get(std::string(layer) + ".weight"),
                           d * static_cast<std::int64_t>(x.size()) + static_cast<std::int64_t>(i));
      e.push_back(sum);
    }
    return e;
  };
  const auto hidden = [&](const char* name) {
    std::vector<double> e;
    for (std::int64_t d = 0; d < 4; ++d) e.push_back(element(part.get(name), d));
    return e;
  };
  const Array& image = inputs.at("pictures")[0];
  const Array& sound = inputs.at("sounds")[0];
  std::vector<double> patch, group;
  for (const std::int64_t pixel : {0, 1, 4, 5}) patch.push_back(element(image, pixel));
  for (std::int64_t i = 6; i < 12; ++i) group.push_back(element(sound, i));
  const std::vector<std::vector<double>> places = {expected(word(3), 0, 0),
                                                   expected(projected("picture", patch), 1, 1),
                                                   expected(hidden("hidden_picture"), 2, 1),
                                                   expected(word(4), 3, 0),
                                                   expected(word(5), 0, 0),
                                                   expected(hidden("hidden_sound"), 1, 2),
                                                   expected(projected("sound", group), 2, 2)};
  for (std::size_t l = 0; l < places.size(); ++l) {
    for (std::size_t d = 0; d < 4; ++d)
      EXPECT_NEAR(element(out.at("tokens"), static_cast<std::int64_t>(l * 4 + d)), places[l][d],
                  1e-9)
          << l;
  }
  for (std::size_t d = 0; d < 4; ++d) {
    const auto at = static_cast<std::int64_t>(d);
    EXPECT_NEAR(element(out.at("pictures"), at), places[1][d], 1e-9);
    EXPECT_NEAR(element(out.at("pictures"), 4 + at), places[2][d], 1e-9);
    EXPECT_NEAR(element(out.at("sounds"), 4 + at), places[6][d], 1e-9);
  }
  expect_near(out.at("mask"), length_mask({7, 2}, 8), 0.0);
}

TEST(Interleaved, ADocumentSeesNothingOfItsNeighbour) {
  Part part(id, config(), wired, DType::float64);
  Arrays inputs = two_rows(DType::float64);
  const auto before = part.run(inputs);
  inputs.at("tokens")[0].data<std::int64_t>()[0] = 8;  // the first word of document 1
  const auto after = part.run(inputs);
  const Array first = rows(before.at("tokens"), 0, 1), changed = rows(after.at("tokens"), 0, 1);
  for (std::int64_t i = 0; i < 4 * 4; ++i) EXPECT_NE(element(first, i), element(changed, i)) << i;
  for (std::int64_t i = 4 * 4; i < 7 * 4; ++i)
    EXPECT_EQ(element(first, i), element(changed, i)) << i;
}

TEST(Interleaved, AloneOrPackedADocumentIsTheSame) {
  Part part(id, config(), wired, DType::float64);
  const auto packed = part.run(two_rows(DType::float64));
  Arrays alone = two_rows(DType::float64);
  alone["tokens"] = {ints({5, 0, 0, 0, 0, 0, 0, 0, 6, 7, 0, 0, 0, 0, 0, 0}, {2, 8})};
  alone["position"] = {ints({0, 1, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, {2, 8})};
  alone["document"] = {ints({1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0}, {2, 8})};
  alone["source"] = {ints({0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 8})};
  const auto out = part.run(alone);
  for (std::int64_t i = 0; i < 3 * 4; ++i)
    EXPECT_NEAR(element(out.at("tokens"), i), element(packed.at("tokens"), 4 * 4 + i), 1e-12);
}

TEST(Interleaved, CausalTokensSeeNothingLater) {
  Part part(id, config(R"(, "causal": true)"), wired, DType::float64);
  Arrays inputs = two_rows(DType::float64);
  const auto before = part.run(inputs);
  inputs.at("tokens")[0].data<std::int64_t>()[3] = 8;  // the last word of document 1
  const auto after = part.run(inputs);
  for (std::int64_t i = 0; i < 3 * 4; ++i)
    EXPECT_EQ(element(before.at("tokens"), i), element(after.at("tokens"), i)) << i;
  EXPECT_NE(element(before.at("tokens"), 12), element(after.at("tokens"), 12));
}

TEST(Interleaved, GradientsMatchDifferences) {
  Part part(id, config(), wired, DType::float64);
  // At training's small scale the norm is too curved for differences.
  int seed = 10;
  for (const char* name :
       {"embedding.weight", "position.weight", "kind.weight", "hidden_picture", "hidden_sound"})
    part.set(name, random(part.get(name).sizes, ++seed, DType::float64));
  for (const char* output : {"pooled", "pictures", "sounds"})
    expect_gradients(part, two_rows(DType::float64), output);
}

TEST(Interleaved, TextAloneNeedsNeitherPicturesNorSounds) {
  Part part(
      id, R"({"vocab_size": 9, "max_length": 4, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6})");
  const Array zeros = ints({0, 0}, {1, 2});
  const auto out = part.run({{"tokens", {ints({3, 4}, {1, 2})}},
                             {"position", {ints({0, 1}, {1, 2})}},
                             {"document", {ints({1, 1}, {1, 2})}},
                             {"source", {zeros}}});
  EXPECT_EQ(out.at("tokens").sizes, (std::vector<std::int64_t>{1, 2, 4}));
}

TEST(Interleaved, WhatItHasNoInputForIsItsKindAndPlaceAlone) {
  // Sounds, but no pictures: what stands where a patch does must not be taken for a group.
  Part part(id,
            R"({"vocab_size": 9, "max_length": 8, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6,
                "frames": 8, "features": 3, "frames_per_token": 2})",
            {}, DType::float64);
  silence(part);
  for (const char* name : {"position.weight", "kind.weight"})
    part.set(name, random(part.get(name).sizes, 11, DType::float64));
  const auto out = part.run({{"tokens", {ints({3, 0, 0}, {1, 3})}},
                             {"position", {ints({0, 1, 2}, {1, 3})}},
                             {"document", {ints({1, 1, 1}, {1, 3})}},
                             {"source", {ints({0, 2, -2}, {1, 3})}},
                             {"sounds", {random({1, 8, 3}, 2, DType::float64)}},
                             {"sounds_at", {ints({0, 2, 0, 0}, {1, 4})}}});
  const Array position = part.get("position.weight"), kind = part.get("kind.weight");
  std::vector<double> expected;
  for (int d = 0; d < 4; ++d) expected.push_back(element(position, 4 + d) + element(kind, 4 + d));
  expected = normalised(expected);
  for (int d = 0; d < 4; ++d)
    EXPECT_NEAR(element(out.at("tokens"), 4 + d), expected[static_cast<std::size_t>(d)], 1e-9) << d;
  EXPECT_GT(std::abs(element(out.at("tokens"), 8) - expected[0]), 1e-6);
}

TEST(Interleaved, RejectsWhatDoesNotFit) {
  EXPECT_THAT(rejection(id, R"({"height": 5, "width": 4, "patch": 2})"),
              HasSubstr("2 must divide height 5"));
  EXPECT_THAT(rejection(id, R"({"frames": 5, "frames_per_token": 2})"),
              HasSubstr("2 must divide frames 5"));
}

}  // namespace
}  // namespace weft::test
