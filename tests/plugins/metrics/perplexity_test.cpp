// SPDX-License-Identifier: Apache-2.0
/// metric.perplexity against torch.

#include <cmath>

#include "host/base/error.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.perplexity";

TEST(Perplexity, MatchesTorch) {
  const Weights from = reference("losses_torch");
  Part part(id);
  part.update({{"logits", {from.at("in.logits")}}, {"target", {from.at("in.targets")}}});
  EXPECT_NEAR(part.compute().at("perplexity"), element(from.at("out.perplexity"), 0), 1e-5);
}

TEST(Perplexity, OfAGuessIsTheNumberOfTokens) {
  Part part(id);
  part.update({{"logits", {floats({0, 0, 0, 0, 0, 7, 7, 7, 7, 7}, {2, 5})}},
               {"target", {ints({4, 0}, {2})}}});
  EXPECT_NEAR(part.compute().at("perplexity"), 5.0, 1e-5);
}

TEST(Perplexity, WeighsTokensNotBatches) {
  const Array logits = random({2, 4, 3}, 1, DType::float64),
              target = ints({0, 1, 2, 0, 1, 2, 2, 0}, {2, 4}), real = length_mask({4, 2}, 4);
  Part whole(id, R"({"next_token": true})"), cut(id, R"({"next_token": true})");
  whole.update({{"logits", {logits}}, {"target", {target}}, {"mask", {real}}});
  for (const std::int64_t b : {0, 1})
    cut.update({{"logits", {rows(logits, b, 1)}},
                {"target", {rows(target, b, 1)}},
                {"mask", {rows(real, b, 1)}}});
  EXPECT_NEAR(whole.compute().at("perplexity"), cut.compute().at("perplexity"), 1e-12);
}

TEST(Perplexity, IsTheExponentialOfTheMeanCrossEntropy) {
  const Arrays inputs{{"logits", {random({2, 5, 3}, 1, DType::float64)}},
                      {"target", {ints({0, 1, 2, 0, 1, 2, 2, 0, 7, 7}, {2, 5})}},
                      {"mask", {length_mask({5, 3}, 5)}}};
  Part loss("loss.cross_entropy", R"({"next_token": true})", {}, DType::float64),
      part(id, R"({"next_token": true})");
  const auto out = loss.run(inputs);
  part.update(inputs);
  EXPECT_NEAR(part.compute().at("perplexity"),
              std::exp(element(out.at("loss"), 0) / element(out.at("weight"), 0)), 1e-10);
}

TEST(Perplexity, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("perplexity")));
}

TEST(Perplexity, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"next_token": 2})"), testing::HasSubstr("next_token"));
  Part part(id, R"({"next_token": true})");
  try {
    part.update({{"logits", {random({2, 4}, 1)}}, {"target", {ints({0, 1}, {2})}}});
    FAIL() << "a target [B] has no next one";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("next_token: compares a token with the one "
                                                 "before, so it needs a target [B, S], not [B]"));
  }
}

}  // namespace
}  // namespace weft::test
