// SPDX-License-Identifier: Apache-2.0
#include "host/graph/token_ids.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "host/base/error.hpp"
#include "host/registry/instance.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::SpecialIds;
using testing::ElementsAre;

const char* const k_schema = R"({"type": "object", "properties": {
  "begin_id": {"type": "integer", "minimum": 0}, "end_id": {"type": "integer", "minimum": -1},
  "pad_id": {"type": "integer"}, "other": {"type": "integer"}}})";

struct Filled {
  std::string config;
  std::vector<std::string> problems;
};

Filled filled(const std::string& config, const std::map<std::string, SpecialIds>& texts,
              const std::string& schema = k_schema) {
  Filled result;
  result.config =
      with_token_ids(config, schema, texts, [&](const std::string& key, const std::string& text) {
        result.problems.push_back(key + ": " + text);
      });
  return result;
}

TEST(TokenIds, AreTheTokenizersWhereTheRecipeIsSilent) {
  EXPECT_EQ(filled(R"({"end_id":9,"other":1})", {{"a", {101, 102, 0, 100}}}).config,
            R"({"begin_id":101,"end_id":9,"other":1,"pad_id":0})")
      << "unknown_id is no key of the part";
  EXPECT_EQ(filled("{}", {}).config, "{}") << "no text is wired";
  EXPECT_EQ(filled("{}", {{"a", {1, 2, 3, 4}}}, R"({"type": "object"})").config, "{}");
}

TEST(TokenIds, WhatTheTokenizerLacksIsMinusOneWhereThatIsAllowed) {
  const Filled lacking = filled("{}", {{"a", {-1, -1, 0, -1}}});
  EXPECT_EQ(lacking.config, R"({"end_id":-1,"pad_id":0})");
  EXPECT_THAT(lacking.problems,
              ElementsAre("begin_id: the tokenizer of data \"a\" has no begin token, and the part "
                          "needs one. Set begin_id to the id of a token that stands for it, or "
                          "choose another tokenizer."));
  EXPECT_THAT(filled(R"({"begin_id": 5})", {{"a", {-1, -1, 0, -1}}}).problems, ElementsAre());
}

TEST(TokenIds, SectionsThatDisagreeAreAProblem) {
  const std::map<std::string, SpecialIds> texts = {{"a", {2, 3, 0, 1}}, {"b", {2, 7, 0, 1}}};
  EXPECT_THAT(
      filled("{}", texts).problems,
      ElementsAre("end_id: the tokenizer of data \"a\" has 3 and that of \"b\" 7. Set the one "
                  "that is meant."));
  EXPECT_THAT(filled(R"({"end_id": 7})", texts).problems, ElementsAre());
}

/// What the decoder of the answering recipe begins and ends with, [CLS] and [SEP] being ids 4
/// and 5.
TEST(TokenIds, ADecoderGeneratesWithThoseOfItsText) {
  const host::Wiring wiring = wire(
      read_text(answering_recipe(), {R"(data.qa.tokenizer.special=["[CLS]", "[SEP]", "[MASK]"])"}));
  const auto* rules = static_cast<const weft_autoregressive*>(
      wiring.nodes()[wiring.index("answer")].instance.extension(WEFT_AUTOREGRESSIVE));
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(rules->begin_id, 4);
  EXPECT_EQ(rules->end_id, 5);
  EXPECT_EQ(rules->pad_id, 0);
}

}  // namespace
}  // namespace weft::test
