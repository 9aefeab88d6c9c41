// SPDX-License-Identifier: Apache-2.0
/// encoder.audio_transformer; its values are held to Whisper's in
/// tests/host/checkpoint/community_test.cpp.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const small =
    R"({"features": 3, "max_length": 4, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6})";

TEST(AudioTransformer, TwoFramesBecomeOneToken) {
  Part part("encoder.audio_transformer", small);
  for (const auto& [frames, tokens] :
       {std::pair<std::int64_t, std::int64_t>{1, 1}, {7, 4}, {8, 4}}) {
    const Arrays inputs{{"features", {random({2, frames, 3}, 1)}}};
    EXPECT_EQ(part.infer(inputs).at("tokens"), (std::vector<std::int64_t>{2, tokens, 4}));
    EXPECT_EQ(part.run(inputs).at("tokens").sizes, (std::vector<std::int64_t>{2, tokens, 4}));
  }
}

// A recording in a longer row gives what it gives alone; with `masked` false the silence is heard.
TEST(AudioTransformer, PaddingIsLeftOutUnlessItIsHeard) {
  for (const std::string masked : {"true", "false"}) {
    Part part("encoder.audio_transformer",
              R"({"features": 3, "max_length": 4, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6,
                  "masked": )" +
                  masked + "}");
    const Array alone = random({1, 4, 3}, 1), real = length_mask({4}, 8);
    Array padded = random({1, 8, 3}, 2);
    std::copy_n(alone.data<float>(), 12, padded.data<float>());
    const auto out = part.run({{"features", {padded}}, {"mask", {real}}});
    const auto whole = part.run({{"features", {alone}}});
    const double error =
        relative_error(rows(row(out.at("tokens"), 0), 0, 2), row(whole.at("tokens"), 0));
    const bool is_masked = masked == "true";
    if (is_masked) {
      EXPECT_LE(error, 1e-5);
      expect_near(out.at("pooled"), whole.at("pooled"), 1e-5);
    } else {
      EXPECT_GT(error, 1e-3);
    }
    expect_near(out.at("mask"), length_mask({is_masked ? 2 : 4}, 4), 0.0);
  }
}

TEST(AudioTransformer, GradientsMatchDifferences) {
  Part part("encoder.audio_transformer", small, {}, DType::float64);
  expect_gradients(part, {{"features", {random({2, 5, 3}, 1, DType::float64)}}}, "pooled");
}

TEST(AudioTransformer, RefusesASoundThatIsTooLong) {
  Part part("encoder.audio_transformer", small);
  EXPECT_THAT(
      [&] {
        part.infer({{"features", {random({1, 9, 3}, 1)}}});
      },
      testing::ThrowsMessage<std::exception>(
          testing::HasSubstr("max_length: is 4, but the sound has 5 tokens")));
  EXPECT_THAT(rejection("encoder.audio_transformer", R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
}

}  // namespace
}  // namespace weft::test
