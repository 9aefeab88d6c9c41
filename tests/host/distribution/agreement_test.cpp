// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/agreement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/error.hpp"
#include "tests/support/ranks.hpp"

namespace weft::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What require_same() says on each of two or three ranks, to `facts` of a rank.
std::vector<std::string> said(int count,
                              const std::function<std::map<std::string, std::string>(int)>& facts) {
  std::vector<std::string> sentences(static_cast<std::size_t>(count));
  EXPECT_EQ(on_ranks(count,
                     [&](host::Collective& ranks) {
                       try {
                         host::require_same(ranks, facts(ranks.rank()));
                       } catch (const host::Error& error) {
                         EXPECT_EQ(error.exit(), host::Exit::bad_recipe);
                         sentences[static_cast<std::size_t>(ranks.rank())] = error.what();
                       }
                     }),
            "");
  return sentences;
}

TEST(Agreement, NamesTheRankAndWhatDiffers) {
  const std::string sentence =
      "the ranks cannot train together: the recipe's /seed is \"3\" on rank 0 and \"4\" on rank 2. "
      "Give all of them the same recipe, plug-ins, data and version of Weft.";
  EXPECT_THAT(
      said(3,
           [](int rank) -> std::map<std::string, std::string> {
             return {{"Weft's version", "1"}, {"the recipe's /seed", rank == 2 ? "4" : "3"}};
           }),
      ElementsAre(sentence, sentence, sentence));
}

TEST(Agreement, AFactThatOneRankLacksDiffers) {
  EXPECT_THAT(said(2,
                   [](int rank) {
                     std::map<std::string, std::string> facts{{"a", "1"}};
                     if (rank == 1) facts["b"] = "2";
                     return facts;
                   })[0],
              HasSubstr("b is nothing on rank 0 and \"2\" on rank 1"));
}

TEST(Agreement, WhatIsTheSamePasses) {
  EXPECT_EQ(on_ranks(2,
                     [](host::Collective& ranks) {
                       host::require_same(ranks, {{"a", "1"}});
                     }),
            "");
}

}  // namespace
}  // namespace weft::test
