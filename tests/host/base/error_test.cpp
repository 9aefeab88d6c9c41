// SPDX-License-Identifier: Apache-2.0
#include "host/base/error.hpp"

#include "host/base/problems.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

using namespace weft::host;

TEST(Problem, SaysWhateverPlaceItKnows) {
  EXPECT_EQ((Problem{"a.json", 12, "/graph/x", "unknown key."}).sentence(),
            "a.json:12: /graph/x: unknown key.");
  EXPECT_EQ((Problem{"a.json", 12, "/graph/x", "unknown key.", 3}).sentence(),
            "a.json:12:3: /graph/x: unknown key.");
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

TEST(Problems, HaveTheExitCodeOfTheDataWhereTheRecipeItselfIsSound) {
  const auto exit_of = [](const std::vector<Exit>& exits) {
    Problems problems;
    for (const Exit exit : exits)
      problems.add({"a.json", 1, "/" + std::to_string(problems.list().size()), "no."}, exit);
    try {
      problems.require_none("a.json");
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("a.json has "));
      return error.exit();
    }
    return Exit::ok;
  };
  EXPECT_EQ(exit_of({}), Exit::ok);
  EXPECT_EQ(exit_of({Exit::no_input, Exit::bad_data}), Exit::no_input);
  EXPECT_EQ(exit_of({Exit::bad_data, Exit::no_input}), Exit::bad_data);
  EXPECT_EQ(exit_of({Exit::no_input, Exit::bad_recipe, Exit::no_input}), Exit::bad_recipe);
}

TEST(Problems, KeepTheFirstAndCountTheRest) {
  Problems problems;
  for (std::size_t i = 0; i < 3000; ++i) problems.add({"", 0, "/" + std::to_string(i), "no."});
  EXPECT_TRUE(problems.is_full());
  EXPECT_TRUE(problems.is_wrong_at("/2999"));
  try {
    problems.require_none("a.json");
    FAIL();
  } catch (const RecipeError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("a.json has 3000 problems:\n  /0: no."));
    EXPECT_TRUE(std::string(error.what()).ends_with("\n  and 2800 more."));
  }
}

TEST(Problems, SayTheSameOnce) {
  Problems problems;
  for (int i = 0; i < 3; ++i) problems.add({"", 0, "/x", "no."});
  problems.add({"", 0, "/x", "another."});
  EXPECT_EQ(problems.list().size(), 2u);
}

TEST(Problems, KnowWhatIsWrongInside) {
  Problems problems;
  problems.add({"", 0, "/graph/vision/in/image", "no."});
  EXPECT_TRUE(problems.is_wrong("/graph/vision"));
  EXPECT_TRUE(problems.is_wrong("/graph/vision/in/image"));
  EXPECT_FALSE(problems.is_wrong("/graph/vis"));
  EXPECT_FALSE(problems.is_wrong("/graph/vision/in/image/0"));
  EXPECT_FALSE(problems.is_wrong_at("/graph/vision"));
}

TEST(Error, CarriesItsExitCode) {
  const Error error(Exit::no_input, "cannot read \"a\".");
  EXPECT_EQ(static_cast<int>(error.exit()), 66);
  EXPECT_STREQ(error.what(), "cannot read \"a\".");
}

}  // namespace
}  // namespace weft::test
