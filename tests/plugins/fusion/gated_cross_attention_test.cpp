// SPDX-License-Identifier: Apache-2.0
/// fusion.gated_cross_attention against the equations written out with torch.nn.MultiheadAttention.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.gated_cross_attention";

Part make(const std::string& gate, std::uint32_t streams = 2, DType dtype = DType::float32) {
  return Part(id, R"({"dim": 4, "heads": 2, "gate": ")" + gate + "\"}", {{"streams", streams}},
              dtype);
}

class GatedCrossAttentionTest : public testing::TestWithParam<std::string> {};  // the gate
INSTANTIATE_TEST_SUITE_P(Gates, GatedCrossAttentionTest, testing::Values("sigmoid", "tanh"),
                         [](const auto& test) { return test.param; });

TEST_P(GatedCrossAttentionTest, MatchesTorch) {
  const std::string gate = GetParam();
  const Weights from = reference("gated_cross_attention");
  Part part(id, R"({"dim": 12, "heads": 3, "gate": ")" + gate + "\"}", {{"streams", 3}},
            DType::float64);
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "context_" + std::to_string(std::stoi(i) + 1);
    give_fused_attention(part, ours + ".attention", from, "w." + i + ".attention");
    if (gate == "sigmoid")
      give_layer(part, ours + ".gate", from, "w." + i + ".gate");
    else
      give(part, ours + ".alpha", from.at("w." + i + ".alpha"));
  }
  Arrays inputs;
  for (const std::string i : {"0", "1", "2"}) {
    inputs["streams"].push_back(from.at("in.stream." + i));
    inputs["masks"].push_back(as_mask(from.at("in.mask." + i)));
  }
  const auto out = part.run(inputs);
  expect_near(out.at("tokens"), from.at("out." + gate), 1e-10);
  expect_near(out.at("mask"), inputs["masks"][0], 0.0);
  const auto gradients = part.gradients(inputs, "tokens", from.at("grad." + gate + ".seed"));
  for (const std::size_t i : {0u, 1u, 2u})
    EXPECT_LE(relative_error(gradients.inputs.at("streams")[i],
                             from.at("grad." + gate + "." + std::to_string(i))),
              1e-9);
}

TEST(GatedCrossAttention, ClosedGateReturnsTheQuery) {
  Part part = make("sigmoid");
  part.fill("context_1.gate.weight", 0.0);
  part.fill("context_1.gate.bias", -100.0);  // σ(−100) = 0
  const Array query = random({2, 3, 4}, 1), context = random({2, 5, 4}, 2);
  expect_near(part.run({{"streams", {query, context}}}).at("tokens"), query, 1e-6);
}

TEST(GatedCrossAttention, OpenGateReturnsTheContext) {
  Part part = make("sigmoid");
  part.fill("context_1.gate.weight", 0.0);
  part.fill("context_1.gate.bias", 100.0);
  const Array identity = floats({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, {4, 4});
  part.set("context_1.attention.value.weight", identity);
  part.set("context_1.attention.out.weight", identity);
  const Array context = floats({1, 2, 3, 4}, {1, 1, 4});  // one token gets all attention
  expect_near(part.run({{"streams", {random({1, 2, 4}, 1), context}}}).at("tokens"),
              floats({1, 2, 3, 4, 1, 2, 3, 4}, {1, 2, 4}), 1e-6);
}

/// The outputs on demand are what the fused tokens are made of: with values and projection the
/// identity, tokens = (1 − g) ⊙ query + g ⊙ (attention · contexts).
TEST(GatedCrossAttention, GatesAndAttentionMakeItsTokens) {
  Part part(id, R"({"dim": 4, "heads": 1})", {{"streams", 2}}, DType::float64);
  Array identity = floats({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, {4, 4}, DType::float64);
  part.set("context_1.attention.value.weight", identity);
  part.set("context_1.attention.out.weight", identity);
  const Array query = random({2, 3, 4}, 1, DType::float64),
              context = random({2, 5, 4}, 2, DType::float64);
  const auto out =
      part.run({{"streams", {query, context}}, {"masks", {Array{}, length_mask({5, 2}, 5)}}});
  const Array &g = out.at("gates"), &a = out.at("attention"), &tokens = out.at("tokens");
  ASSERT_EQ(g.sizes, (std::vector<std::int64_t>{2, 1, 3, 4}));
  ASSERT_EQ(a.sizes, (std::vector<std::int64_t>{2, 1, 3, 5}));
  for (std::int64_t i = 0; i < tokens.count(); ++i) {
    const std::int64_t row = i / 12, token = i / 4, channel = i % 4;
    double answer = 0.0, sum = 0.0;
    for (std::int64_t m = 0; m < 5; ++m) {
      answer += element(a, token * 5 + m) * element(context, (row * 5 + m) * 4 + channel);
      sum += element(a, token * 5 + m);
    }
    EXPECT_NEAR(sum, 1.0, 1e-12);
    EXPECT_NEAR(element(tokens, i),
                (1.0 - element(g, i)) * element(query, i) + element(g, i) * answer, 1e-12);
  }
  for (std::int64_t m = 2; m < 5; ++m) EXPECT_EQ(element(a, 15 + m), 0.0) << "of what is padding";
}

TEST(GatedCrossAttention, MapsOfAllContextsLieSideBySide) {
  Part part = make("tanh", 3);
  part.fill("context_2.alpha", 0.5);
  const auto out =
      part.run({{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2), random({2, 1, 4}, 3)}}});
  EXPECT_EQ(out.at("attention").sizes, (std::vector<std::int64_t>{2, 2, 3, 6}));
  ASSERT_EQ(out.at("gates").sizes, (std::vector<std::int64_t>{2, 2, 3, 4}));
  EXPECT_EQ(element(out.at("gates"), 0), 0.0);
  EXPECT_NEAR(element(out.at("gates"), 12), std::tanh(0.5), 1e-6);
}

