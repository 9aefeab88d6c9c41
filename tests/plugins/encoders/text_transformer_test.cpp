// SPDX-License-Identifier: Apache-2.0
/// encoder.text_transformer against Hugging Face's RoBERTa.

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

/// Position vectors with RoBERTa's one segment vector added to each.
Array positions_with_segment(const Weights& from) {
  Array positions = rows(from.at("w.embeddings.position_embeddings.weight"), 0, 42);
  const Array& segment = from.at("w.embeddings.token_type_embeddings.weight");
  for (std::int64_t i = 0; i < positions.count(); ++i)
    positions.data<float>()[i] += segment.data<float>()[i % segment.count()];
  return positions;
}

const char* const roberta =
    R"({"vocab_size": 300, "max_length": 40, "dim": 48, "layers": 2, "heads": 4, "ffn_dim": 96,
        "norm": "post", "pad_id": 1})";

void give_roberta(Part& part, const Weights& from) {
  part.set("embedding.weight", from.at("w.embeddings.word_embeddings.weight"));
  part.set("position.weight", positions_with_segment(from));
  give_layer(part, "embedding_norm", from, "w.embeddings.LayerNorm");
  for (const std::string i : {"0", "1"}) {
    const std::string ours = "block_" + i, theirs = "w.encoder.layer." + i;
    give_layer(part, ours + ".attention.query", from, theirs + ".attention.self.query");
    give_layer(part, ours + ".attention.key", from, theirs + ".attention.self.key");
    give_layer(part, ours + ".attention.value", from, theirs + ".attention.self.value");
    give_layer(part, ours + ".attention.out", from, theirs + ".attention.output.dense");
    give_layer(part, ours + ".norm_1", from, theirs + ".attention.output.LayerNorm");
    give_layer(part, ours + ".feed_forward.in", from, theirs + ".intermediate.dense");
    give_layer(part, ours + ".feed_forward.out", from, theirs + ".output.dense");
    give_layer(part, ours + ".norm_2", from, theirs + ".output.LayerNorm");
  }
}

const char* const small =
    R"({"vocab_size": 9, "max_length": 6, "dim": 4, "layers": 1, "heads": 2, "ffn_dim": 6})";

TEST(TextTransformer, MatchesRobertaAtRealTokens) {
  const Weights from = reference("roberta_hf");
  Part part("encoder.text_transformer", roberta);
  give_roberta(part, from);
  const Array real = as_mask(from.at("in.mask"));
  const auto out = part.run({{"tokens", {from.at("in.ids")}}, {"mask", {real}}});
  expect_near(poisoned(out.at("tokens"), real, 0.0),
              poisoned(from.at("out.last_hidden_state"), real, 0.0), 1e-5);
  expect_near(out.at("mask"), real, 0.0);
}

TEST(TextTransformer, WithoutAMaskPadsAreFoundByTheirNumber) {
  const Weights from = reference("roberta_hf");
  Part part("encoder.text_transformer", roberta);
  give_roberta(part, from);
  const auto out = part.run({{"tokens", {from.at("in.ids")}}});
  expect_near(out.at("mask"), as_mask(from.at("in.mask")), 0.0);
  expect_near(poisoned(out.at("tokens"), out.at("mask"), 0.0),
              poisoned(from.at("out.last_hidden_state"), out.at("mask"), 0.0), 1e-5);
}

TEST(TextTransformer, PoolsTheMeanOfRealTokensOrTheFirst) {
  const Array ids = ints({5, 6, 0, 7, 8, 4}, {2, 3});
  Part mean("encoder.text_transformer", small);
  const auto means = mean.run({{"tokens", {ids}}});
  const Array& tokens = means.at("tokens");
  for (std::int64_t d = 0; d < 4; ++d) {
    EXPECT_NEAR(element(means.at("pooled"), d), (element(tokens, d) + element(tokens, 4 + d)) / 2,
                1e-6);
  }
  Part first("encoder.text_transformer",
             R"({"vocab_size": 9, "max_length": 6, "dim": 4, "heads": 2, "pooling": "first"})");
  const auto firsts = first.run({{"tokens", {ids}}});
  expect_near(firsts.at("pooled"), reshaped(steps(firsts.at("tokens"), 0, 1), {2, 4}), 0.0);
}

