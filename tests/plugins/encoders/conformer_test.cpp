// SPDX-License-Identifier: Apache-2.0
/// encoder.conformer against torchaudio.

#include <cmath>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

std::string torchaudio(const std::string& norm) {
  return R"({"features": 48, "dim": 48, "layers": 2, "heads": 4, "ffn_dim": 96, "kernel": 7,
             "subsampling": 1, "positions": "none", "norm": ")" +
         norm + "\"}";
}

void give_torchaudio(Part& part, const Weights& from, const std::string& norm) {
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "block_" + i, theirs = "w.conformer_layers." + i;
    for (const std::string half : {"1", "2"}) {
      const std::string network = theirs + ".ffn" + half + ".sequential";
      give_layer(part, ours + (half == "1" ? ".norm_1" : ".norm_3"), from, network + ".0");
      give_layer(part, ours + ".feed_forward_" + half + ".in", from, network + ".1");
      give_layer(part, ours + ".feed_forward_" + half + ".out", from, network + ".4");
    }
    give_layer(part, ours + ".norm_2", from, theirs + ".self_attn_layer_norm");
    give_fused_attention(part, ours + ".attention", from, theirs + ".self_attn");
    give_layer(part, ours + ".norm_4", from, theirs + ".final_layer_norm");
    const std::string convolution = theirs + ".conv_module";
    give_layer(part, ours + ".convolution.norm", from, convolution + ".layer_norm");
    give_layer(part, ours + ".convolution.in", from, convolution + ".sequential.0");
    give_layer(part, ours + ".convolution.depthwise", from, convolution + ".sequential.2");
    give_layer(part, ours + ".convolution.frame_norm", from, convolution + ".sequential.3");
    give_layer(part, ours + ".convolution.out", from, convolution + ".sequential.5");
    if (norm != "batch") continue;
    for (const std::string name : {".running_mean", ".running_var"})
      give(part, ours + ".convolution.frame_norm" + name,
           from.at(convolution + ".sequential.3" + name));
  }
}

class ConformerTest : public testing::TestWithParam<std::string> {  // the norm
 protected:
  std::string small(const std::string& more = "") const {
    return R"({"features": 5, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6, "kernel": 3,
               "channels": 2, "norm": ")" +
           GetParam() + "\"" + more + "}";
  }
};
INSTANTIATE_TEST_SUITE_P(Norms, ConformerTest, testing::Values("batch", "group", "layer"),
                         [](const auto& norm) { return norm.param; });

TEST(Conformer, MatchesTorchaudioOnAWholeSample) {
  const Weights from = reference("conformer_torchaudio");
  Part part("encoder.conformer", torchaudio("batch"));
  give_torchaudio(part, from, "batch");
  const Arrays inputs{{"features", {rows(from.at("in.frames"), 0, 1)}}};
  expect_near(part.run(inputs).at("tokens"), rows(from.at("out.frames"), 0, 1), 1e-5);
  const auto gradients = part.gradients(inputs, "tokens", rows(from.at("grad.seed"), 0, 1));
  EXPECT_LE(relative_error(gradients.inputs.at("features")[0], rows(from.at("grad.input"), 0, 1)),
            1e-4);
}

// conformer_alone: torchaudio on each sample by itself, as it lets padding into its convolutions.
TEST(Conformer, GivesAPaddedSampleWhatTorchaudioGivesItAlone) {
  const Weights from = reference("conformer_torchaudio"), alone = reference("conformer_alone");
  const Array real = length_mask({25, 18, 9}, 25);
  const Arrays inputs{{"features", {from.at("in.frames")}}, {"mask", {real}}};
  for (const std::string norm : {"batch", "group"}) {
    Part part("encoder.conformer", torchaudio(norm));
    give_torchaudio(part, from, norm);
    expect_near(poisoned(part.run(inputs).at("tokens"), real, 0.0), alone.at("out." + norm), 1e-5);
    const Array seed = poisoned(from.at("grad.seed"), real, 0.0);
    const auto gradients = part.gradients(inputs, "tokens", seed);
    EXPECT_LE(relative_error(gradients.inputs.at("features")[0], alone.at("grad." + norm)), 1e-4);
  }
}

