// SPDX-License-Identifier: Apache-2.0
/// encoder.vit against Hugging Face and torchvision.

#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const reference_config =
    R"({"height": 32, "width": 32, "channels": 3, "patch": 8, "dim": 48, "layers": 2, "heads": 4,
        "ffn_dim": 96, "class_token": true, "pooling": "class", "eps": )";

void give_hugging_face(Part& part, const Weights& from) {
  give(part, "class_token", from.at("w.embeddings.cls_token"));
  give(part, "position", from.at("w.embeddings.position_embeddings"));
  give_layer(part, "project", from, "w.embeddings.patch_embeddings.projection");
  give_layer(part, "norm", from, "w.layernorm");
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "block_" + i, theirs = "w.layers." + i;
    give_layer(part, ours + ".norm_1", from, theirs + ".layernorm_before");
    give_layer(part, ours + ".attention.query", from, theirs + ".attention.q_proj");
    give_layer(part, ours + ".attention.key", from, theirs + ".attention.k_proj");
    give_layer(part, ours + ".attention.value", from, theirs + ".attention.v_proj");
    give_layer(part, ours + ".attention.out", from, theirs + ".attention.o_proj");
    give_layer(part, ours + ".norm_2", from, theirs + ".layernorm_after");
    give_layer(part, ours + ".feed_forward.in", from, theirs + ".mlp.fc1");
    give_layer(part, ours + ".feed_forward.out", from, theirs + ".mlp.fc2");
  }
}

void give_torchvision(Part& part, const Weights& from) {
  give(part, "class_token", from.at("w.class_token"));
  give(part, "position", from.at("w.encoder.pos_embedding"));
  give_layer(part, "project", from, "w.conv_proj");
  give_layer(part, "norm", from, "w.encoder.ln");
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "block_" + i, theirs = "w.encoder.layers.encoder_layer_" + i;
    give_layer(part, ours + ".norm_1", from, theirs + ".ln_1");
    give_fused_attention(part, ours + ".attention", from, theirs + ".self_attention");
    give_layer(part, ours + ".norm_2", from, theirs + ".ln_2");
    give_layer(part, ours + ".feed_forward.in", from, theirs + ".mlp.0");
    give_layer(part, ours + ".feed_forward.out", from, theirs + ".mlp.3");
  }
}

const char* const small =
    R"({"height": 4, "width": 6, "channels": 2, "patch": 2, "dim": 4, "layers": 1, "heads": 2,
        "ffn_dim": 6})";

TEST(Vit, MatchesHuggingFace) {
  const Weights from = reference("vit_hf");
  Part part("encoder.vit", reference_config + std::string("1e-12}"));
  give_hugging_face(part, from);
  const Arrays inputs{{"image", {from.at("in.pixels")}}};
  expect_near(part.run(inputs).at("tokens"), from.at("out.last_hidden_state"), 1e-5);
  const auto gradients = part.gradients(inputs, "tokens", from.at("grad.seed"));
  EXPECT_LE(relative_error(gradients.inputs.at("image")[0], from.at("grad.input")), 1e-4);
}

TEST(Vit, MatchesTorchvisionUpToItsClassifier) {
  const Weights from = reference("vit_torchvision");
  Part vit("encoder.vit", reference_config + std::string("1e-6}"));
  give_torchvision(vit, from);
  Part head("decoder.classifier", R"({"dim": 48, "classes": 10, "pooling": "first"})");
  give_layer(head, "out", from, "w.heads.head");

  const Arrays image{{"image", {from.at("in.pixels")}}};
  const Array pooled = vit.run(image).at("pooled");
  const Arrays state{{"state", {reshaped(pooled, {2, 1, 48})}}};
  expect_near(head.run(state).at("logits"), from.at("out.logits"), 1e-5);

  const Array seed = reshaped(
      head.gradients(state, "logits", from.at("grad.seed")).inputs.at("state")[0], {2, 48});
  const auto gradients = vit.gradients(image, "pooled", seed);
  EXPECT_LE(relative_error(gradients.inputs.at("image")[0], from.at("grad.input")), 1e-4);
}

