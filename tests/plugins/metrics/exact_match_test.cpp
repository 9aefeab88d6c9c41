// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.exact_match";
constexpr std::int64_t pad = 0, begin = 2, end = 3;

double match(const std::vector<std::int64_t>& predicted, const std::vector<std::int64_t>& target) {
  Part part(id);
  part.update({{"predicted", {ints(predicted, {1, static_cast<std::int64_t>(predicted.size())})}},
               {"target", {ints(target, {1, static_cast<std::int64_t>(target.size())})}}});
  return part.compute().at("exact_match");
}

TEST(ExactMatch, ComparesWhatLiesBetweenBeginAndEnd) {
  EXPECT_EQ(match({begin, 7, 8, end}, {begin, 7, 8, end}), 1.0);
  EXPECT_EQ(match({begin, 7, 8, end, 9, 9}, {7, 8, end, pad}),
            1.0);  // other lengths, rubbish behind the end
  EXPECT_EQ(match({begin, 7, 8}, {begin, 7, 8, end, pad}),
            1.0);                                   // cut off right where it should end
  EXPECT_EQ(match({begin, end}, {end, pad}), 1.0);  // two empty texts
  EXPECT_EQ(match({begin, 7, 8, end}, {begin, 8, 7, end}), 0.0);  // order
  EXPECT_EQ(match({begin, 7, 8, end}, {begin, 7, 8, 9}), 0.0);    // too short
  EXPECT_EQ(match({begin, 7, 8, 9}, {begin, 7, 8, end}), 0.0);    // too long
  EXPECT_EQ(match({begin, 7, 7, end}, {begin, 7, end, 7}), 0.0);  // repeated
  EXPECT_EQ(match({begin, end, 7}, {begin, 7, end}), 0.0);
}

