// SPDX-License-Identifier: Apache-2.0
#include "host/graph/wiring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/base/error.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

/// The sentence of the first problem that wiring the small recipe with overrides gives, from its
/// pointer on.
std::vector<std::string> problems(const std::vector<std::string>& overrides) {
  try {
    wire(read_text(small_recipe(), overrides));
  } catch (const host::RecipeError& error) {
    std::vector<std::string> texts;
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
    return texts;
  }
  return {};
}

TEST(Wiring, PutsProducersBeforeConsumers) {
  const host::Wiring wiring = wire(read_text(small_recipe()));
  EXPECT_LT(wiring.index("vision"), wiring.index("digit"));
  EXPECT_LT(wiring.index("digit"), wiring.index("ce"));
}

TEST(Wiring, NeedsOnlyAncestors) {
  const host::Wiring wiring = wire(read_text(small_recipe()));
  EXPECT_EQ(wiring.needed({wiring.index("digit")}),
            (std::vector<std::size_t>{wiring.index("vision"), wiring.index("digit")}));
}

TEST(Wiring, SuggestsThePartThatWasMeant) {
  EXPECT_THAT(problems({"graph.vision.use=encoder.vitt"}),
              ::testing::Contains(HasSubstr("Did you mean \"encoder.vit\"?")));
}

TEST(Wiring, SuggestsTheConfigurationKeyThatWasMeant) {
  EXPECT_THAT(problems({"graph.vision.config={\"hight\": 28}"}),
              ::testing::Contains(HasSubstr("Did you mean \"height\"?")));
}

TEST(Wiring, SuggestsThePortThatWasMeant) {
  EXPECT_EQ(problems({"graph.digit.in.state=vision.token"}),
            (std::vector<std::string>{"/graph/digit/in/state: \"vision\" has no output port "
                                      "\"token\". Did you mean \"tokens\"?"}));
}

TEST(Wiring, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(problems({"graph.vision.in.image=batch.pictures"}),
            (std::vector<std::string>{"/graph/vision/in/image: no data has a field \"pictures\". "
                                      "Did you mean \"picture\"?"}));
}

TEST(Wiring, SaysWhichShapesDoNotFit) {
  EXPECT_EQ(problems({"graph.digit.config.dim=32"}),
            (std::vector<std::string>{
                "/graph/digit/in: input \"state\" expects [B, N, 32], found [12, 16, 16]. Wired: "
                "state = vision.tokens [12, 16, 16].",
                "/graph/digit/in: input \"state\" expects [B, N, 32], found [50, 16, 16]. Wired: "
                "state = vision.tokens [50, 16, 16]."}));
}

TEST(Wiring, SaysWhichElementTypeIsExpected) {
  EXPECT_THAT(problems({"losses.ce.in.target=batch.picture"}),
              ::testing::Contains(HasSubstr("input \"target\" takes int64, found float32.")));
}

TEST(Wiring, NamesAnInputThatIsNotWired) {
  const std::string recipe = small_recipe();
  std::string text = recipe;
  text.replace(text.find(", \"target\": \"batch.label\""), 25, "");
  try {
    wire(read_text(text));
    FAIL();
  } catch (const host::RecipeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("input port \"target\" is not wired. It takes [...]"));
  }
}

}  // namespace
}  // namespace weft::test
