// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/variables.hpp"

#include <sys/resource.h>

#include <ctime>

#include "host/base/text.hpp"
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

class VariablesTest : public RecipeFiles {
 protected:
  /// k_recipe with a "let" on its first line and this configuration of "core".
  static std::string with(const std::string& let, const std::string& config) {
    std::string text = edited("\"batch.answer\"]}", "\"batch.answer\"]}, \"config\": " + config);
    return text.replace(0, 1, "{\"let\": " + let + ",");
  }
  static std::string core_config(const std::string& let, const std::string& config) {
    return read(with(let, config)).graph.at(1).config;
  }
};

TEST_F(VariablesTest, AWholeStringIsReplacedByTheValue) {
  EXPECT_EQ(
      core_config(
          R"({"dim": 8, "rate": 0.5, "on": true, "word": "x", "list": [1, 2]})",
          R"({"a": "$dim","b": "$rate","c": "$on","d": ["$word"],"e": "$list","f": "no $dim"})"),
      R"({"a":8,"b":0.5,"c":true,"d":["x"],"e":[1,2],"f":"no $dim"})");
}

TEST_F(VariablesTest, AVariableMayUseThoseAboveIt) {
  EXPECT_EQ(core_config(R"({"a": 8, "b": ["$a", 1]})", R"({"x": "$b"})"), R"({"x":[8,1]})");
  EXPECT_THAT(refusals(with(R"({"b": "$a", "a": 8})", R"({"x": "$b", "y": "$a"})")),
              ElementsAre("r.json:1:10: /let/b: nothing above in \"let\" is called \"a\"."));
}

TEST_F(VariablesTest, TwoDollarSignsAreOneAsText) {
  EXPECT_EQ(core_config(R"({"a": "$$b"})", R"({"x": "$$dim", "y": "$a"})"),
            R"({"x":"$dim","y":"$b"})");
  EXPECT_THAT(read(with("{}", R"({"x": "$$dim"})")).resolved, HasSubstr(R"("x": "$$dim")"));
}

TEST_F(VariablesTest, RefusesAnUnknownNameOnce) {
  const std::string text = with(R"({"heads": 2})", R"({"x": "$heads"})");
  EXPECT_THAT(refusals(text, {"stages.0.steps=$hedas"}),
              ElementsAre("--set: /stages/0/steps: nothing in \"let\" is called \"hedas\". Did you "
                          "mean \"heads\"?"));
  EXPECT_THAT(refusals(edited("\"steps\": 10", "\"steps\": \"$n\"")),
              ElementsAre("r.json:27:7: /stages/0/steps: nothing in \"let\" is called \"n\"."));
}

TEST_F(VariablesTest, AWrongValueIsShownWhereLetGivesIt) {
  EXPECT_THAT(
      refusals(edited("\"steps\": 10", "\"steps\": \"$n\"")
                   .replace(0, 1, "{\"let\": {\"n\": \"ten\"},")),
      ElementsAre(
          "r.json:1:10: /stages/0/steps: expected an integer of at least 1, found \"ten\"."));
}

TEST_F(VariablesTest, RefusesWhatIsNoVariable) {
  EXPECT_THAT(
      refusals(with(R"({"b": null, "2c": 1})", "{}")),
      testing::IsSupersetOf(
          {"r.json:1:10: /let/b: expected a string, a number, true, false, an array or an object, "
           "found null.",
           "r.json:1:21: /let/2c: this is not a name. Use letters, digits and \"_\", no digit "
           "first."}));
  EXPECT_THAT(refusals(with("3", "{}")),
              ElementsAre("r.json:1:2: /let: expected an object, found 3."));
}

TEST_F(VariablesTest, RefusesAVariableThatNothingUses) {
  const std::string text = with(R"({"lr": 0.1})", "{}");
  EXPECT_THAT(refusals(text),
              ElementsAre("r.json:1:10: /let/lr: nothing uses \"$lr\". Use it, or remove it."));
  EXPECT_THAT(refusals(text, {"let.lr=0.2"}),
              ElementsAre("--set: /let/lr: nothing uses \"$lr\". Use it, or remove it."));
  EXPECT_TRUE(refusals(text, {"seed=1"}).empty()) << "an override may have replaced its only use";
}