// Blocks whose output layers are zero leave only their last norm.
TEST(Conformer, SubsamplesAsTorchDoes) {
  const Weights from = reference("conformer_subsampled");
  Part part("encoder.conformer",
            R"({"features": 10, "dim": 6, "layers": 1, "heads": 2, "channels": 3, "kernel": 3})",
            {}, DType::float64);
  for (const std::string name : {"subsample_0", "subsample_1", "project"})
    give_layer(part, name, from, "w." + name);
  for (const std::string name : {"feed_forward_1", "feed_forward_2", "attention", "convolution"})
    part.fill("block_0." + name + ".out.weight", 0.0);
  const auto out =
      part.run({{"features", {from.at("in.frames")}}, {"mask", {length_mask({13, 8, 1}, 13)}}});
  const Array real = length_mask({4, 2, 1}, 4);
  expect_near(out.at("mask"), real, 0.0);
  expect_near(poisoned(out.at("tokens"), real, 0.0), from.at("out.tokens"), 1e-10);
}

TEST_P(ConformerTest, PaddingNeverReachesTheOutput) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* subsampling : {"1", "2", "4"}) {
    Part part("encoder.conformer", small(R"(, "subsampling": )" + std::string(subsampling)), {},
              DType::float64);
    const Array frames = random({2, 11, 5}, 1, DType::float64);
    const Array real = length_mask({11, 6}, 11);
    const auto out = part.run({{"features", {poisoned(frames, real, nan)}}, {"mask", {real}}});
    const auto alone = part.run({{"features", {rows(steps(frames, 0, 6), 1, 1)}}});
    const std::int64_t length = alone.at("tokens").sizes[1];
    expect_near(rows(row(out.at("tokens"), 1), 0, length), alone.at("tokens"), 1e-12);
    expect_near(row(out.at("pooled"), 1), alone.at("pooled"), 1e-12);
    for (std::int64_t u = 0; u < out.at("mask").sizes[1]; ++u)
      EXPECT_EQ(element(row(out.at("mask"), 1), u), u < length ? 1.0 : 0.0);
  }
}

TEST_P(ConformerTest, MorePaddingChangesNothingInTraining) {
  const Array frames = random({2, 11, 5}, 1, DType::float64);
  std::vector<Array> pooled, running;
  for (const std::int64_t size : {8, 11}) {
    Part part("encoder.conformer", small(R"(, "subsampling": 1)"), {}, DType::float64);
    const Arrays inputs{{"features", {steps(frames, 0, size)}},
                        {"mask", {length_mask({8, 5}, size)}}};
    pooled.push_back(part.run(inputs, /*training=*/true).at("pooled"));
    part.step();
    for (const std::string& name : part.buffer_names()) running.push_back(part.get(name));
  }
  expect_near(pooled[1], pooled[0], 1e-12);
  for (std::size_t i = 0; i < running.size() / 2; ++i)
    expect_near(running[running.size() / 2 + i], running[i], 1e-12);
}

TEST(Conformer, BatchNormLearnsItsStatisticsInTraining) {
  Part part("encoder.conformer", R"({"features": 5, "dim": 4, "layers": 1, "norm": "batch"})");
  const std::string mean = "block_0.convolution.frame_norm.running_mean";
  const Array before = part.get(mean);
  part.run({{"features", {random({2, 9, 5}, 1)}}});
  expect_near(part.get(mean), before, 0.0);
  part.run({{"features", {random({2, 9, 5}, 1)}}}, /*training=*/true);
  part.step();
  double moved = 0.0;
  for (std::int64_t i = 0; i < 4; ++i) moved += std::abs(element(part.get(mean), i));
  EXPECT_GT(moved, 1e-4);
}

TEST(Conformer, WithoutSubsamplingEqualWidthsNeedNoProjection) {
  const std::vector<std::string> equal =
      Part("encoder.conformer", R"({"features": 4, "dim": 4, "subsampling": 1})").parameter_names();
  EXPECT_THAT(equal, testing::Not(testing::Contains("project.weight")));
  const std::vector<std::string> wider =
      Part("encoder.conformer", R"({"features": 5, "dim": 4, "subsampling": 1})").parameter_names();
  EXPECT_THAT(wider, testing::Contains("project.weight"));
}

TEST_P(ConformerTest, GradientsMatchDifferences) {
  const Array frames = random({2, 7, 5}, 1, DType::float64);
  const Array real = length_mask({7, 4}, 7);
  for (const char* subsampling : {"1", "2"}) {
    Part part("encoder.conformer", small(R"(, "subsampling": )" + std::string(subsampling)), {},
              DType::float64);
    expect_gradients(part, {{"features", {frames}}, {"mask", {real}}}, "pooled");
  }
}