TEST(TextTransformer, PaddingNeverReachesTheOutput) {
  for (const char* config :
       {small, R"({"vocab_size": 9, "max_length": 6, "dim": 4, "norm": "post"})"}) {
    Part part("encoder.text_transformer", config);
    const Array real = length_mask({3, 2}, 6);
    const auto out = part.run(
        {{"tokens", {ints({5, 6, 7, 0, 0, 0, 8, 4, 0, 0, 0, 0}, {2, 6})}}, {"mask", {real}}});
    const auto other = part.run(
        {{"tokens", {ints({5, 6, 7, 1, 2, 3, 8, 4, 5, 6, 7, 8}, {2, 6})}}, {"mask", {real}}});
    const auto alone = part.run({{"tokens", {ints({8, 4}, {1, 2})}}});
    expect_near(poisoned(other.at("tokens"), real, 0.0), poisoned(out.at("tokens"), real, 0.0),
                1e-6);
    expect_near(other.at("pooled"), out.at("pooled"), 1e-6);
    expect_near(rows(row(out.at("tokens"), 1), 0, 2), alone.at("tokens"), 1e-6);
    expect_near(row(out.at("pooled"), 1), alone.at("pooled"), 1e-6);
  }
}

// Positions count real tokens: moving a text to the right of its padding changes nothing.
TEST(TextTransformer, PaddingInFrontShiftsNoPosition) {
  Part part("encoder.text_transformer", small);
  const auto out = part.run({{"tokens", {ints({0, 0, 5, 6, 7}, {1, 5})}}});
  const auto alone = part.run({{"tokens", {ints({5, 6, 7}, {1, 3})}}});
  expect_near(steps(out.at("tokens"), 2, 3), alone.at("tokens"), 1e-6);
}

// BERT, first_position 0: pads take the first position, as its first token does.
TEST(TextTransformer, PositionsMayBeginAtTheTablesFirstRow) {
  const char* const first = R"({"vocab_size": 9, "max_length": 6, "dim": 4, "layers": 1, "heads": 2,
      "ffn_dim": 6, "first_position": 0})";
  Part part("encoder.text_transformer", first);
  EXPECT_EQ(part.get("position.weight").sizes, (std::vector<std::int64_t>{6, 4}));
  Part one("encoder.text_transformer", small);  // its first token takes row 1
  for (const std::string& name : part.parameter_names())
    if (name != "position.weight") one.set(name, part.get(name));
  Array shifted = random({7, 4}, 3);
  one.set("position.weight", shifted);
  part.set("position.weight", rows(shifted, 1, 6));
  const Arrays text{{"tokens", {ints({5, 6, 7, 8, 0, 0}, {2, 3})}}};
  const auto out = part.run(text), other = one.run(text);
  expect_near(row(out.at("tokens"), 0), row(other.at("tokens"), 0), 0.0);
  expect_near(rows(row(out.at("tokens"), 1), 0, 1), rows(row(other.at("tokens"), 1), 0, 1), 0.0);
}

