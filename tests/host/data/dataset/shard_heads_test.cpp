// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/shard_heads.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::Folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ShardHeadsTest : public testing::Test {
 protected:
  ShardHeadsTest() {
    test::write_tar(folder.path("a-0.tar"), {{"k.txt", "x"}});
    test::write_tar(folder.path("a-1.tar"), {{"k.txt", "x"}});
    test::write_file(folder.path("text.tar"), std::string(2000, 'x'));
    test::write_file(folder.path("noise.tar"), std::string("\x01\x02\x03"));
    test::write_file(folder.path("empty.tar"), "");
    test::write_file(folder.path("zeros.tar"), std::string(10240, '\0'));
    test::write_file(folder.path("lines.jsonl"), "{}");
  }

  /// "pointer: text" of all that is wrong with these entries as the validation part.
  std::vector<std::string> wrong(const std::vector<std::string>& entries) {
    std::string list;
    for (const std::string& entry : entries) list += (list.empty() ? "\"" : ", \"") + entry + "\"";
    const std::string section =
        R"({"shards": {"train": [")" + folder.path("a-0.tar") + R"("], "val": [)" + list +
        R"(]}, "fields": {"c": {"kind": "class", "member": "cls", "classes": ["a"]}}})";
    std::vector<std::string> texts;
    exits.clear();
    for (const Found& found : look_at_shards("/data/d", parse_data_options(section))) {
      texts.push_back(found.problem.pointer + ": " + found.problem.text);
      exits.push_back(found.exit);
    }
    return texts;
  }

  Folder folder;
  std::vector<Exit> exits;
};

TEST_F(ShardHeadsTest, ShardsAreSound) {
  EXPECT_THAT(wrong({folder.path("a-0.tar"), folder.path("a-*.tar"), folder.path("a-{0..1}.tar"),
                     folder.path("lines.jsonl")}),
              IsEmpty());
}

TEST_F(ShardHeadsTest, EveryFileThatIsNotThereIsNamed) {
  EXPECT_THAT(
      wrong({folder.path("b.tar"), folder.path("a-{0..2}.tar"), folder.path("c-*.tar"),
             "@" + folder.path("list.txt")}),
      ElementsAre(HasSubstr("/data/d/shards/val/0: The shard " + folder.path("b.tar") +
                            " cannot be opened (No such file or directory). Check the path"),
                  HasSubstr("/data/d/shards/val/1: there is no " + folder.path("a-2.tar")),
                  HasSubstr("/data/d/shards/val/2: the pattern c-*.tar in "),
                  HasSubstr("/data/d/shards/val/3: the list " + folder.path("list.txt"))));
  EXPECT_THAT(exits, testing::Each(Exit::no_input));
}

TEST_F(ShardHeadsTest, WhatIsNoShardIsNamed) {
  EXPECT_THAT(
      wrong({folder.path("text.tar"), folder.path("noise.tar"), folder.path("empty.tar"),
             folder.path("zeros.tar")}),
      ElementsAre(HasSubstr("text.tar is a text, not a tar. Texts are read line by line"),
                  HasSubstr("noise.tar is not a tar file. Copy it again"),
                  HasSubstr("empty.tar is empty."), HasSubstr("zeros.tar holds no sample.")));
  EXPECT_THAT(exits, testing::Each(Exit::bad_data));
}

TEST_F(ShardHeadsTest, FoldersAndTables) {
  std::filesystem::create_directories(folder.path("pets/cat"));
  std::filesystem::create_directories(folder.path("none"));
  test::write_file(folder.path("t.csv"), "a,b\n");
  EXPECT_THAT(wrong({folder.path("pets"), folder.path("t.csv"), folder.path("none")}),
              ElementsAre(HasSubstr("/data/d/shards/val/2: The shard " + folder.path("none") +
                                    " is an empty folder. Put its files there, or name another.")));
}

TEST_F(ShardHeadsTest, CompressedShardsAreKnownByTheirFirstBytes) {
  const std::vector<std::string> magics = {"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\x5a\x2a\x4d\x18"};
  for (const std::string& magic : magics) {
    test::write_file(folder.path("c.tar"), magic + std::string(100, 'x'));
    EXPECT_THAT(wrong({folder.path("c.tar")}), IsEmpty());
  }
}

/// GNU tar's `--format=v7` has no "ustar", and old writers summed signed bytes.
TEST_F(ShardHeadsTest, TheChecksumMakesATar) {
  std::string tar = test::read_file(folder.path("a-0.tar"));
  tar[0] = '\xe4';  // in the name: the checksum is wrong now
  test::write_file(folder.path("c.tar"), tar);
  EXPECT_THAT(wrong({folder.path("c.tar")}),
              ElementsAre(HasSubstr("is damaged in its first header")));
}

TEST_F(ShardHeadsTest, NothingIsStartedAndNothingWaits) {
  const std::string made = folder.path("made");
  ASSERT_EQ(::mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(wrong({"pipe:touch " + made, "-", folder.path("fifo")}),
              ElementsAre(HasSubstr("/data/d/shards/val/2: ")));
  EXPECT_FALSE(std::filesystem::exists(made));
}

}  // namespace
}  // namespace weft::host
