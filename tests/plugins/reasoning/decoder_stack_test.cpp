// SPDX-License-Identifier: Apache-2.0
/// reasoning.decoder_stack against torch.nn.TransformerEncoderLayer.

#include <gmock/gmock.h>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "reasoning.decoder_stack";

void give_block(Part& part, const std::string& ours, const Weights& from,
                const std::string& theirs) {
  give_layer(part, ours + ".norm_1", from, theirs + ".norm1");
  give_fused_attention(part, ours + ".attention", from, theirs + ".self_attn");
  give_layer(part, ours + ".norm_2", from, theirs + ".norm2");
  give_layer(part, ours + ".feed_forward.in", from, theirs + ".linear1");
  give_layer(part, ours + ".feed_forward.out", from, theirs + ".linear2");
}

std::string config(const std::string& more = "") {
  return R"({"dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6)" + more + "}";
}

TEST(DecoderStack, MatchesTorch) {
  const Weights from = reference("decoder_stack");
  Part part(id,
            R"({"dim": 16, "layers": 2, "heads": 4, "ffn_dim": 24, "causal": true, "passes": 3,
                "latents": 2})",
            {}, DType::float64);
  part.set("latents", from.at("w.latents"));
  for (const std::string i : {"0", "1", "2"})
    part.set("pass_" + i, row(from.at("w.pass"), std::stoi(i)));
  for (const std::string i : {"0", "1"}) give_block(part, "block_" + i, from, "w.layers." + i);
  give_layer(part, "norm", from, "w.norm");

  const Arrays inputs{{"tokens", {from.at("in.tokens")}}, {"mask", {as_mask(from.at("in.mask"))}}};
  const auto out = part.run(inputs);
  const Array real = length_mask({7, 5}, 7);
  expect_near(out.at("mask"), real, 0.0);
  expect_near(poisoned(out.at("state"), real, 0.0), poisoned(from.at("out.state"), real, 0.0),
              1e-10);
  expect_near(out.at("pooled"), from.at("out.pooled"), 1e-10);
  const auto gradients = part.gradients(inputs, "pooled", from.at("grad.seed"));
  EXPECT_LE(relative_error(gradients.inputs.at("tokens")[0], from.at("grad.tokens")), 1e-9);
}

// With zero output layers a block adds nothing, and the state is the tokens after the last norm.
TEST(DecoderStack, SilentBlocksKeepTheTokens) {
  Part part(id, config());
  for (const char* name : {"attention", "feed_forward"})
    part.fill("block_0." + std::string(name) + ".out.weight", 0.0);
  const Array tokens = floats({1, -1, 1, -1, -1, -1, 1, 1}, {1, 2, 4});
  const auto out = part.run({{"tokens", {tokens}}});
  expect_near(out.at("state"), tokens, 1e-5);
  expect_near(out.at("pooled"), floats({0, -1, 1, 0}, {1, 4}), 1e-5);
}

TEST(DecoderStack, TwoPassesEqualTheStackWrittenTwice) {
  Part twice(id, config(R"(, "passes": 2)"), {}, DType::float64);
  Part deep(id, R"({"dim": 4, "layers": 2, "heads": 2, "ffn_dim": 6})", {}, DType::float64);
  for (const std::string& name : deep.parameter_names()) {
    const std::string once = name.rfind("block_1", 0) == 0 ? "block_0" + name.substr(7) : name;
    deep.set(name, twice.get(once));
  }
  twice.fill("pass_0", 0.0), twice.fill("pass_1", 0.0);
  const Arrays inputs{{"tokens", {random({2, 3, 4}, 1, DType::float64)}}};
  expect_near(twice.run(inputs).at("state"), deep.run(inputs).at("state"), 1e-12);
}

TEST(DecoderStack, ACausalTokenSeesNothingLater) {
  Array tokens = random({1, 4, 4}, 1);
  for (const bool masked : {false, true}) {
    Part part(id, config(R"(, "causal": true)"));
    Arrays inputs{{"tokens", {tokens}}};
    if (masked) inputs["mask"] = {mask({1, 1, 1, 1}, {1, 4})};
    const Array whole = part.run(inputs).at("state");
    inputs["tokens"] = {poisoned(tokens, mask({1, 1, 0, 0}, {1, 4}), 50.0)};
    const Array changed = part.run(inputs).at("state");
    expect_near(steps(changed, 0, 2), steps(whole, 0, 2), 1e-6);
    EXPECT_GT(relative_error(steps(changed, 2, 2), steps(whole, 2, 2)), 0.1);
  }
}

TEST(DecoderStack, PaddingNeverReachesTheOutput) {
  for (const char* more : {"", R"(, "causal": true)", R"(, "latents": 2, "passes": 2)"}) {
    Part part(id, config(more));
    const Array tokens = random({2, 4, 4}, 1), real = length_mask({4, 2}, 4);
    const auto out = part.run({{"tokens", {poisoned(tokens, real, 1e4)}}, {"mask", {real}}});
    const auto alone = part.run({{"tokens", {rows(steps(tokens, 0, 2), 1, 1)}}});
    const std::int64_t length = alone.at("state").sizes[1];
    expect_near(rows(row(out.at("state"), 1), 0, length), alone.at("state"), 1e-6);
    expect_near(row(out.at("pooled"), 1), alone.at("pooled"), 1e-6);
  }
}

TEST(DecoderStack, InfersItsShapes) {
  const Part part(id, config(R"(, "latents": 3)"));
  const auto shapes = part.infer({{"tokens", {random({2, 5, 4}, 1)}}});
  EXPECT_EQ(shapes.at("state"), (std::vector<std::int64_t>{2, 8, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 8}));
  EXPECT_EQ(shapes.at("pooled"), (std::vector<std::int64_t>{2, 4}));
}

TEST(DecoderStack, GradientsMatchDifferences) {
  Part part(id, config(R"(, "causal": true, "latents": 2, "passes": 2)"), {}, DType::float64);
  const Arrays inputs{{"tokens", {random({2, 3, 4}, 1, DType::float64)}},
                      {"mask", {length_mask({3, 2}, 3)}}};
  expect_gradients(part, inputs, "pooled");
}

TEST(DecoderStack, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection(id, R"({"passes": 0})"), testing::HasSubstr("passes"));
}

TEST(DecoderStack, ADocumentSeesNothingOfItsNeighbour) {
  Part part(id, config());
  Arrays inputs{{"tokens", {random({1, 5, 4}, 1)}}, {"document", {ints({1, 1, 2, 2, 0}, {1, 5})}}};
  const auto before = part.run(inputs);
  expect_near(before.at("mask"), length_mask({4}, 5), 0.0);
  inputs.at("tokens")[0].data<float>()[0] += 1;
  const auto after = part.run(inputs);
  expect_near(steps(after.at("state"), 2, 2), steps(before.at("state"), 2, 2), 0.0);
  EXPECT_GT(relative_error(steps(after.at("state"), 0, 2), steps(before.at("state"), 0, 2)), 1e-3);
}

TEST(DecoderStack, AWorkspaceWouldJoinDocuments) {
  EXPECT_THAT(rejection(id, config(R"(, "latents": 2)"), {{"document", 1}}),
              testing::HasSubstr("must be 0 where document is wired"));
}

}  // namespace
}  // namespace weft::test
