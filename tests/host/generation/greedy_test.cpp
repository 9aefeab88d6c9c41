// SPDX-License-Identifier: Apache-2.0
#include "host/generation/write.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/base/error.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Array;
constexpr std::int64_t k_pad = 0, k_begin = 2, k_end = 3;

/// The model is untrained, so its words mean nothing, but they follow from its weights.
class Greedy : public ::testing::Test {
 protected:
  Greedy()
      : recipe_(read_text(answering_recipe())),
        data_(host::Dataset::open("qa", recipe_.data[0].config, folder_.path("cache"))),
        model_(wire(recipe_), recipe_.seed),
        vision_(model_.wiring().index("vision")),
        answer_(model_.wiring().index("answer")) {
    host::TrainingStream stream(data_, 16, 1);
    for (const auto& [name, array] : stream.next().fields) batch_[name] = host::from_array(array);
    values_ = model_.forward({vision_}, batch_, {false, 0, "qa"});
  }

  /// Adds to the logit of one token for every row and place.
  void favour(std::int64_t token, float by) {
    for (const host::NamedTensor& parameter : model_.parameters()) {
      if (parameter.path != "answer.out.bias") continue;
      Array bias = host::to_array(parameter.tensor);
      bias.data<float>()[token] += by;
      host::copy_into(parameter.tensor, bias);
      return;
    }
    FAIL() << "the decoder has no bias";
  }

  Array generate(std::int64_t length) const { return generate(answer_, length); }

  Array generate(std::size_t node, std::int64_t length) const {
    host::GenerationPlan entry;
    entry.node = model_.wiring().nodes()[node].name;
    entry.max_length = length;
    const std::vector<host::GenerationPlan> entries{entry};
    const auto written = write_texts(model_, {node}, values_, batch_, {entries, 16});
    return host::to_array(best_tokens(written.at(node), k_pad));
  }

  TemporaryFolder folder_;
  host::Recipe recipe_;
  host::Dataset data_;
  host::Model model_;
  std::size_t vision_, answer_;
  host::TensorMap batch_;
  host::Values values_;
};

// Teacher forcing sees a token and all before it: given its own text, the decoder must find each
// next token the best one, in one call instead of token after token.
TEST_F(Greedy, EachTokenIsTheBestAfterThoseBeforeIt) {
  // Near the end token's logit, so that some rows end early and others do not.
  favour(k_end, 0.9F);
  const Array tokens = generate(12);
  ASSERT_EQ(tokens.sizes[0], 16);
  const std::int64_t length = tokens.sizes[1];
  host::TensorMap batch = batch_;
  batch["answer"] = host::from_array(tokens);
  const Array logits = host::to_array(
      model_.forward({vision_, answer_}, batch, {false, 0, "qa"}).outputs.at(answer_)[0]);
  std::int64_t ended_early = 0, checked = 0;
  for (std::int64_t row = 0; row < 16; ++row) {
    const std::int64_t* text = tokens.data<std::int64_t>() + row * length;
    EXPECT_EQ(text[0], k_begin);
    bool ended = false;
    for (std::int64_t at = 1; at < length; ++at) {
      if (ended) {
        EXPECT_EQ(text[at], k_pad) << "behind the end";
        continue;
      }
      const float* scores = logits.data<float>() + (row * length + at - 1) * 64;
      EXPECT_EQ(text[at], std::max_element(scores, scores + 64) - scores) << row << ", " << at;
      ended = text[at] == k_end;
      ++checked;
    }
    ended_early += ended && text[length - 1] == k_pad ? 1 : 0;
  }
  EXPECT_GT(checked, 16);
  EXPECT_GT(ended_early, 0) << "else the pads were not looked at";
  EXPECT_LT(ended_early, 16);
}

TEST_F(Greedy, StopsWhenEveryRowHasEnded) {
  favour(k_end, 1e3F);
  const Array tokens = generate(12);
  EXPECT_EQ(tokens.sizes, (std::vector<std::int64_t>{16, 2}));
  for (std::int64_t row = 0; row < 16; ++row)
    EXPECT_EQ(tokens.data<std::int64_t>()[2 * row + 1], k_end);
}

TEST_F(Greedy, StopsAtTheGivenLength) {
  favour(k_end, -1e3F);
  EXPECT_EQ(generate(5).sizes, (std::vector<std::int64_t>{16, 5}));
  EXPECT_EQ(generate(1).sizes, (std::vector<std::int64_t>{16, 1}));
}

TEST_F(Greedy, APartThatCannotGenerateIsRefused) {
  try {
    generate(vision_, 5);
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_STREQ(
        error.what(),
        "\"vision\" (encoder.vit) cannot generate: it offers no weft.autoregressive/1. Use "
        "an autoregressive decoder.");
    EXPECT_EQ(error.exit(), host::Exit::bad_recipe);
  }
}

}  // namespace
}  // namespace weft::test
