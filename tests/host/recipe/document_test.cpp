// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/document.hpp"

#include <sys/stat.h>

#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using DocumentTest = RecipeFiles;

TEST_F(DocumentTest, AChildMergesObjectsReplacesTheRestAndRemovesByNull) {
  write("base.json", k_recipe);
  write("child.json", R"({
    "extends": "base.json",
    "name": "child",
    "data": {"qa": {"fields": {"image": {"size": [4, 2], "channels": 3}}}},
    "graph": {"vision": {"config": {"heads": 2}}, "extra": {"use": "fusion.sum"}},
    "metrics": null
  })");
  const Recipe recipe = read_recipe("child.json");
  EXPECT_EQ(recipe.name, "child");
  EXPECT_EQ(recipe.graph.at(0).config, R"({"dim":8,"heads":2})");
  ASSERT_EQ(recipe.graph.size(), 3u);
  EXPECT_EQ(recipe.graph.at(2).name, "extra");
  EXPECT_TRUE(recipe.metrics.empty());
  EXPECT_THAT(recipe.data.at(0).config, HasSubstr(R"("size":[4,2],"channels":3)"));
}

TEST_F(DocumentTest, EveryValueKeepsTheFileAndLineItCameFrom) {
  write("base.json", k_recipe);
  write("child.json",
        "{\n\"extends\": \"base.json\",\n\"graph\": {\"vision\": {\n\"config\": {\"dim\": 16}}}}");
  const Recipe recipe = read_recipe("child.json");
  EXPECT_EQ(recipe.locate("/graph/vision/config/dim").sentence(),
            "child.json:4:12: /graph/vision/config/dim: ");
  EXPECT_EQ(recipe.locate("/graph/vision/use").line, 14);
  EXPECT_EQ(recipe.locate("/graph/vision/use").file, "base.json");
  EXPECT_EQ(recipe.locate("/stages/0/steps").file, "base.json");
  EXPECT_EQ(recipe.locate("/stages/0/steps").line, 27);
}

TEST_F(DocumentTest, ProblemsNameTheFileThatHasToChange) {
  write("base.json", edited("\"steps\": 10", "\"steps\": 0"));
  write("child.json", "{\"extends\": \"base.json\",\n\"losses\": {\"ce\": {\"uze\": \"loss.x\"}}}");
  EXPECT_THAT(
      refusals_of("child.json"),
      ElementsAre("child.json:2:19: /losses/ce/uze: unknown key. Did you mean \"use\"?",
                  "base.json:27:7: /stages/0/steps: expected an integer of at least 1, found 0."));
}

TEST_F(DocumentTest, ExtendsFollowsAChainOfFiles) {
  write("a/base.json", k_recipe);
  write("b/middle.json", R"({"extends": "../a/base.json", "seed": 1, "name": "middle"})");
  write("leaf.json", R"({"extends": "b/middle.json", "name": "leaf"})");
  const Recipe recipe = read_recipe("leaf.json");
  EXPECT_EQ(recipe.name, "leaf");
  EXPECT_EQ(recipe.seed, 1u);
  EXPECT_EQ(recipe.locate("/seed").file, "b/middle.json");
  EXPECT_EQ(recipe.locate("/graph").file, "a/base.json");
}

TEST_F(DocumentTest, RefusesALoop) {
  write("a.json", R"({"extends": "sub/b.json"})");
  write("sub/b.json", "{\n\"extends\": \"../a.json\"}");
  EXPECT_THAT(
      refusals_of("a.json"),
      ElementsAre("sub/b.json:2:1: /extends: recipes extend one another in a loop: a.json -> "
                  "sub/b.json -> a.json. Remove one \"extends\"."));
  write("self.json", R"({"extends": "./self.json"})");
  EXPECT_THAT(
      refusals_of("self.json"),
      ElementsAre("self.json:1:2: /extends: recipes extend one another in a loop: self.json -> "
                  "self.json. Remove one \"extends\"."));
}

TEST_F(DocumentTest, RefusesAChainThatIsTooLong) {
  write("0.json", k_recipe);
  for (int i = 1; i <= 9; ++i)
    write(std::to_string(i) + ".json", "{\"extends\": \"" + std::to_string(i - 1) + ".json\"}");
  EXPECT_EQ(read_recipe("8.json").name, "small");
  EXPECT_THAT(
      refusals_of("9.json"),
      ElementsAre("1.json:1:2: /extends: recipes extend one another more than 8 deep. Merge "
                  "some of them."));
}

