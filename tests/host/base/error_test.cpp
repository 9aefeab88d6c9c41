// SPDX-License-Identifier: Apache-2.0
#include "host/base/error.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

using namespace weft::host;

TEST(Problem, SaysWhateverPlaceItKnows) {
  EXPECT_EQ((Problem{"a.json", 12, "/graph/x", "unknown key."}).sentence(),
            "a.json:12: /graph/x: unknown key.");
  EXPECT_EQ((Problem{"--set", 0, "/seed", "no."}).sentence(), "--set: /seed: no.");
  EXPECT_EQ((Problem{"a.json", 3, "", "no."}).sentence(), "a.json:3: no.");
  EXPECT_EQ((Problem{"", 0, "/seed", "no."}).sentence(), "/seed: no.");
  EXPECT_EQ((Problem{"", 0, "", "no."}).sentence(), "no.");
}

TEST(RecipeError, ListsEveryProblemUnderTheRecipesName) {
  const RecipeError one("a.json", {{"a.json", 1, "/x", "no."}});
  EXPECT_STREQ(one.what(), "a.json has 1 problem:\n  a.json:1: /x: no.");
  const RecipeError two("a.json", {{"a.json", 1, "/x", "no."}, {"b.json", 2, "/y", "no."}});
  EXPECT_STREQ(two.what(), "a.json has 2 problems:\n  a.json:1: /x: no.\n  b.json:2: /y: no.");
  EXPECT_EQ(two.exit(), Exit::bad_recipe);
  EXPECT_EQ(two.problems().size(), 2u);
}

TEST(Error, CarriesItsExitCode) {
  const Error error(Exit::no_input, "cannot read \"a\".");
  EXPECT_EQ(static_cast<int>(error.exit()), 66);
  EXPECT_STREQ(error.what(), "cannot read \"a\".");
}

}  // namespace
}  // namespace weft::test
