// SPDX-License-Identifier: Apache-2.0
/// fusion.pairwise against the equations written out with torch's attention and encoder layer.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.pairwise";

Part make(const std::string& mode, std::uint32_t streams = 2, DType dtype = DType::float32) {
  return Part(id, R"({"dim": 4, "heads": 2, "ffn_dim": 6, "mode": ")" + mode + "\"}",
              {{"streams", streams}}, dtype);
}

class PairwiseTest : public testing::TestWithParam<std::string> {};  // the mode
INSTANTIATE_TEST_SUITE_P(Modes, PairwiseTest, testing::Values("cascaded", "parallel"),
                         [](const auto& test) { return test.param; });

TEST_P(PairwiseTest, MatchesTorch) {
  const Weights from = reference("pairwise");
  Part part(
      id,
      R"({"dim": 12, "heads": 3, "ffn_dim": 20, "joint_layers": 2, "mode": ")" + GetParam() + "\"}",
      {{"streams", 3}}, DType::float64);
  for (const std::string pair : {"0_1", "0_2", "1_0", "1_2", "2_0", "2_1"}) {
    give_fused_attention(part, "pair_" + pair + ".attention", from,
                         "w.pair." + pair + ".attention");
    give_layer(part, "pair_" + pair + ".gate", from, "w.pair." + pair + ".gate");
  }
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "joint_" + i, theirs = "w.joint." + i;
    give_layer(part, ours + ".norm_1", from, theirs + ".norm1");
    give_fused_attention(part, ours + ".attention", from, theirs + ".self_attn");
    give_layer(part, ours + ".norm_2", from, theirs + ".norm2");
    give_layer(part, ours + ".feed_forward.in", from, theirs + ".linear1");
    give_layer(part, ours + ".feed_forward.out", from, theirs + ".linear2");
  }
  Arrays inputs;
  for (const std::string i : {"0", "1", "2"}) {
    give(part, "modality_" + i, row(from.at("w.modality"), std::stoi(i)));
    give(part, "fused_" + i, row(from.at("w.fused"), std::stoi(i)));
    inputs["streams"].push_back(from.at("in.stream." + i));
    inputs["masks"].push_back(as_mask(from.at("in.mask." + i)));
  }
  const auto out = part.run(inputs);
  expect_near(out.at("tokens"), from.at("out." + GetParam()), 1e-10);
  expect_near(out.at("mask"),
              mask({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                    1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0},
                   {2, 15}),
              0.0);
  const auto gradients = part.gradients(inputs, "tokens", from.at("grad." + GetParam() + ".seed"));
  for (const std::size_t i : {0u, 1u, 2u})
    EXPECT_LE(relative_error(gradients.inputs.at("streams")[i],
                             from.at("grad." + GetParam() + "." + std::to_string(i))),
              1e-9);
}

// With closed gates and silent joint blocks nothing is fused: each stream comes back with its mark.
TEST_P(PairwiseTest, ClosedGatesReturnTheStreams) {
  Part part = make(GetParam());
  for (const char* pair : {"pair_0_1", "pair_1_0"}) {
    part.fill(std::string(pair) + ".gate.weight", 0.0);
    part.fill(std::string(pair) + ".gate.bias", -100.0);
  }
  for (const char* name : {"attention", "feed_forward"})
    part.fill("joint_0." + std::string(name) + ".out.weight", 0.0);
  part.set("fused_0", floats({1, 0, 0, 0}, {4}));
  part.set("fused_1", floats({0, 2, 0, 0}, {4}));
  const Array a = floats({1, 2, 3, 4}, {1, 1, 4}), b = floats({5, 6, 7, 8, 9, 8, 7, 6}, {1, 2, 4});
  expect_near(part.run({{"streams", {a, b}}}).at("tokens"),
              floats({2, 2, 3, 4, 5, 8, 7, 8, 9, 10, 7, 6}, {1, 3, 4}), 1e-6);
}

TEST(Pairwise, WithTwoStreamsBothModesAreOne) {
  Part cascaded = make("cascaded"), parallel = make("parallel");
  for (const std::string& name : cascaded.parameter_names()) parallel.set(name, cascaded.get(name));
  const Arrays inputs{{"streams", {random({2, 3, 4}, 1), random({2, 2, 4}, 2)}}};
  expect_near(cascaded.run(inputs).at("tokens"), parallel.run(inputs).at("tokens"), 1e-6);
}

TEST(Pairwise, EveryStreamReachesEveryOther) {
  Part part = make("cascaded", 3, DType::float64);
  Arrays inputs{{"streams",
                 {random({1, 2, 4}, 1, DType::float64), random({1, 1, 4}, 2, DType::float64),
                  random({1, 3, 4}, 3, DType::float64)}}};
  const Array before = part.run(inputs).at("tokens");
  inputs["streams"][1] = random({1, 1, 4}, 4, DType::float64);
  const Array after = part.run(inputs).at("tokens");
  for (std::int64_t i = 0; i < after.count(); ++i) EXPECT_NE(element(before, i), element(after, i));
}

TEST_P(PairwiseTest, PaddingNeverReachesARealToken) {
  Part part = make(GetParam());
  const Array a = random({2, 3, 4}, 1), b = random({2, 4, 4}, 2);
  const Array real_a = length_mask({3, 2}, 3), real_b = length_mask({4, 1}, 4);
  const auto out = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                             {"masks", {real_a, real_b}}});
  const Array alone =
      part.run({{"streams", {rows(steps(a, 0, 2), 1, 1), rows(steps(b, 0, 1), 1, 1)}}})
          .at("tokens");
  const Array sample = rows(out.at("tokens"), 1, 1);  // 2 tokens and 1 of padding, 1 and 3
  expect_near(steps(sample, 0, 2), steps(alone, 0, 2), 1e-5);
  expect_near(steps(sample, 3, 1), steps(alone, 2, 1), 1e-5);
  expect_near(out.at("mask"), mask({1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0}, {2, 7}), 0.0);
}

TEST_P(PairwiseTest, GradientsMatchDifferences) {
  Part part = make(GetParam(), 3, DType::float64);
  expect_gradients(part,
                   {{"streams",
                     {random({2, 2, 4}, 1, DType::float64), random({2, 3, 4}, 2, DType::float64),
                      random({2, 1, 4}, 3, DType::float64)}},
                    {"masks", {Array{}, length_mask({3, 2}, 3), Array{}}}},
                   "tokens");
}

TEST(Pairwise, InfersItsShapes) {
  const Part part = make("cascaded");
  const auto shapes = part.infer({{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 8, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 8}));
}

TEST(Pairwise, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "heads": 3})", {{"streams", 2}}),
              testing::HasSubstr("heads: 3 must divide dim 4"));
  EXPECT_THAT(rejection(id, "{}", {{"streams", 1}}),
              testing::HasSubstr("streams: needs at least two; 1 wired"));
  EXPECT_THAT(rejection(id, R"({"mode": "serial"})", {{"streams", 2}}), testing::HasSubstr("mode"));
}

}  // namespace
}  // namespace weft::test