// A block whose output layers are zero adds nothing, and LN leaves a normalised vector alone.
TEST(Vit, PatchesAreReadRowByRowAndChannelByChannel) {
  Part part("encoder.vit",
            R"({"height": 2, "width": 4, "channels": 2, "patch": 2, "dim": 8, "layers": 1,
                "heads": 1, "ffn_dim": 1, "eps": 1e-12})");
  for (const char* name : {"block_0.attention.out.weight", "block_0.feed_forward.out.weight",
                           "position", "project.weight"})
    part.fill(name, 0.0);
  std::vector<double> identity(64, 0.0);
  for (std::size_t i = 0; i < 8; ++i) identity[9 * i] = 1.0;
  part.set("project.weight", floats(identity, {8, 8}));
  // Both patches hold ±1 with mean 0 and variance 1, so the last norm returns them as they are.
  const Array image = floats({1, -1, 1, 1, -1, 1, -1, -1,   // channel 0, two rows of four pixels
                              1, 1, -1, 1, -1, -1, 1, -1},  // channel 1
                             {1, 2, 2, 4});
  const auto out = part.run({{"image", {image}}});
  expect_near(out.at("tokens"),
              floats({1, -1, -1, 1, 1, 1, -1, -1, 1, 1, -1, -1, -1, 1, 1, -1}, {1, 2, 8}), 1e-5);
  expect_near(out.at("pooled"), floats({1, 0, -1, 0, 0, 1, 0, -1}, {1, 8}), 1e-5);
}

TEST(Vit, MeanPoolingLeavesTheClassTokenOut) {
  Part part("encoder.vit", R"({"height": 4, "width": 4, "patch": 4, "class_token": true})");
  const auto out = part.run({{"image", {random({2, 3, 4, 4}, 1)}}});
  expect_near(out.at("pooled"), reshaped(steps(out.at("tokens"), 1, 1), {2, 64}), 1e-6);
}

TEST(Vit, InfersItsShapes) {
  const Part part("encoder.vit", small);
  const auto shapes = part.infer({{"image", {random({3, 2, 4, 6}, 1)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{3, 6, 4}));
  EXPECT_EQ(shapes.at("pooled"), (std::vector<std::int64_t>{3, 4}));
}

TEST(Vit, DropoutActsInTrainingOnly) {
  Part part("encoder.vit", R"({"height": 8, "width": 8, "dropout": 0.5})");
  const Arrays inputs{{"image", {random({1, 3, 8, 8}, 1)}}};
  const Array still = part.run(inputs).at("tokens");
  expect_near(part.run(inputs, false, 7).at("tokens"), still, 0.0);
  const Array noisy = part.run(inputs, true, 7).at("tokens");
  EXPECT_GT(relative_error(noisy, still), 0.1);
  expect_near(part.run(inputs, true, 7).at("tokens"), noisy, 0.0);
  EXPECT_GT(relative_error(part.run(inputs, true, 8).at("tokens"), noisy), 0.1);
}

TEST(Vit, GradientsMatchDifferences) {
  Part part("encoder.vit", small, {}, DType::float64);
  expect_gradients(part, {{"image", {random({2, 2, 4, 6}, 1, DType::float64)}}}, "tokens");
}

std::vector<double> numbers(const Array& array) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < array.count(); ++i) all.push_back(element(array, i));
  return all;
}

