// SPDX-License-Identifier: Apache-2.0
/// Constrained texts on a toy vocabulary against renormalization by hand over every text.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "host/base/random.hpp"
#include "host/generation/search.hpp"
#include "tests/host/constraint/toy.hpp"

namespace weft::test {
namespace {

using namespace host;
using Kind = ConstraintPlan::Kind;
constexpr std::int64_t k_begin = 0, k_end = 1;

/// Logits that follow from the text alone.
std::vector<float> toy_logits(const Tokens& text, std::size_t vocabulary) {
  std::uint64_t state = 5;
  for (const std::int64_t token : text) state = state * 31 + static_cast<std::uint64_t>(token) + 7;
  RandomSequence random({state});
  std::vector<float> logits;
  for (std::size_t i = 0; i < vocabulary; ++i) logits.push_back(random.within(2));
  return logits;
}

class Toy {
 public:
  Toy(const std::vector<std::string>& texts, const ConstraintPlan& plan)
      : tokens_(vocabulary_of(texts)), constraint_(plan, tokens_, k_end) {}

  const TokenTexts& tokens() const { return tokens_; }

  std::string text_of(const Tokens& tokens) const {
    std::string text;
    for (const std::int64_t token : tokens) text += tokens_.behind[static_cast<std::size_t>(token)];
    return text;
  }

  Written find(const GenerationPlan& plan, bool is_free = false) const {
    const std::size_t vocabulary = tokens_.behind.size();
    const NextLogits next = [=](const std::vector<Tokens>& texts, const auto&) {
      const auto classes = static_cast<std::int64_t>(vocabulary);
      Array logits = Array::empty(DType::float32, {std::ssize(texts), classes});
      for (std::size_t i = 0; i < texts.size(); ++i)
        std::ranges::copy(toy_logits(texts[i], vocabulary),
                          logits.data<float>() + static_cast<std::int64_t>(i) * classes);
      return logits;
    };
    Search search{plan, {k_begin, k_end, k_begin},
                  next, {{k_begin}},
                  0,    [this](const Tokens& tokens) { return text_of(tokens); }};
    if (!is_free) search.constraint = &constraint_;
    return find_texts(search);
  }

  /// The log probability of every token sequence whose text is one of the words.
  std::map<Tokens, double> by_hand(const std::set<std::string>& words) const {
    std::map<Tokens, double> all;
    add(words, {k_begin}, 0, all);
    return all;
  }

 private:
  void add(const std::set<std::string>& words, const Tokens& text, double sum,
           std::map<Tokens, double>& all) const {
    const std::vector<float> logits = toy_logits(text, tokens_.behind.size());
    std::vector<std::size_t> allowed;
    double total = 0;
    for (std::size_t id = 1; id < logits.size(); ++id) {
      const std::string longer = text_of(text) + tokens_.behind[id];
      const bool may_come = id == k_end ? words.contains(longer) : begins_one(words, longer);
      if (!may_come) continue;
      allowed.push_back(id);
      total += std::exp(static_cast<double>(logits[id]));
    }
    for (const std::size_t id : allowed) {
      Tokens longer = text;
      longer.push_back(static_cast<std::int64_t>(id));
      const double with = sum + logits[id] - std::log(total);
      if (id == k_end)
        all[longer] = with;
      else
        add(words, longer, with, all);
    }
  }

