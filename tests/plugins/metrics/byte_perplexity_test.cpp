// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.byte_perplexity";

TEST(BytePerplexity, IsTheSurpriseOfAllTokensOverAllBytes) {
  // Four equal scores: each token costs log 4.
  Part part(id, "{}", {{"mask", 1}, {"present", 1}});
  part.update({{"logits", {floats(std::vector<double>(24, 0.5), {2, 3, 4})}},
               {"target", {ints({0, 1, 2, 3, 0, 0}, {2, 3})}},
               {"text", {texts({"abcd ö", "xyz"})}},
               {"mask", {mask({1, 1, 1, 1, 0, 0}, {2, 3})}},
               {"present", {mask({1, 1}, {2})}}});
  const auto found = part.compute();
  EXPECT_NEAR(found.at("bits_per_byte"), 4 * 2.0 / (7 + 3), 1e-6);  // ö has two bytes
  EXPECT_NEAR(found.at("per_byte"), std::pow(4, 4.0 / 10), 1e-6);
}

TEST(BytePerplexity, PerTokenItIsThePerplexity) {
  const Arrays inputs{{"logits", {random({1, 5, 7}, 3)}},
                      {"target", {ints({1, 2, 3, 4, 5}, {1, 5})}}};
  Part part(id), perplexity("metric.perplexity");
  Arrays with_text = inputs;
  with_text["text"] = {texts({"abcde"})};  // as many bytes as tokens
  part.update(with_text);
  perplexity.update(inputs);
  EXPECT_NEAR(part.compute().at("per_byte"), perplexity.compute().at("perplexity"), 1e-6);
}

TEST(BytePerplexity, LeavesOutRowsThatAreAbsent) {
  Part part(id, "{}", {{"present", 1}});
  EXPECT_TRUE(std::isnan(part.compute().at("per_byte")));
  part.update({{"logits", {floats({0, 0, 0, 0, 9, 0, 0, 0}, {2, 1, 4})}},
               {"target", {ints({0, 1}, {2, 1})}},
               {"text", {texts({"ab", "abcdef"})}},
               {"present", {mask({1, 0}, {2})}}});
  EXPECT_NEAR(part.compute().at("bits_per_byte"), 1, 1e-6);
}

TEST(BytePerplexity, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"next": true})"), testing::HasSubstr("next"));
}

}  // namespace
}  // namespace weft::test