// The mask token takes the place of the patch before positions are added: what the patch held
// changes nothing, and a patch whose embedding is the mask token gives the same.
TEST(Vit, MaskedPatchesAreReplacedByTheMaskToken) {
  Part part("encoder.vit", small, {{"masked", 1}}, DType::float64);
  const Array masked = mask({0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, {2, 6});
  const Array image = random({2, 2, 4, 6}, 1, DType::float64);
  Array other = random({2, 2, 4, 6}, 1, DType::float64);
  for (const std::int64_t channel : {0, 1})
    for (const std::int64_t y : {0, 1})
      for (const std::int64_t x : {2, 3})  // patch 1 of the first picture
        other.data<double>()[(channel * 4 + y) * 6 + x] = std::numeric_limits<double>::quiet_NaN();
  const Array tokens = part.run({{"image", {image}}, {"masked", {masked}}}).at("tokens");
  expect_near(part.run({{"image", {other}}, {"masked", {masked}}}).at("tokens"), tokens, 0.0);
  const Array open = part.run({{"image", {image}}}).at("tokens");
  expect_near(row(tokens, 1), row(open, 1), 0.0);
  EXPECT_GT(relative_error(row(tokens, 0), row(open, 0)), 1e-3);

  part.fill("project.weight", 0.0);
  part.set("project.bias", part.get("mask_token"));
  expect_near(part.run({{"image", {image}}}).at("tokens"),
              part.run({{"image", {image}}, {"masked", {masked}}}).at("tokens"), 0.0);
}

TEST(Vit, TheMaskTokenIsAParameterOnlyWhereItIsWiredOrAskedFor) {
  const auto has_token = [](const std::string& config,
                            const std::map<std::string, std::uint32_t>& wired) {
    const std::vector<std::string> names = Part("encoder.vit", config, wired).parameter_names();
    return std::count(names.begin(), names.end(), "mask_token") == 1;
  };
  EXPECT_FALSE(has_token("{}", {{"masked", 0}}));
  EXPECT_TRUE(has_token("{}", {{"masked", 1}}));
  EXPECT_TRUE(has_token(R"({"mask_token": true})", {{"masked", 0}}));
}

TEST(Vit, GradientsOfMaskedPatchesMatchDifferences) {
  Part part("encoder.vit",
            R"({"height": 4, "width": 6, "channels": 2, "patch": 2, "dim": 4, "layers": 1,
                "heads": 2, "ffn_dim": 6, "class_token": true})",
            {{"masked", 1}}, DType::float64);
  const Arrays inputs{{"image", {random({1, 2, 4, 6}, 1, DType::float64)}},
                      {"masked", {mask({0, 1, 1, 0, 0, 0}, {1, 6})}}};
  expect_gradients(part, inputs, "tokens");
  const std::vector<double> slopes = numbers(
      part.gradients(inputs, "tokens", random({1, 7, 4}, 2, DType::float64)).inputs.at("image")[0]);
  EXPECT_EQ(slopes[2], 0.0) << "a hidden patch has no gradient";
  EXPECT_NE(slopes[0], 0.0);
}

TEST(Vit, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection("encoder.vit", R"({"height": 30, "width": 32, "patch": 4})"),
              testing::HasSubstr("patch: 4 must divide height 30"));
  EXPECT_THAT(rejection("encoder.vit", R"({"height": 32, "width": 34, "patch": 4})"),
              testing::HasSubstr("patch: 4 must divide width 34"));
  EXPECT_THAT(rejection("encoder.vit", R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection("encoder.vit", R"({"pooling": "class"})"),
              testing::HasSubstr("pooling: \"class\" needs class_token: true"));
}

TEST(Vit, PooledIsProjectedAndPatchesMayHaveNoBias) {
  Part part("encoder.vit", R"({"height": 4, "width": 6, "channels": 2, "patch": 2, "dim": 4,
      "layers": 1, "heads": 2, "ffn_dim": 6, "patch_bias": false, "embedding_norm": true,
      "projection": 3})");
  const std::vector<std::string> names = part.parameter_names();
  EXPECT_THAT(names, testing::Not(testing::Contains("project.bias")));
  EXPECT_THAT(names, testing::Contains("embedding_norm.weight"));
  const auto out = part.run({{"image", {random({2, 2, 4, 6}, 1)}}});
  EXPECT_EQ(out.at("pooled").sizes, (std::vector<std::int64_t>{2, 3}));
  // Normalised patches do not know how bright the picture was.
  part.fill("position", 0.0);
  const Array dark = random({1, 2, 4, 6}, 2);
  Array bright = random({1, 2, 4, 6}, 2);
  for (std::int64_t i = 0; i < bright.count(); ++i) bright.data<float>()[i] *= 8.0F;
  expect_near(part.run({{"image", {bright}}}).at("tokens"),
              part.run({{"image", {dark}}}).at("tokens"), 1e-3);
}

}  // namespace
}  // namespace weft::test
