// SPDX-License-Identifier: Apache-2.0
/// decoder.language_model; its values are held to GPT-2's and Llama's in
/// tests/host/checkpoint/community_test.cpp.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const gpt =
    R"({"vocab_size": 9, "max_length": 6, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6})";
const char* const llama =
    R"({"vocab_size": 9, "max_length": 6, "dim": 8, "layers": 1, "heads": 4, "key_heads": 2,
        "ffn_dim": 6, "activation": "silu", "gated": true, "norm": "rms", "positions": "rotary",
        "attention_bias": false, "ffn_bias": false, "tied": false})";

TEST(LanguageModel, ATokenSeesNoLaterOne) {
  for (const char* config : {gpt, llama}) {
    Part part("decoder.language_model", config);
    const Array one = part.run({{"target", {ints({5, 6, 7, 8}, {1, 4})}}}).at("logits");
    const Array other = part.run({{"target", {ints({5, 6, 1, 2}, {1, 4})}}}).at("logits");
    expect_near(steps(one, 0, 2), steps(other, 0, 2), 1e-6);
    EXPECT_GT(relative_error(steps(one, 2, 2), steps(other, 2, 2)), 1e-4);
  }
}

// Without positions a repeated token would score alike everywhere.
TEST(LanguageModel, KnowsWhereATokenStands) {
  for (const char* config : {gpt, llama}) {
    Part part("decoder.language_model", config);
    const Array logits = part.run({{"target", {ints({5, 6, 5, 6}, {1, 4})}}}).at("logits");
    EXPECT_GT(relative_error(steps(logits, 1, 1), steps(logits, 3, 1)), 1e-6);
  }
}

TEST(LanguageModel, DeclaresWhatItsConfigurationNeeds) {
  const std::vector<std::string> small = Part("decoder.language_model", llama).parameter_names();
  EXPECT_THAT(small, testing::IsSupersetOf({"out.weight", "block_0.feed_forward.gate.weight"}));
  for (const std::string& name : small)
    EXPECT_FALSE(name.ends_with(".bias") || name == "position") << name;
  const std::vector<std::string> whole = Part("decoder.language_model", gpt).parameter_names();
  EXPECT_THAT(whole,
              testing::IsSupersetOf({"position", "norm.bias", "block_0.attention.key.bias"}));
  EXPECT_THAT(whole, testing::Not(testing::Contains("out.weight")));
}

TEST(LanguageModel, GradientsMatchDifferences) {
  for (const char* config : {gpt, llama}) {
    Part part("decoder.language_model", config, {}, DType::float64);
    // Vectors as small as training starts with make normalisation too curved for differences.
    part.set("embedding.weight", random(part.get("embedding.weight").sizes, 1, DType::float64));
    expect_gradients(part, {{"target", {ints({5, 6, 1, 7, 8, 7}, {2, 3})}}}, "logits");
  }
}

TEST(LanguageModel, RejectsWhatCannotBe) {
  const std::string id = "decoder.language_model";
  EXPECT_THAT(rejection(id, R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection(id, R"({"dim": 64, "heads": 4, "key_heads": 3})"),
              testing::HasSubstr("key_heads: 3 must divide heads 4"));
  EXPECT_THAT(rejection(id, R"({"vocab_size": 3})"),
              testing::HasSubstr("end_id: 3 must be less than vocab_size 3"));
  Part part(id, gpt);
  EXPECT_THAT(
      [&] {
        part.run({{"target", {ints({1, 2, 3, 4, 5, 6, 7}, {1, 7})}}});
      },
      testing::ThrowsMessage<std::exception>(
          testing::HasSubstr("max_length: is 6, but the target has 7 tokens")));
}

}  // namespace
}  // namespace weft::test
