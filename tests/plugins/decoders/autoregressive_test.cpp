// SPDX-License-Identifier: Apache-2.0
/// decoder.autoregressive against torch.nn.TransformerDecoderLayer.

#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.autoregressive";

void give_block(Part& part, const std::string& ours, const Weights& from,
                const std::string& theirs) {
  give_layer(part, ours + ".norm_1", from, theirs + "norm1");
  give_fused_attention(part, ours + ".self_attention", from, theirs + "self_attn");
  give_layer(part, ours + ".norm_2", from, theirs + "norm2");
  give_fused_attention(part, ours + ".cross_attention", from, theirs + "multihead_attn");
  give_layer(part, ours + ".norm_3", from, theirs + "norm3");
  give_layer(part, ours + ".feed_forward.in", from, theirs + "linear1");
  give_layer(part, ours + ".feed_forward.out", from, theirs + "linear2");
}

std::string config(const std::string& more = "") {
  return R"({"vocab_size": 7, "max_length": 5, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6)" +
         more + "}";
}

/// Each row normalised, as a layer norm with weight 1 and bias 0 does.
Array normalised(const Array& x) {
  Array y = rows(x, 0, x.sizes[0]);
  const std::int64_t dim = x.sizes.back();
  for (std::int64_t start = 0; start < x.count(); start += dim) {
    double mean = 0.0, square = 0.0;
    for (std::int64_t d = 0; d < dim; ++d) mean += element(x, start + d) / static_cast<double>(dim);
    for (std::int64_t d = 0; d < dim; ++d)
      square += std::pow(element(x, start + d) - mean, 2) / static_cast<double>(dim);
    for (std::int64_t d = 0; d < dim; ++d)
      y.data<float>()[start + d] =
          static_cast<float>((element(x, start + d) - mean) / std::sqrt(square + 1e-5));
  }
  return y;
}

// The reference starts from vectors and ends before a norm. Row i of the embedding is therefore the
// i-th vector, the output layer is the identity, and the reference is normalised here.
TEST(Autoregressive, ItsBlockMatchesTorchsDecoderLayer) {
  const Weights from = reference("decoder_block_torch");
  Part part(id, R"({"vocab_size": 48, "max_length": 6, "dim": 48, "heads": 4, "ffn_dim": 96})");
  give_block(part, "block_0", from, "w.");
  part.fill("position", 0.0);
  std::vector<double> table(48 * 48, 0.0), identity(48 * 48, 0.0);
  for (std::int64_t i = 0; i < from.at("in.target").count(); ++i)
    table[static_cast<std::size_t>(i)] = element(from.at("in.target"), i);
  for (std::size_t i = 0; i < 48; ++i) identity[49 * i] = 1.0;
  part.set("embedding.weight", floats(table, {48, 48}));
  part.set("out.weight", floats(identity, {48, 48}));
  const Array target = ints({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {2, 6});
  const Array logits =
      part.run({{"state", {from.at("in.memory")}}, {"target", {target}}}).at("logits");
  expect_near(logits, normalised(from.at("out.output")), 1e-5);
}

TEST(Autoregressive, MatchesTorchsDecoderWithTiedEmbedding) {
  const Weights from = reference("autoregressive");
  Part part(
      id,
      R"({"vocab_size": 11, "max_length": 6, "dim": 16, "layers": 2, "heads": 4, "ffn_dim": 24,
                "tied": true})",
      {}, DType::float64);
  part.set("embedding.weight", from.at("w.embedding"));
  part.set("position", from.at("w.position"));
  for (const std::string i : {"0", "1"})
    give_block(part, "block_" + i, from, "w.layers." + i + ".");
  give_layer(part, "norm", from, "w.norm");
  const Arrays inputs{{"state", {from.at("in.state")}},
                      {"mask", {as_mask(from.at("in.mask"))}},
                      {"target", {from.at("in.target")}}};
  expect_near(part.run(inputs).at("logits"), from.at("out.logits"), 1e-10);
  const auto gradients = part.gradients(inputs, "logits", from.at("grad.seed"));
  EXPECT_LE(relative_error(gradients.inputs.at("state")[0], from.at("grad.state")), 1e-9);
}

TEST(Autoregressive, ARowSeesNoLaterToken) {
  Part part(id, config());
  const Array state = random({1, 3, 4}, 1);
  const auto logits = [&](const std::vector<std::int64_t>& tokens) {
    const auto size = static_cast<std::int64_t>(tokens.size());
    return part.run({{"state", {state}}, {"target", {ints(tokens, {1, size})}}}).at("logits");
  };
  const Array whole = logits({2, 5, 6, 4, 3});
  expect_near(logits({2, 5, 6}), steps(whole, 0, 3), 1e-6);
  expect_near(steps(logits({2, 5, 6, 0, 0}), 0, 3), steps(whole, 0, 3), 1e-6);
  EXPECT_GT(relative_error(steps(logits({2, 5, 1, 4, 3}), 2, 1), steps(whole, 2, 1)), 1e-3);
}

TEST(Autoregressive, PaddingOfTheStateNeverReachesTheOutput) {
  Part part(id, config());
  const Array state = random({2, 4, 4}, 1), real = length_mask({4, 2}, 4);
  const Array target = ints({2, 5, 3, 2, 4, 6}, {2, 3});
  const Array out =
      part.run({{"state", {poisoned(state, real, 1e4)}}, {"mask", {real}}, {"target", {target}}})
          .at("logits");
  const Array alone =
      part.run({{"state", {rows(steps(state, 0, 2), 1, 1)}}, {"target", {ints({2, 4, 6}, {1, 3})}}})
          .at("logits");
  expect_near(row(out, 1), alone, 1e-6);
}

TEST(Autoregressive, GradientsMatchDifferences) {
  const Arrays inputs{{"state", {random({2, 3, 4}, 1, DType::float64)}},
                      {"mask", {length_mask({3, 2}, 3)}},
                      {"target", {ints({2, 5, 3, 2, 4, 6}, {2, 3})}}};
  for (const char* more : {"", R"(, "tied": true)"}) {
    Part part(id, config(more), {}, DType::float64);
    expect_gradients(part, inputs, "logits");
  }
}

TEST(Autoregressive, InfersItsShape) {
  const Part part(id, config());
  const auto shapes =
      part.infer({{"state", {random({2, 4, 4}, 1)}}, {"target", {ints({2, 5, 3, 2}, {2, 2})}}});
  EXPECT_EQ(shapes.at("logits"), (std::vector<std::int64_t>{2, 2, 7}));
}

TEST(Autoregressive, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection(id, R"({"vocab_size": 3})"),
              testing::HasSubstr("end_id: 3 must be less than vocab_size 3"));
}

TEST(Autoregressive, RefusesATargetThatIsTooLong) {
  Part part(id, config());
  const Arrays inputs{{"state", {random({1, 2, 4}, 1)}},
                      {"target", {ints({2, 4, 4, 4, 4, 3}, {1, 6})}}};
  const char* const text = "max_length: is 5, but the target has 6 tokens";
  EXPECT_THAT([&] { part.infer(inputs); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr(text)));
  EXPECT_THAT([&] { part.run(inputs); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr(text)));
}

}  // namespace
}  // namespace weft::test