TEST_F(DocumentTest, RefusesAnExtendsThatLeadsNowhere) {
  EXPECT_THAT(
      refusals("{\n\"extends\": \"gone.json\"}"),
      ElementsAre("r.json:2:1: /extends: cannot read \"gone.json\": No such file or directory. "
                  "Check the path."));
  EXPECT_THAT(refusals("{\"extends\": 3}"),
              ElementsAre("r.json:1:2: /extends: expected the path of a recipe, found 3."));
  EXPECT_THAT(refusals("{\"extends\": \"https://x/y.json\"}").at(0), HasSubstr("found the URL"));
}

TEST_F(DocumentTest, RefusesToRemoveWhatIsNotThere) {
  write("base.json", k_recipe);
  write("child.json", R"({"extends": "base.json", "metrix": null})");
  EXPECT_THAT(
      refusals_of("child.json"),
      ElementsAre("child.json:1:26: /metrix: nothing to remove: the extended recipe has no such "
                  "key. Did you mean \"metrics\"?"));
}

TEST_F(DocumentTest, AFileThatCannotBeReadIsNoInput) {
  for (const auto& [path, reason] :
       {std::pair("gone.json", "No such file or directory"), std::pair(".", "Is a directory")}) {
    try {
      read_recipe(path);
      FAIL() << path;
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::no_input);
      EXPECT_EQ(std::string(error.what()),
                std::string("cannot read \"") + path + "\": " + reason + ". Check the path.");
    }
  }
}

/// Longer than the kernel takes.
/// One byte longer than Linux opens.
std::string deep_path() {
  std::string path;
  for (int i = 0; i < 2045; ++i) path += "d/";
  return path + "r.json";
}

/// What may not be read as a recipe, and why. Nothing of it waits for a writer.
const std::vector<std::pair<std::string, std::string>>& no_files() {
  static const std::vector<std::pair<std::string, std::string>> paths = {
      {"fifo", "it is a pipe, socket or device, not a file"},
      {"/dev/zero", "it is a pipe, socket or device, not a file"},
      {"folder", "Is a directory"},
      {"loop", "Too many levels of symbolic links"},
      {"folder/../fifo", "it is a pipe, socket or device, not a file"},
      {std::string(300, 'n'), "File name too long"},
      {deep_path(), "File name too long"}};
  return paths;
}

TEST_F(DocumentTest, ReadsRegularFilesOnly) {
  ASSERT_EQ(mkfifo("fifo", 0600), 0);
  std::filesystem::create_directory("folder");
  std::filesystem::create_symlink("loop", "loop");
  for (const auto& [path, reason] : no_files()) {
    EXPECT_THAT(
        refusals("{\n\"extends\": \"" + path + "\"}"),
        ElementsAre(testing::AllOf(testing::StartsWith("r.json:2:1: /extends: cannot read \""),
                                   HasSubstr(reason), HasSubstr(". Check the path."))));
    try {
      read_recipe(path);
      FAIL() << path;
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::no_input) << path;
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
  }
}

TEST_F(DocumentTest, FindsALoopThroughAnotherName) {
  write("a.json", R"({"extends": "link.json"})");
  std::filesystem::create_symlink("a.json", "link.json");
  EXPECT_THAT(refusals_of("a.json"),
              ElementsAre(HasSubstr("a.json:1:2: /extends: recipes extend one another in a loop")));
}

TEST_F(DocumentTest, RefusesWhatIsNoRecipeAtAll) {
  EXPECT_THAT(refusals("[1, 2]"), ElementsAre("r.json:1:1: expected an object, found [1, 2]."));
  EXPECT_THAT(refusals("{\"a\": }"), ElementsAre(HasSubstr("r.json:1:7: /a: not valid JSON")));
  EXPECT_THAT(refusals(std::string((8u << 20) + 1, ' ')),
              ElementsAre("r.json: the file is larger than 8 MiB. Move data out of the recipe."));
}

}  // namespace
}  // namespace weft::test