  TokenTexts tokens_;
  Constraint constraint_;
};

GenerationPlan generation(const std::string& strategy, std::int64_t length, std::int64_t texts) {
  GenerationPlan plan;
  plan.strategy = strategy;
  plan.max_length = length;
  plan.num_beams = 4096;
  plan.num_return_sequences = texts;
  plan.length_penalty = 0;
  return plan;
}

struct Language {
  ConstraintPlan plan;
  std::string same;  ///< as std::regex reads it
};

const std::vector<Language>& languages() {
  static const std::vector<Language> all{
      {plan_of(Kind::regex, "a(b|bb)?c{0,2}"), "a(b|bb)?c{0,2}"},
      {plan_of(Kind::regex, "[ab]{2,3}|c"), "[ab]{2,3}|c"},
      {plan_of(Kind::regex, "(ab|c)?"), "(ab|c)?"},
      {plan_of(Kind::grammar, "root ::= \"a\" inner | inner \"c\"\ninner ::= \"b\" | \"cb\""),
       "a(b|cb)|(b|cb)c"},
      {{Kind::choices, "", {"abc", "ab", "cb", "b"}}, "abc|ab|cb|b"}};
  return all;
}

std::set<std::string> words_of(const Language& language) {
  const std::regex expression(language.same);
  std::set<std::string> words;
  for (const std::string& text : all_texts("abc", 5))
    if (std::regex_match(text, expression)) words.insert(text);
  return words;
}

TEST(Constrained, TheDistributionIsThatOfRenormalizationByHand) {
  for (const Language& language : languages()) {
    const Toy toy({"a", "b", "c", "ab", "bc", "cb", "abb"}, language.plan);
    const std::map<Tokens, double> expected = toy.by_hand(words_of(language));
    ASSERT_GT(expected.size(), 2u);
    const auto count = static_cast<std::int64_t>(expected.size());
    const Written found = toy.find(generation("beam", 8, count));
    ASSERT_EQ(found[0].size(), expected.size()) << language.same;
    double sum = 0;
    for (const Sequence& one : found[0]) {
      ASSERT_TRUE(expected.contains(one.tokens)) << one.text << " is none of " << language.same;
      EXPECT_NEAR(one.log_probability, expected.at(one.tokens), 1e-6) << one.text;
      EXPECT_TRUE(one.is_complete);
      sum += std::exp(one.log_probability);
    }
    EXPECT_NEAR(sum, 1, 1e-6) << language.same;
  }
}

TEST(Constrained, SampledTextsComeAsOftenAsTheirProbabilitySays) {
  for (const Language& language : languages()) {
    const Toy toy({"a", "b", "c", "ab", "bc", "cb", "abb"}, language.plan);
    const std::map<Tokens, double> expected = toy.by_hand(words_of(language));
    constexpr std::int64_t k_texts = 10'000;
    std::map<Tokens, double> counts;
    const Written found = toy.find(generation("sample", 8, k_texts));
    for (const Sequence& one : found[0]) {
      ASSERT_TRUE(expected.contains(one.tokens)) << one.text << " is none of " << language.same;
      EXPECT_NEAR(one.log_probability, expected.at(one.tokens), 1e-6);
      counts[one.tokens] += 1;
    }
    double chi_square = 0;
    for (const auto& [tokens, log_probability] : expected) {
      const double wanted = k_texts * std::exp(log_probability);
      chi_square += (counts[tokens] - wanted) * (counts[tokens] - wanted) / wanted;
    }
    // Its mean is the number of cells less 1, its variance twice that.
    const double freedom = static_cast<double>(expected.size()) - 1;
    EXPECT_LT(chi_square, freedom + 4 * std::sqrt(2 * freedom)) << language.same;
  }
}

TEST(Constrained, GreedyTakesTheBestOfWhatIsAllowed) {
  for (const Language& language : languages()) {
    const Toy toy({"a", "b", "c", "ab", "bc", "cb", "abb"}, language.plan);
    const std::set<std::string> words = words_of(language);
    const Sequence found = toy.find(generation("greedy", 8, 1))[0][0];
    EXPECT_TRUE(words.contains(found.text)) << found.text << ", " << language.same;
    Tokens text{k_begin};
    while (text.back() != k_end) {
      const std::vector<float> logits = toy_logits(text, toy.tokens().behind.size());
      std::size_t best = 0;
      for (std::size_t id = 1; id < logits.size(); ++id) {
        const std::string longer = toy.text_of(text) + toy.tokens().behind[id];
        const bool may_come = id == k_end ? words.contains(longer) : begins_one(words, longer);
        if (may_come && (best == 0 || logits[id] > logits[best])) best = id;
      }
      text.push_back(static_cast<std::int64_t>(best));
    }
    EXPECT_EQ(found.tokens, text);
  }
}

TEST(Constrained, WithoutAConstraintOtherTextsCome) {
  for (const Language& language : languages()) {
    const Toy toy({"a", "b", "c", "ab", "bc", "cb", "abb"}, language.plan);
    const std::set<std::string> words = words_of(language);
    const Written free = toy.find(generation("sample", 8, 200), /*is_free=*/true);
    EXPECT_GT(std::ranges::count_if(free[0],
                                    [&](const Sequence& one) { return !words.contains(one.text); }),
              20);
  }
}

TEST(Constrained, ATextThatIsCutOffIsNotCompleteAndComesLast) {
  const Toy toy({"a", "b"}, plan_of(Kind::regex, "aaaaaa|b"));
  for (const std::string strategy : {"beam", "sample"}) {
    const Written found = toy.find(generation(strategy, 4, strategy == "beam" ? 2 : 60));
    EXPECT_EQ(found[0].front().text, "b");
    EXPECT_TRUE(found[0].front().is_complete);
    EXPECT_EQ(found[0].back().text, "aaa");
    EXPECT_FALSE(found[0].back().is_complete);
  }
}

constexpr const char* k_schema = R"({
  "type": "object", "required": ["name", "age", "tags", "good"], "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "maxLength": 6},
    "age": {"type": "integer", "minimum": 0, "maximum": 120},
    "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["red", "blue"]}},
    "good": {"$ref": "#/$defs/yes"}},
  "$defs": {"yes": {"type": "boolean"}}})";

std::vector<std::string> letters_and_pieces() {
  std::vector<std::string> texts{"\": ", "\", \"", "{\"",  "tru",
                                 "name", "\xC3",   "\xA9", "\xE4\xB8\x80"};
  for (char letter = ' '; letter < 0x7F; ++letter) texts.emplace_back(1, letter);
  return texts;
}

bool is_of_schema(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.size() != 4) return false;
  for (const char* key : {"name", "age", "tags", "good"})
    if (!json.contains(key)) return false;
  const nlohmann::json& tags = json["tags"];
  return json["name"].is_string() && json["age"].is_number_integer() && json["age"] >= 0 &&
         json["age"] <= 120 && tags.is_array() && tags.size() <= 2 &&
         std::ranges::all_of(tags, [](const auto& tag) { return tag == "red" || tag == "blue"; }) &&
         json["good"].is_boolean();
}

TEST(Constrained, AllOfAThousandTextsAreOfTheSchema) {
  const Toy toy(letters_and_pieces(), plan_of(Kind::json_schema, k_schema));
  const GenerationPlan plan = generation("sample", 200, 1000);
  std::set<std::string> different;
  const Written found = toy.find(plan);
  for (const Sequence& one : found[0]) {
    EXPECT_TRUE(is_of_schema(one.text)) << one.text;
    EXPECT_TRUE(one.is_complete);
    different.insert(one.text);
  }
  EXPECT_GT(different.size(), 900u);
  const Written free = toy.find(generation("sample", 200, 20), /*is_free=*/true);
  for (const Sequence& one : free[0]) EXPECT_FALSE(is_of_schema(one.text));
}

}  // namespace
}  // namespace weft::test
