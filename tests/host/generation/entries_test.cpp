// SPDX-License-Identifier: Apache-2.0
/// Several entries: what one decoder writes is what the next one reads.

#include <gtest/gtest.h>

#include <cmath>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "host/generation/write.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Array;

/// thought writes a rationale of the picture; reader reads it, and answer follows from that alone.
host::Recipe recipe_with_thought(const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides{
      R"(data.qa.fields.rationale={"kind": "text", "pointer": "/answer", "max_length": 6, "bos": true, "eos": true})",
      R"(graph.thought={"use": "decoder.autoregressive", "in": {"state": "vision.tokens", "target": "batch.rationale"},
       "config": {"vocab_size": 64, "max_length": 12, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}})",
      R"(graph.reader={"use": "encoder.text_transformer", "in": {"tokens": "batch.rationale"},
       "config": {"vocab_size": 64, "max_length": 12, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}})",
      R"(graph.answer.in.state=reader.tokens)",
      R"(losses.why={"use": "loss.cross_entropy", "in": {"logits": "thought.logits", "target": "batch.rationale"}, "config": {"next_token": true}})",
      R"(stages.0.losses={"ce": 1, "why": 1})"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return read_text(answering_recipe(), overrides);
}

class Entries : public ::testing::Test {
 protected:
  Entries()
      : recipe_(recipe_with_thought()),
        data_(host::Dataset::open("qa", recipe_.data[0].config, folder_.path("cache"))),
        model_(wire(recipe_), recipe_.seed) {
    host::TrainingStream stream(data_, 16, 1);
    for (const auto& [name, array] : stream.next().fields) batch_[name] = host::from_array(array);
    entries_[0].node = "thought";
    entries_[1].node = "answer";
    for (host::GenerationPlan& entry : entries_) entry.max_length = 6;
  }

  std::size_t node(const char* name) const { return model_.wiring().index(name); }

  host::Values values(const std::vector<std::size_t>& targets, const host::TensorMap& batch) const {
    return model_.forward(model_.wiring().needed(targets), batch, {false, 0, "qa"});
  }

  static std::vector<host::Tokens> tokens(const host::Written& written) {
    std::vector<host::Tokens> all;
    for (const auto& row : written) all.push_back(row.front().tokens);
    return all;
  }

  TemporaryFolder folder_;
  host::Recipe recipe_;
  host::Dataset data_;
  host::Model model_;
  host::TensorMap batch_;
  std::vector<host::GenerationPlan> entries_{2};
};

TEST_F(Entries, AnAnswerFollowsFromTheReasonsThatWereWritten) {
  const auto written = write_texts(model_, {node("answer")}, values({node("vision")}, batch_),
                                   batch_, {entries_, 16});
  ASSERT_TRUE(written.contains(node("thought"))) << "it writes where another needs it";

  // By hand: the rationale takes the field's place, and the answer is written anew.
  host::TensorMap filled = batch_;
  const Array rationale = host::to_array(best_tokens(written.at(node("thought")), 0));
  Array mask = Array::empty(host::DType::boolean, rationale.sizes);
  for (std::int64_t i = 0; i < mask.count(); ++i)
    mask.data<bool>()[i] = rationale.data<std::int64_t>()[i] != 0;
  filled["rationale"] = host::from_array(rationale);
  filled["rationale_mask"] = host::from_array(mask);
  const std::vector<host::GenerationPlan> last{entries_[1]};
  const auto by_hand =
      write_texts(model_, {node("answer")}, values({node("reader")}, filled), filled, {last, 16});
  EXPECT_EQ(tokens(written.at(node("answer"))), tokens(by_hand.at(node("answer"))));

  // With one entry alone the answer follows from what the sample says.
  const auto given =
      write_texts(model_, {node("answer")}, values({node("reader")}, batch_), batch_, {last, 16});
  EXPECT_FALSE(given.contains(node("thought")));
  const auto score = [&](const auto& all) { return all.at(node("answer"))[0][0].log_probability; };
  EXPECT_EQ(score(written), score(by_hand));
  EXPECT_NE(score(given), score(written));
}

// The answer follows from the picture and the reasons: what the picture gives is there already.
TEST_F(Entries, WhatDoesNotReadTheReasonsIsNotComputedAnew) {
  host::Recipe recipe = recipe_with_thought(
      {R"(graph.both={"use": "fusion.concat", "in": {"streams": ["vision.tokens", "reader.tokens"]}, "config": {"dim": 16}})",
       R"(graph.answer.in.state=both.tokens)"});
  const host::Model model(wire(recipe), recipe.seed);
  const host::Wiring& wiring = model.wiring();
  const auto answer = wiring.index("answer"), vision = wiring.index("vision");
  const auto scores = [&](const host::Values& values) {
    std::vector<double> all;
    const auto written = write_texts(model, {answer}, values, batch_, {entries_, 16});
    for (const auto& row : written.at(answer)) all.push_back(row.front().log_probability);
    return all;
  };
  host::Values values = model.forward({vision}, batch_, {false, 0, "qa"});
  const std::vector<double> expected = scores(values);
  std::vector<std::int64_t> others(16);
  for (std::size_t row = 0; row < 16; ++row) others[row] = static_cast<std::int64_t>(15 - row);
  for (host::Tensor& output : values.outputs.at(vision))
    if (output) output = host::taken_rows(output, others);  // null: on demand, and nothing asks
  const std::vector<double> found = scores(values);
  for (std::size_t row = 0; row < 16; ++row) EXPECT_NEAR(found[row], expected[15 - row], 1e-4);
  EXPECT_GT(std::abs(expected[0] - expected[15]), 1e-3) << "else the pictures say the same";
}

}  // namespace
}  // namespace weft::test
