// SPDX-License-Identifier: Apache-2.0
/// decoder.classifier against torch.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.classifier";

std::string config(const std::string& pooling, int hidden = 0) {
  return R"({"dim": 4, "classes": 3, "pooling": ")" + pooling + R"(", "hidden": )" +
         std::to_string(hidden) + "}";
}

TEST(Classifier, MatchesTorch) {
  const Weights from = reference("classifier");
  Part part(id, R"({"dim": 16, "classes": 5, "pooling": "attention", "hidden": 8})", {},
            DType::float64);
  part.set("query", from.at("w.query"));
  give_layer(part, "hidden", from, "w.hidden");
  give_layer(part, "out", from, "w.out");
  const Arrays inputs{{"state", {from.at("in.state")}}, {"mask", {as_mask(from.at("in.mask"))}}};
  expect_near(part.run(inputs).at("logits"), from.at("out.logits"), 1e-10);
  const auto gradients = part.gradients(inputs, "logits", from.at("grad.seed"));
  EXPECT_LE(relative_error(gradients.inputs.at("state")[0], from.at("grad.state")), 1e-9);
}

TEST(Classifier, IsLinearInThePooledState) {
  const Array state = floats({1, 2, 3, 4, 3, 0, 1, 2, 9, 9, 9, 9}, {1, 3, 4});
  const Array weight = floats({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1}, {3, 4});
  const std::map<std::string, Array> expected{{"mean", floats({2, 2, 5}, {1, 3})},
                                              {"first", floats({1, 3, 7}, {1, 3})},
                                              {"attention", floats({2, 2, 5}, {1, 3})}};
  for (const auto& [pooling, logits] : expected) {
    Part part(id, config(pooling));
    part.set("out.weight", weight);
    part.set("out.bias", floats({0, 1, 0}, {3}));
    if (pooling == "attention") part.fill("query", 0.0);  // then it is the mean
    expect_near(part.run({{"state", {state}}, {"mask", {mask({1, 1, 0}, {1, 3})}}}).at("logits"),
                logits, 1e-6);
  }
}

TEST(Classifier, PaddingNeverReachesTheOutput) {
  for (const char* pooling : {"mean", "first", "attention"}) {
    Part part(id, config(pooling, 5));
    const Array state = random({2, 4, 4}, 1), real = length_mask({4, 2}, 4);
    const Array out =
        part.run({{"state", {poisoned(state, real, 1e4)}}, {"mask", {real}}}).at("logits");
    const Array alone = part.run({{"state", {rows(steps(state, 0, 2), 1, 1)}}}).at("logits");
    expect_near(row(out, 1), alone, 1e-6);
  }
}

TEST(Classifier, AStateWithoutRealTokensGivesFiniteScores) {
  for (const char* pooling : {"mean", "attention"}) {
    Part part(id, config(pooling));
    const Array logits =
        part.run({{"state", {random({1, 2, 4}, 1)}}, {"mask", {mask({0, 0}, {1, 2})}}})
            .at("logits");
    expect_near(logits, floats({0, 0, 0}, {1, 3}), 0.0);
  }
}

TEST(Classifier, GradientsMatchDifferences) {
  const Arrays inputs{{"state", {random({2, 3, 4}, 1, DType::float64)}},
                      {"mask", {length_mask({3, 2}, 3)}}};
  for (const char* pooling : {"mean", "first", "attention"}) {
    Part part(id, config(pooling, 5), {}, DType::float64);
    expect_gradients(part, inputs, "logits");
  }
}

TEST(Classifier, InfersItsShape) {
  const Part part(id, config("mean"));
  EXPECT_EQ(part.infer({{"state", {random({2, 5, 4}, 1)}}}).at("logits"),
            (std::vector<std::int64_t>{2, 3}));
}

TEST(Classifier, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"pooling": "last"})"), testing::HasSubstr("pooling"));
  EXPECT_THAT(rejection(id, R"({"classes": 0})"), testing::HasSubstr("classes"));
}

}  // namespace
}  // namespace weft::test