TEST(TextTransformer, SegmentsAreAddedAndAreTheFirstWhereNothingIsWired) {
  const char* const segmented = R"({"vocab_size": 9, "max_length": 6, "dim": 4, "layers": 1,
      "heads": 2, "ffn_dim": 6, "segments": 2})";
  const Array ids = ints({5, 6, 7}, {1, 3});
  Part part("encoder.text_transformer", segmented, {{"segments", 0}});
  const Array silent = part.run({{"tokens", {ids}}}).at("tokens");
  expect_near(part.run({{"tokens", {ids}}, {"segments", {ints({0, 0, 0}, {1, 3})}}}).at("tokens"),
              silent, 0.0);
  const Array second =
      part.run({{"tokens", {ids}}, {"segments", {ints({1, 1, 1}, {1, 3})}}}).at("tokens");
  EXPECT_GT(relative_error(second, silent), 1e-4);
  part.set("segment.weight", floats({1, 2, 3, 4, 1, 2, 3, 4}, {2, 4}));
  expect_near(part.run({{"tokens", {ids}}, {"segments", {ints({1, 0, 1}, {1, 3})}}}).at("tokens"),
              part.run({{"tokens", {ids}}}).at("tokens"), 0.0);
}

TEST(TextTransformer, CausalTokensSeeNoLaterOnesAndTheLastRealOneIsPooled) {
  Part part("encoder.text_transformer", R"({"vocab_size": 9, "max_length": 6, "dim": 4, "layers": 1,
      "heads": 2, "ffn_dim": 6, "causal": true, "pooling": "last", "projection": 3})");
  const auto long_text = part.run({{"tokens", {ints({5, 6, 7, 8}, {1, 4})}}});
  const auto begun = part.run({{"tokens", {ints({5, 6, 0, 0}, {1, 4})}}});
  expect_near(steps(begun.at("tokens"), 0, 2), steps(long_text.at("tokens"), 0, 2), 1e-6);
  const Array last = row(row(begun.at("tokens"), 0), 1), weight = part.get("projection.weight");
  ASSERT_EQ(begun.at("pooled").sizes, (std::vector<std::int64_t>{1, 3}));
  for (std::int64_t e = 0; e < 3; ++e) {
    double sum = 0.0;
    for (std::int64_t d = 0; d < 4; ++d) sum += element(weight, 4 * e + d) * element(last, d);
    EXPECT_NEAR(element(begun.at("pooled"), e), sum, 1e-6);
  }
}

TEST(TextTransformer, GradientsMatchDifferences) {
  const Arrays inputs{{"tokens", {ints({5, 6, 0, 7, 8, 7}, {2, 3})}}};
  for (
      const char* config :
      {small,
       R"({"vocab_size": 9, "max_length": 6, "dim": 4, "ffn_dim": 6, "layers": 1, "norm": "post"})"}) {
    Part part("encoder.text_transformer", config, {}, DType::float64);
    // Vectors as small as training starts with make layer normalisation too curved for differences.
    part.set("embedding.weight", random({9, 4}, 1, DType::float64));
    part.set("position.weight", random({7, 4}, 2, DType::float64));
    expect_gradients(part, inputs, "pooled");
  }
}

TEST(TextTransformer, InfersItsShapes) {
  const Part part("encoder.text_transformer", small);
  const auto shapes = part.infer({{"tokens", {ints({1, 2, 3, 4}, {2, 2})}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 2, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(shapes.at("pooled"), (std::vector<std::int64_t>{2, 4}));
}

TEST(TextTransformer, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection("encoder.text_transformer", R"({"dim": 64, "heads": 3})"),
              testing::HasSubstr("heads: 3 must divide dim 64"));
  EXPECT_THAT(rejection("encoder.text_transformer", R"({"vocab_size": 8, "pad_id": 8})"),
              testing::HasSubstr("pad_id: 8 must be less than vocab_size 8"));
}

TEST(TextTransformer, RefusesATextThatIsTooLong) {
  Part part("encoder.text_transformer", small);
  const Arrays inputs{{"tokens", {ints({1, 2, 3, 4, 5, 6, 7}, {1, 7})}}};
  const char* const text = "max_length: is 6, but the text has 7 tokens";
  EXPECT_THAT([&] { part.infer(inputs); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr(text)));
  EXPECT_THAT([&] { part.run(inputs); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr(text)));
}

}  // namespace
}  // namespace weft::test