TEST(GatedCrossAttention, TanhGateStartsAsTheIdentity) {
  Part part = make("tanh", 3);
  const Array query = random({2, 3, 4}, 1);
  expect_near(
      part.run({{"streams", {query, random({2, 5, 4}, 2), random({2, 1, 4}, 3)}}}).at("tokens"),
      query, 0.0);
}

TEST_P(GatedCrossAttentionTest, PaddingNeverReachesTheOutput) {
  Part part = make(GetParam());
  if (GetParam() == "tanh") part.fill("context_1.alpha", 0.7);
  const Array query = random({2, 2, 4}, 1), context = random({2, 5, 4}, 2),
              real = length_mask({5, 2}, 5);
  const Array out =
      part.run({{"streams", {query, poisoned(context, real, 1e4)}}, {"masks", {Array{}, real}}})
          .at("tokens");
  const Array alone =
      part.run({{"streams", {rows(query, 1, 1), rows(steps(context, 0, 2), 1, 1)}}}).at("tokens");
  expect_near(row(out, 1), alone, 1e-6);
}

TEST_P(GatedCrossAttentionTest, AContextWithoutRealTokensGivesFiniteTokens) {
  Part part = make(GetParam());
  if (GetParam() == "tanh") part.fill("context_1.alpha", 0.7);
  Arrays inputs{{"streams", {random({1, 2, 4}, 1), random({1, 3, 4}, 2)}},
                {"masks", {Array{}, mask({0, 0, 0}, {1, 3})}}};
  const Array out = part.run(inputs).at("tokens");
  inputs["streams"][1] = random({1, 3, 4}, 3);
  expect_near(part.run(inputs).at("tokens"), out, 0.0);  // which NaN would fail
}

TEST(GatedCrossAttention, TheOrderOfContextTokensDoesNotMatter) {
  Part part = make("sigmoid");
  const Array query = random({1, 3, 4}, 1), context = floats({1, 2, 3, 4, -5, 6, 7, -8}, {1, 2, 4}),
              swapped = floats({-5, 6, 7, -8, 1, 2, 3, 4}, {1, 2, 4});
  expect_near(part.run({{"streams", {query, context}}}).at("tokens"),
              part.run({{"streams", {query, swapped}}}).at("tokens"), 1e-6);
}

TEST(GatedCrossAttention, DropsOutInTrainingOnly) {
  Part part(id, R"({"dim": 4, "heads": 2, "dropout": 0.5})", {{"streams", 2}});
  const Arrays inputs{{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2)}}};
  EXPECT_GT(relative_error(part.run(inputs, true, 1).at("tokens"), part.run(inputs).at("tokens")),
            1e-3);
  expect_near(part.run(inputs, true, 1).at("tokens"), part.run(inputs, true, 1).at("tokens"), 0.0);
}

TEST_P(GatedCrossAttentionTest, GradientsMatchDifferences) {
  Part part = make(GetParam(), 3, DType::float64);
  if (GetParam() == "tanh") part.fill("context_2.alpha", 0.7);
  expect_gradients(part,
                   {{"streams",
                     {random({2, 2, 4}, 1, DType::float64), random({2, 3, 4}, 2, DType::float64),
                      random({2, 1, 4}, 3, DType::float64)}},
                    {"masks", {Array{}, length_mask({3, 2}, 3), Array{}}}},
                   "tokens");
}

TEST(GatedCrossAttention, InfersTheShapeOfTheQuery) {
  const Part part = make("sigmoid");
  const auto shapes = part.infer({{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 3, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 3}));
}

TEST(GatedCrossAttention, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "heads": 3})", {{"streams", 2}}),
              testing::HasSubstr("heads: 3 must divide dim 4"));
  EXPECT_THAT(rejection(id, "{}", {{"streams", 1}}),
              testing::HasSubstr("streams: needs a query and at least one context; 1 wired"));
  EXPECT_THAT(rejection(id, R"({"gate": "relu"})", {{"streams", 2}}), testing::HasSubstr("gate"));
}

}  // namespace
}  // namespace weft::test
