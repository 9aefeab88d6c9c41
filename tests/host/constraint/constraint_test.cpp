// SPDX-License-Identifier: Apache-2.0
#include "host/constraint/constraint.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "tests/host/constraint/toy.hpp"

namespace weft::test {
namespace {

using namespace host;
using Kind = ConstraintPlan::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
constexpr std::int64_t k_end = 1;

/// The texts of tokens that may come next, "$" for the end.
std::vector<std::string> next(const ConstrainedText& text, const std::vector<std::string>& names) {
  std::vector<float> logits(names.size(), 0.0F);
  text.mask(logits);
  std::vector<std::string> found;
  for (std::size_t id = 0; id < names.size(); ++id)
    if (std::isfinite(logits[id])) found.push_back(names[id]);
  return found;
}

std::vector<std::string> names_of(const TokenTexts& tokens) {
  std::vector<std::string> names = tokens.behind;
  names[k_end] = "$";
  return names;
}

std::string problem_of(Kind kind, const std::string& text) {
  return constraint_problem(plan_of(kind, text)).value_or("none");
}

TEST(Constraint, SaysWhatMayFollow) {
  const TokenTexts tokens = vocabulary_of({"a", "b", "ab", "c"});
  const std::vector<std::string> names = names_of(tokens);
  const Constraint constraint(plan_of(Kind::regex, "ab?c?"), tokens, k_end);
  ConstrainedText text = constraint.begin(false);
  EXPECT_THAT(next(text, names), ElementsAre("a", "ab"));
  EXPECT_FALSE(text.may_end());
  text.append(2);
  EXPECT_THAT(next(text, names), ElementsAre("$", "b", "c"));
  EXPECT_TRUE(text.may_end());
  ConstrainedText other = text;
  text.append(3);
  EXPECT_THAT(next(text, names), ElementsAre("$", "c"));
  EXPECT_THAT(next(other, names), ElementsAre("$", "b", "c")) << "copies go on by themselves";
  other.append(5);
  EXPECT_THAT(next(other, names), ElementsAre("$"));
}

// A token inside of which another one stands is not left out with that one.
TEST(Constraint, OneTokenMayHoldAnother) {
  const TokenTexts tokens = vocabulary_of({"ad", "bad", "ae"});
  const Constraint constraint(plan_of(Kind::regex, "ae|bad"), tokens, k_end);
  EXPECT_THAT(next(constraint.begin(false), names_of(tokens)), ElementsAre("bad", "ae"));
}

// The masks of XGrammar on vocabularies of words against their definition: a token may come where a
// text of the language begins with what it makes of the text.
TEST(Constraint, MasksAreThoseOfTheirDefinition) {
  RandomSequence random({3});
  const std::vector<std::string> all = all_texts("abc", 4);
  for (int trial = 0; trial < 300; ++trial) {
    std::set<std::string> words, tokens;
    while (words.size() < 6) words.insert(all[1 + random.below(all.size() - 1)]);
    while (tokens.size() < 12) tokens.insert(all[1 + random.below(all.size() - 1)]);
    const TokenTexts texts = vocabulary_of({tokens.begin(), tokens.end()});
    const std::vector<std::string> names = names_of(texts);
    const Constraint constraint({Kind::choices, "", {words.begin(), words.end()}}, texts, k_end);
    ConstrainedText text = constraint.begin(false);
    for (std::string so_far;;) {
      std::vector<std::string> expected;
      if (words.contains(so_far)) expected.emplace_back("$");
      for (const std::string& token : tokens)
        if (begins_one(words, so_far + token)) expected.push_back(token);
      const std::vector<std::string> found = next(text, names);
      ASSERT_EQ(found, expected) << trial << ": " << so_far;
      if (found.empty() || found.back() == "$") break;
      so_far += found.back();
      text.append(std::ranges::find(names, found.back()) - names.begin());
    }
  }
}

TEST(Constraint, IdsBehindTheVocabularyNeverCome) {
  const TokenTexts tokens = vocabulary_of({"a"});
  const Constraint constraint(plan_of(Kind::regex, ".*"), tokens, k_end);
  EXPECT_THAT(next(constraint.begin(false), {"begin", "$", "a", "more", "and more"}),
              ElementsAre("$", "a"));
}

TEST(Constraint, AChoiceMayHoldAnyCharacter) {
  const std::string odd = "a\"b\\c\n\x01\u00e9\u4e00|[x]";
  const TokenTexts tokens = vocabulary_of({odd, "a", odd.substr(1)});
  const ConstraintPlan plan{Kind::choices, "", {odd}};
  ConstrainedText text = Constraint(plan, tokens, k_end).begin(false);
  EXPECT_THAT(next(text, names_of(tokens)), ElementsAre(odd, "a"));
  text.append(3);
  EXPECT_FALSE(text.may_end());
  text.append(4);
  EXPECT_TRUE(text.may_end());
}

/// Tokens as SentencePiece has them: a space at the beginning of a text is taken back.
TokenTexts with_spaces(bool is_first_behind_nothing) {
  return {{"", "", "", "one", "two", "one"},
          {"", "", " ", " one", " two", "one"},
          is_first_behind_nothing};
}

TEST(Constraint, TheBeginningOfATextIsReadAsItIsWritten) {
  const std::vector<std::string> names{"begin", "$", "_", "_one", "_two", "one"};
  const ConstraintPlan plan = plan_of(Kind::regex, "one( two)?");
  const Constraint constraint(plan, with_spaces(true), k_end);
  ConstrainedText text = constraint.begin(false);
  EXPECT_THAT(next(text, names), ElementsAre("_", "_one", "one"));
  ConstrainedText spaced = text;
  spaced.append(2);
  EXPECT_THAT(next(spaced, names), ElementsAre("_one", "one")) << "one space is enough";
  spaced.append(3);
  EXPECT_TRUE(spaced.may_end());
  text.append(3);
  EXPECT_THAT(next(text, names), ElementsAre("$", "_", "_two"));
  text.append(2);
  EXPECT_THAT(next(text, names), ElementsAre()) << "no piece writes \"two\" alone";
  EXPECT_FALSE(text.may_end());

  ConstrainedText kept = Constraint(plan, with_spaces(false), k_end).begin(false);
  kept.append(2);
  EXPECT_THAT(next(kept, names), ElementsAre("one"));

  EXPECT_THAT(next(constraint.begin(/*behind_prompt=*/true), names), ElementsAre("one"));
}

TEST(Constraint, WhatCannotBeReadIsSaid) {
  EXPECT_EQ(problem_of(Kind::regex, "[0-9]+"), "none");
  EXPECT_EQ(problem_of(Kind::regex, "^ab$"), "none");
  const std::string unread = "XGrammar cannot read it: ";
  EXPECT_EQ(problem_of(Kind::regex, "a(b"),
            unread + "Regex parsing error at position 4: The parenthesis is not closed.");
  EXPECT_EQ(problem_of(Kind::regex, "a{3,1}"),
            unread +
                "EBNF parser error at line 1, column 16: Lower bound is larger than upper "
                "bound: 3 > 1.");
  EXPECT_EQ(problem_of(Kind::regex, "a(?=b)"),
            unread + "Regex parsing error at position 4: Lookahead is not supported yet.");
  EXPECT_EQ(problem_of(Kind::regex, "(a)\\1"),
            unread + "Regex parsing error at position 4: Backreference is not supported yet.");
  EXPECT_EQ(problem_of(Kind::grammar, "root ::= \"a\" other"),
            unread + "EBNF parser error at line 1, column 14: Rule \"other\" is not defined.");
  EXPECT_EQ(problem_of(Kind::grammar, "other ::= \"a\""),
            unread +
                "EBNF parser error at line 1, column 1: The root rule with name \"root\" is "
                "not found.");
  EXPECT_EQ(problem_of(Kind::json_schema, R"({"type": "integr"})"),
            unread + "Unsupported type \"integr\".");
  EXPECT_EQ(problem_of(Kind::json_schema, R"({"type": "string", "pattern": "a("})"),
            unread + "Regex parsing error at position 3: The parenthesis is not closed.");
  const std::string left_out = "XGrammar would not keep all of it: ";
  EXPECT_EQ(problem_of(Kind::regex, "a^b"),
            left_out +
                "Regex parsing warning at position 2: '^' should be at the start of the "
                "regex, but found in the middle. It is ignored. Leave this out.");
  EXPECT_EQ(problem_of(Kind::json_schema, R"({"type": "number", "multipleOf": 3})"),
            left_out +
                "multipleOf is not supported for type:number; ignoring multipleOf. Leave "
                "this out.");
  EXPECT_EQ(problem_of(Kind::json_schema, R"({"$ref": "other.json"})"),
            left_out +
                "URI should either be '#' or start with '#/' but got other.json. Leave this "
                "out.");
  EXPECT_EQ(problem_of(Kind::regex, std::string(70'000, 'a')),
            "it has 70000 bytes; at most 65536 are read.");
}

TEST(Constraint, ATextMustBeAbleToEnd) {
  const TokenTexts tokens = vocabulary_of({"a"});
  try {
    Constraint(plan_of(Kind::regex, "a"), tokens, 9);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "a text that is constrained must be able to end, but the end id 9 is none of the "
                 "tokenizer's 3 ids.");
  }
}

}  // namespace
}  // namespace weft::test
