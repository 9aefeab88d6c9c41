// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/path.hpp"

#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using PathTest = RecipeFiles;

TEST_F(PathTest, PathsAreRelativeToTheFileInWhichTheyStand) {
  write("base/base.json", k_recipe);
  write("runs/child.json", R"({"extends": "../base/base.json",
    "data": {"qa": {"shards": {"val": ["../x/./v.tar", "/abs/v.tar"]}}}})");
  const Recipe recipe = read_recipe("runs/child.json", {"data.qa.shards.test=[\"t.tar\"]"});
  EXPECT_THAT(
      recipe.data.at(0).config,
      HasSubstr(R"("shards":{"train":[")" + folder() + R"(/base/a.tar"],"val":[")" + folder() +
                R"(/x/v.tar","/abs/v.tar"],"test":[")" + folder() + R"(/t.tar"]})"));
}

TEST_F(PathTest, AVariableIsRelativeToTheFileThatDeclaresIt) {
  write("base/base.json",
        edited("[\"a.tar\"]", "[\"$shard\"]").replace(0, 1, R"({"let": {"shard": "s.tar"},)"));
  write("child.json", R"({"extends": "base/base.json"})");
  EXPECT_THAT(read_recipe("child.json").data.at(0).config, HasSubstr(folder() + "/base/s.tar"));
}

TEST_F(PathTest, AListKeepsItsSignInFrontOfItsPath) {
  write("base/r.json", edited("[\"a.tar\"]", "[\"@../lists/s.txt\", \"./@x.tar\"]"));
  EXPECT_THAT(read_recipe("base/r.json").data.at(0).config,
              HasSubstr("[\"@" + folder() + "/lists/s.txt\",\"" + folder() + "/base/@x.tar\"]"));
}

TEST_F(PathTest, RefusesUrls) {
  EXPECT_THAT(refusals(edited("a.tar", "http://host/a.tar")),
              ElementsAre("r.json:6:28: /data/qa/shards/train/0: expected a path, found the URL "
                          "\"http://host/a.tar\". Weft reads local files only: download it and "
                          "give the file's path."));
  for (const char* url : {"file:/a", "HTTPS:x", "s3://bucket/x", "gs://x", "@http://host/list"})
    EXPECT_NE(host::refuse_path(url), "") << url;
  for (const char* path : {"a.tar", "a:b.tar", "a//b", "./x:y//z", "c/d://e", ""})
    EXPECT_EQ(host::refuse_path(path), "") << path;
}

/// Taken apart into its folders it would cost a thousand times its bytes.
TEST_F(PathTest, RefusesWhatIsTooLongForAPath) {
  std::string deep;
  for (int i = 0; i < 2048; ++i) deep += "a/";
  EXPECT_EQ(host::refuse_path(deep), "");
  const std::string sentence =
      "expected a path, found a text of 4097 bytes. A path has at most 4096.";
  EXPECT_THAT(refusals(edited("a.tar", deep + "x")),
              ElementsAre("r.json:6:28: /data/qa/shards/train/0: " + sentence));
  EXPECT_THAT(refusals(R"({"extends": ")" + deep + "x\"}"),
              ElementsAre("r.json:1:2: /extends: " + sentence));
}

}  // namespace
}  // namespace weft::test