// A learned matrix at the end alone: with the identity in its place the tokens are those without.
TEST(Conformer, ProjectsItsTokensToTheWidthOfAFusion) {
  const std::string options = R"("features": 5, "heads": 1, "layers": 1, "dim": 4)";
  Part plain("encoder.conformer", "{" + options + "}", {}, DType::float64);
  Part wider("encoder.conformer", "{" + options + R"(, "output_dim": 6})", {}, DType::float64);
  for (const std::string& name : plain.parameter_names()) wider.set(name, plain.get(name));
  std::vector<double> identity(24);
  for (std::size_t i = 0; i < 4; ++i) identity[i * 4 + i] = 1;
  wider.set("out.weight", floats(identity, {6, 4}, DType::float64));
  wider.fill("out.bias", 7);
  const Arrays frames{{"features", {random({2, 8, 5}, 1, DType::float64)}}};
  const Array narrow = plain.run(frames).at("tokens"), wide = wider.run(frames).at("tokens");
  ASSERT_EQ(wide.sizes, (std::vector<std::int64_t>{2, 2, 6}));
  EXPECT_EQ(wider.infer(frames).at("pooled"), (std::vector<std::int64_t>{2, 6}));
  for (std::int64_t i = 0; i < wide.count(); ++i)
    EXPECT_NEAR(element(wide, i), 7 + (i % 6 < 4 ? element(narrow, i / 6 * 4 + i % 6) : 0), 1e-12);
}

TEST(Conformer, InfersItsShapes) {
  for (const auto& [subsampling, length] :
       std::map<std::string, std::int64_t>{{"1", 13}, {"2", 7}, {"4", 4}}) {
    const Part part("encoder.conformer",
                    R"({"features": 5, "dim": 4, "heads": 1, "subsampling": )" + subsampling + "}");
    const auto shapes = part.infer({{"features", {random({2, 13, 5}, 1)}}});
    EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, length, 4}));
    EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, length}));
    EXPECT_EQ(shapes.at("pooled"), (std::vector<std::int64_t>{2, 4}));
  }
}

TEST(Conformer, MaskedFramesAndBandsAreReplacedBeforeAnythingSeesThem) {
  Part part("encoder.conformer",
            R"({"features": 5, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6, "kernel": 3,
                "channels": 2})",
            {{"masked", 1}, {"masked_bands", 1}}, DType::float64);
  const Array frames = random({2, 9, 5}, 1, DType::float64);
  const Array masked = mask({0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 9});
  const Array bands = mask({0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, {2, 5});
  const auto run = [&](const Array& features) {
    return part.run({{"features", {features}}, {"masked", {masked}}, {"masked_bands", {bands}}})
        .at("tokens");
  };
  // By hand: the token's numbers where something is hidden, not a number in their place before.
  Array filled = rows(frames, 0, 2), broken = rows(frames, 0, 2);
  const Array token = part.get("mask_token");
  for (std::int64_t b = 0; b < 2; ++b)
    for (std::int64_t t = 0; t < 9; ++t)
      for (std::int64_t f = 0; f < 5; ++f) {
        if (element(masked, b * 9 + t) == 0.0 && element(bands, b * 5 + f) == 0.0) continue;
        filled.data<double>()[(b * 9 + t) * 5 + f] = element(token, f);
        broken.data<double>()[(b * 9 + t) * 5 + f] = std::numeric_limits<double>::quiet_NaN();
      }
  const Array tokens = run(frames);
  expect_near(tokens, part.run({{"features", {filled}}}).at("tokens"), 0.0);
  expect_near(run(broken), tokens, 0.0);
  EXPECT_GT(relative_error(tokens, part.run({{"features", {frames}}}).at("tokens")), 1e-3);
  expect_gradients(part, {{"features", {frames}}, {"masked", {masked}}, {"masked_bands", {bands}}},
                   "tokens");
}

TEST(Conformer, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection("encoder.conformer", R"({"kernel": 4})"),
              testing::HasSubstr("kernel: must be odd, found 4"));
  EXPECT_THAT(rejection("encoder.conformer", R"({"subsampling": 3})"),
              testing::HasSubstr("subsampling: must be 1, 2 or 4, found 3"));
  EXPECT_THAT(rejection("encoder.conformer", R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection("encoder.conformer", R"({"dim": 9, "heads": 3})"),
              testing::HasSubstr("dim: must be even for sinusoidal positions, found 9"));
}

}  // namespace
}  // namespace weft::test