TEST_F(VariablesTest, AChildAndAnOverrideReplaceAVariable) {
  write("base.json", with(R"({"dim": 8})", R"({"x": "$dim"})"));
  write("child.json", R"({"extends": "base.json", "let": {"dim": 16, "y": 1}})");
  EXPECT_EQ(read_recipe("child.json").graph.at(1).config, R"({"x":16})");
  EXPECT_EQ(read_recipe("child.json", {"let.dim=32"}).graph.at(1).config, R"({"x":32})");
}

TEST_F(VariablesTest, VariablesCannotBlowUpTheRecipe) {
  std::string let = R"({"v0": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1])", last = "v0";
  for (int i = 1; i <= 9; ++i) {
    const std::string use = "\"$" + last + "\"", name = "v" + std::to_string(i);
    let.append(", \"").append(name).append("\": [").append(use);
    for (int j = 1; j < 10; ++j) let.append(", ").append(use);
    let += "]";
    last = name;
  }
  EXPECT_THAT(
      refusals(with(let + "}", "{\"x\": \"$" + last + "\"}")).at(0),
      HasSubstr("makes the recipe larger than 200000 values or 64 MiB, or deeper than 64 levels."));

  std::string chain = R"({"d0": [1])";
  for (int i = 1; i <= 100; ++i)
    chain += ", \"d" + std::to_string(i) + "\": [\"$d" + std::to_string(i - 1) + "\"]";
  EXPECT_THAT(refusals(with(chain + "}", R"({"x": "$d100"})")).at(0),
              HasSubstr("deeper than 64 levels"));
}

TEST_F(VariablesTest, AnUnknownKeyStandsWhereItIsWritten) {
  const std::string text = edited("\"steps\": 10", "\"steps\": 10, \"stepz\": \"$n\"")
                               .replace(0, 1, "{\"let\": {\"n\": 3},");
  EXPECT_THAT(refusals(text),
              ElementsAre("r.json:27:20: /stages/0/stepz: unknown key. Did you mean "
                          "\"steps\"?"));
}

TEST_F(VariablesTest, AKeyOfAPartStandsWhereItIsWritten) {
  const Recipe recipe = read(with("{\n\n\"dim\": 8}", "{\"dmi\": \"$dim\"}"));
  EXPECT_EQ(recipe.locate("/graph/core/config/dmi").line, 3);
  EXPECT_EQ(recipe.locate_key("/graph/core/config/dmi").line, 17);
  EXPECT_EQ(recipe.locate_key("/graph/vision/config/dim").line, 16);
}

/// Some memory of this process, in KiB: the most that it ever had resident.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(VariablesTest, ALongTextMayBeUsedUpToALimit) {
  const std::string let = "{\"s\": \"" + std::string(1 << 20, 'x') + "\"}";
  const auto uses = [](int count) {
    std::string list = "[\"$s\"";
    for (int i = 1; i < count; ++i) list += ", \"$s\"";
    return "{\"x\": " + list + "]}";
  };
  const long before = peak_memory();
  EXPECT_THAT(
      refusals(with(let, uses(5000))),
      ElementsAre("r.json:15:494: /graph/core/config/x/64: \"$s\" makes the recipe larger than "
                  "200000 values or 64 MiB, or deeper than 64 levels."));
  EXPECT_LT(peak_memory() - before, 32 << 10) << "it is counted before anything is copied";
  EXPECT_TRUE(refusals(with(let, uses(3))).empty());
}

TEST_F(VariablesTest, AHundredThousandMistakesAreToldInTimeThatGrowsWithThem) {
  std::string let = "{\"v0\": \"$w0\"";
  for (int i = 1; i < 100'000; ++i) let += host::concat(", \"v", i, "\": \"$w", i, "\"");
  const std::clock_t begin = std::clock();
  EXPECT_THAT(refusals(with(let + "}", "{}")),
              testing::Contains(HasSubstr("nothing above in \"let\" is called \"w199\".")));
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 10) << "seconds of processor time";
}

}  // namespace
}  // namespace weft::test