TEST(ExactMatch, EqualsTheComparisonWrittenOut) {
  std::mt19937 engine(1);
  const auto text = [](const std::int64_t* tokens, std::int64_t count) {
    std::vector<std::int64_t> words;
    for (std::int64_t i = 0; i < count && tokens[i] != end; ++i)
      if (tokens[i] != pad && tokens[i] != begin) words.push_back(tokens[i]);
    return words;
  };
  constexpr std::int64_t batch = 400, written = 5, wanted = 4;
  std::vector<std::int64_t> predicted, target;
  for (std::int64_t i = 0; i < batch * written; ++i) predicted.push_back(engine() % 5);
  for (std::int64_t i = 0; i < batch * wanted; ++i) target.push_back(engine() % 5);
  double right = 0;
  for (std::int64_t b = 0; b < batch; ++b)
    right += text(&predicted[static_cast<std::size_t>(b * written)], written) ==
                     text(&target[static_cast<std::size_t>(b * wanted)], wanted)
                 ? 1
                 : 0;
  ASSERT_GT(right, 20);
  Part part(id);
  part.update({{"predicted", {ints(predicted, {batch, written})}},
               {"target", {ints(target, {batch, wanted})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("exact_match"), right / batch);
}

TEST(ExactMatch, BatchesOfDifferentLengthAddUp) {
  Part part(id);
  part.update({{"predicted", {ints({7, end}, {1, 2})}}, {"target", {ints({7, end, pad}, {1, 3})}}});
  part.update({{"predicted", {ints({7, 8, 7, 9}, {2, 2})}}, {"target", {ints({7, 7}, {2, 1})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("exact_match"), 1.0 / 3.0);
}

TEST(ExactMatch, AnyOfSeveralReferencesIsRight) {
  const Array predicted = ints({7, 8, end, 9, 9, end, 8, 7, end}, {3, 3});
  const Array target = ints({7, 7, end, 9, 9, end, 7, end, pad}, {3, 3});
  const Array second = ints({8, 8, 8, end, 8, 8, 8, end, 7, 8, end, pad}, {3, 4});
  const Array third =
      ints({begin, 7, 8, end, pad, begin, 9, 9, end, pad, begin, 7, 8, end, pad}, {3, 5});
  const auto share = [&](const std::vector<Array>& others) {
    Part part(id, "{}", {{"others", static_cast<std::uint32_t>(others.size())}});
    Arrays inputs = {{"predicted", {predicted}}, {"target", {target}}};
    if (!others.empty()) inputs["others"] = others;
    part.update(inputs);
    return part.compute().at("exact_match");
  };
  EXPECT_DOUBLE_EQ(share({}), 1.0 / 3);
  EXPECT_DOUBLE_EQ(share({second}), 1.0 / 3);
  EXPECT_DOUBLE_EQ(share({second, third}), 2.0 / 3);  // the second row is right twice, counted once
  EXPECT_DOUBLE_EQ(share({third, second}), 2.0 / 3);
}

TEST(ExactMatch, TheTokensAreThoseOfTheConfiguration) {
  Part part(id, R"({"begin_id": 10, "end_id": 11, "pad_id": 12})");
  part.update({{"predicted", {ints({10, 0, 2, 3, 11}, {1, 5})}},
               {"target", {ints({0, 2, 3, 12}, {1, 4})}}});
  EXPECT_EQ(part.compute().at("exact_match"), 1.0);
}

// Two different words that the tokenizer does not know have the same id.
TEST(ExactMatch, ATextWithAnUnknownWordEqualsNone) {
  constexpr std::int64_t unknown = 1;
  const Arrays inputs{{"predicted", {ints({7, unknown, end, 7, 8, end, unknown, end, 9}, {3, 3})}},
                      {"target", {ints({7, unknown, end, 7, 8, end, end, unknown, 9}, {3, 3})}}};
  Part knows(id, R"({"unknown_id": 1})"), ignores(id);
  knows.update(inputs);
  ignores.update(inputs);
  EXPECT_DOUBLE_EQ(knows.compute().at("exact_match"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(ignores.compute().at("exact_match"), 2.0 / 3);
  Part behind(id, R"({"unknown_id": 1})");
  behind.update(
      {{"predicted", {ints({7, end, unknown}, {1, 3})}}, {"target", {ints({7}, {1, 1})}}});
  EXPECT_EQ(behind.compute().at("exact_match"), 1.0) << "behind the end it is no word";
}

// GPT-2's vocabulary has one token for both.
TEST(ExactMatch, OneTokenMayBeginAndEnd) {
  Part part(id, R"({"begin_id": 9, "end_id": 9, "pad_id": 9})");
  part.update({{"predicted", {ints({9, 7, 8, 9, 5, 9, 7, 7, 9, 9}, {2, 5})}},
               {"target", {ints({9, 7, 8, 9, 9, 9, 7, 8, 9, 9}, {2, 5})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("exact_match"), 0.5);
}

// Where no token is kept for padding, an ordinary one fills the rows up.
TEST(ExactMatch, TheMaskSaysWhatIsPadding) {
  const Arrays inputs{{"predicted", {ints({7, 0, 7, 0}, {2, 2})}},
                      {"target", {ints({7, 0, 7, 0}, {2, 2})}},
                      {"predicted_mask", {mask({1, 0, 1, 1}, {2, 2})}},
                      {"target_mask", {mask({1, 1, 1, 1}, {2, 2})}}};
  Part part(id, "{}", {{"predicted_mask", 1}, {"target_mask", 1}});
  part.update(inputs);
  EXPECT_DOUBLE_EQ(part.compute().at("exact_match"), 0.5);
}

TEST(ExactMatch, AnAnswerThatTheSampleLacksIsNone) {
  const Array predicted = ints({end, pad, end, pad}, {2, 2}),
              other = ints({pad, pad, pad, pad}, {2, 2});
  Part part(id, "{}", {{"others", 2}, {"others_present", 2}});
  part.update({{"predicted", {predicted}},
               {"target", {ints({7, end, 7, end}, {2, 2})}},
               {"others", {other, ints({8, end, 8, end}, {2, 2})}},
               {"others_present", {mask({0, 1}, {2}), Array{}}}});
  EXPECT_DOUBLE_EQ(part.compute().at("exact_match"), 0.5);
}

TEST(ExactMatch, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("exact_match")));
}

TEST(ExactMatch, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"end_id": -2})"), testing::HasSubstr("end_id"));
}

}  // namespace
}  // namespace weft::test
