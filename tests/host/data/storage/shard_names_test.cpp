// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/shard_names.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::Folder;
using test::write_file;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class SourceTest : public testing::Test {
 protected:
  /// Makes empty files, with their folders.
  void make(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      std::filesystem::create_directories(std::filesystem::path(folder.path(name)).parent_path());
      write_file(folder.path(name), "");
    }
  }

  std::string entry(const std::string& text) const {
    return text.starts_with('@') ? "@" + folder.path(text.substr(1)) : folder.path(text);
  }

  /// The files of one entry, without the test's folder.
  std::vector<std::string> files(const std::string& text) const {
    std::vector<std::string> names;
    for (const std::string& file : shard_files({entry(text)}, "/data/d/shards/train")) {
      names.push_back(file.substr(folder.path("").size()));
    }
    return names;
  }

  /// The sentence of one entry, with DIR for the test's folder.
  std::string complaint(const std::string& text, Exit exit) const {
    auto [found, sentence] = test::error_of([&] { files(text); });
    EXPECT_EQ(found, exit) << sentence;
    const std::string path = folder.path("x");
    const std::string dir = path.substr(0, path.size() - 2);
    for (std::size_t at = 0; (at = sentence.find(dir)) != std::string::npos;) {
      sentence.replace(at, dir.size(), "DIR");
    }
    return sentence;
  }

  Folder folder;
};

TEST_F(SourceTest, APlainPathStaysAsItIsWhetherItIsThereOrNot) {
  EXPECT_THAT(files("a.tar"), ElementsAre("a.tar"));
  EXPECT_TRUE(shard_files({}, "/p").empty());
}

TEST_F(SourceTest, APatternGivesItsMatchesInByteOrderWithoutHiddenFilesAndFolders) {
  make({"d/b.tar", "d/B.tar", "d/a10.tar", "d/a2.tar", "d/.a.tar", "d/a.txt"});
  std::filesystem::create_directory(folder.path("d/folder.tar"));
  EXPECT_THAT(files("d/*.tar"), ElementsAre("d/B.tar", "d/a10.tar", "d/a2.tar", "d/b.tar"));
  EXPECT_THAT(files("d/a[0-9].tar"), ElementsAre("d/a2.tar"));
  EXPECT_THAT(files("d/?.tar"), ElementsAre("d/B.tar", "d/b.tar"));
}

TEST_F(SourceTest, APatternOfFoldersPassesOverThoseThatLackTheRest) {
  make({"b/x.tar", "a/x.tar", "a/y.tar", "c/z.txt", "d.txt"});
  EXPECT_THAT(files("*/x.tar"), ElementsAre("a/x.tar", "b/x.tar"));
  EXPECT_THAT(files("*/*.tar"), ElementsAre("a/x.tar", "a/y.tar", "b/x.tar"));
}

TEST_F(SourceTest, RangesCountUpAndTheLeftmostChangesSlowest) {
  make({"s-8.tar", "s-9.tar", "s-10.tar"});
  EXPECT_THAT(files("s-{8..10}.tar"), ElementsAre("s-8.tar", "s-9.tar", "s-10.tar"));
  make({"1/00.tar", "1/01.tar", "2/00.tar", "2/01.tar"});
  EXPECT_THAT(files("{1..2}/{00..1}.tar"),
              ElementsAre("1/00.tar", "1/01.tar", "2/00.tar", "2/01.tar"));
  EXPECT_THAT(files("{2..2}/*{0..1}.tar"), ElementsAre("2/00.tar", "2/01.tar"));
}

TEST_F(SourceTest, WhatIsThereAsWrittenIsTakenAsItIs) {
  make({"a*.tar", "ab.tar", "{1..2}.tar", "[x]/1.tar", "[x]/2.tar", "x/3.tar"});
  EXPECT_THAT(files("a*.tar"), ElementsAre("a*.tar"));
  EXPECT_THAT(files("{1..2}.tar"), ElementsAre("{1..2}.tar"));
  EXPECT_THAT(files("[x]/*.tar"), ElementsAre("[x]/1.tar", "[x]/2.tar"));
}

TEST_F(SourceTest, AListHasOnePathALineRelativeToItself) {
  make({"lists/b.tar", "a-1.tar", "a-2.tar"});
  write_file(folder.path("lists/l.txt"),
             "# shards\nb.tar\r\n\n../a-{1..2}.tar\n" + folder.path("a-1.tar") + "\nb.*");
  EXPECT_THAT(files("@lists/l.txt"),
              ElementsAre("lists/b.tar", "a-1.tar", "a-2.tar", "a-1.tar", "lists/b.tar"));
}

TEST_F(SourceTest, EntriesFollowEachOther) {
  make({"a.tar", "b1.tar", "b2.tar"});
  EXPECT_THAT(shard_files({entry("b*.tar"), entry("a.tar")}, "/p"),
              ElementsAre(EndsWith("/b1.tar"), EndsWith("/b2.tar"), EndsWith("/a.tar")));
}

TEST_F(SourceTest, APatternWithoutAMatch) {
  make({"d/a.txt"});
  EXPECT_EQ(complaint("d/*.tar", Exit::no_input),
            "/data/d/shards/train/0: the pattern *.tar in DIR/d matches no file. "
            "Correct the pattern, or put the shards there.");
  EXPECT_EQ(complaint("*/x/a.tar", Exit::no_input),
            "/data/d/shards/train/0: the pattern * in DIR matches no file with x/a.tar below it. "
            "Correct the pattern, or put the shards there.");
  EXPECT_EQ(complaint("none/*.tar", Exit::no_input),
            "/data/d/shards/train/0: the pattern *.tar in DIR/none matches no file. "
            "Correct the pattern, or put the shards there.");
}

TEST_F(SourceTest, ARangeWithAFileThatIsNotThere) {
  make({"s-0.tar", "s-2.tar"});
  EXPECT_EQ(complaint("s-{0..2}.tar", Exit::no_input),
            "/data/d/shards/train/0: there is no DIR/s-1.tar, which DIR/s-{0..2}.tar names. "
            "Correct the range, or put the file there.");
}

TEST_F(SourceTest, AnEmptyRangeAndBracesThatAreNone) {
  EXPECT_EQ(complaint("s-{5..3}.tar", Exit::bad_recipe),
            "/data/d/shards/train/0: the range {5..3} in DIR/s-{5..3}.tar is empty. "
            "Write the lower number first: {3..5}.");
  for (const char* braces : {"{a,b}", "{1..}", "{..2}", "{1..2", "{}", "{-1..2}", "{1..2..3}"}) {
    const std::string text = std::string("s") + braces + ".tar";
    EXPECT_THAT(complaint(text, Exit::bad_recipe),
                HasSubstr(" is no range of numbers. Write one such as {000..127}."))
        << braces;
  }
  EXPECT_EQ(complaint("s{0..4000000000}.tar", Exit::bad_recipe),
            "/data/d/shards/train/0: the range {0..4000000000} in DIR/s{0..4000000000}.tar names "
            "more than 1000000 files. Name fewer and larger shards.");
}

/// A recipe is anyone's text: what it names must not cost time or memory without end.
TEST_F(SourceTest, NamesAreBounded) {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  EXPECT_THAT(complaint(repeated("{1..1}", 20'000), Exit::bad_recipe),
              HasSubstr(" bytes; at most 4096 are taken. Write a shorter one."));
  EXPECT_THAT(complaint(repeated("a/", 100'000) + "*.tar", Exit::bad_recipe),
              HasSubstr(" bytes; at most 4096 are taken. Write a shorter one."));
  const auto refused = [](const std::string& entry) {
    const auto [exit, sentence] = test::error_of([&] { shard_files({entry}, "/x"); });
    EXPECT_EQ(exit, Exit::bad_recipe) << sentence;
    return sentence;
  };
  EXPECT_EQ(refused("pipe:" + repeated("x", 1 << 17)),
            "/x/0: it has 131077 bytes; at most 131072 are taken. Write a shorter one.");
  EXPECT_EQ(refused("pipe:" + repeated("{1..1}", 17)),
            "/x/0: it has more than 16 ranges. Use fewer, or name several commands.");
  EXPECT_EQ(refused("pipe:{" + repeated("0", 100'000) + "..999}"),
            "/x/0: its names have more than 67108864 bytes. Name fewer and larger shards.");
  const std::string braces = "pipe:" + repeated("{", 100'000) + "{a..b}{..1}";
  EXPECT_EQ(shard_files({braces}, "/x"), std::vector<std::string>{braces});
}

TEST_F(SourceTest, AListWithAFileThatIsNotThereNothingOrAnotherList) {
  make({"a.tar"});
  write_file(folder.path("l.txt"), "a.tar\nb.tar\n");
  EXPECT_EQ(complaint("@l.txt", Exit::no_input),
            "/data/d/shards/train/0, line 2 of DIR/l.txt: there is no DIR/b.tar. "
            "Correct the line, or put the file there. Paths are relative to the list.");
  write_file(folder.path("l.txt"), "a.tar\n*.zip\n");
  EXPECT_EQ(complaint("@l.txt", Exit::no_input),
            "/data/d/shards/train/0, line 2 of DIR/l.txt: the pattern *.zip in DIR matches no "
            "file. Correct the pattern, or put the shards there.");
  write_file(folder.path("l.txt"), "# nothing\n\n");
  EXPECT_EQ(complaint("@l.txt", Exit::no_input),
            "/data/d/shards/train/0: the list DIR/l.txt names nothing. "
            "Write one path a line into it.");
  write_file(folder.path("l.txt"), "@l.txt\n");
  EXPECT_EQ(complaint("@l.txt", Exit::bad_recipe),
            "/data/d/shards/train/0, line 1 of DIR/l.txt: \"@l.txt\" is a list in a list. "
            "Name shards in it, and further lists in the recipe.");
  EXPECT_EQ(complaint("@none.txt", Exit::no_input),
            "/data/d/shards/train/0: the list DIR/none.txt cannot be opened (No such file or "
            "directory). Write a text file with one path a line, relative to the list.");
}

TEST_F(SourceTest, AListOfAnySystem) {
  make({"a.tar", "b.tar"});
  write_file(folder.path("list.txt"),
             "\xef\xbb\xbf"
             "a.tar\r\n# c\r\n\r\nb.tar");
  EXPECT_THAT(files("@list.txt"), ElementsAre("a.tar", "b.tar"));
  write_file(folder.path("list.txt"), std::string("\xff\xfe"
                                                  "a\0",
                                                  4));
  EXPECT_EQ(complaint("@list.txt", Exit::no_input),
            "/data/d/shards/train/0: the list DIR/list.txt is in UTF-16, as its byte order mark "
            "says; only UTF-8 is read. Write a text file with one path a line, relative to the "
            "list.");
}

TEST_F(SourceTest, AListNamesFilesAlone) {
  for (const char* line : {"pipe:touch x", "-"}) {
    write_file(folder.path("list.txt"), line);
    EXPECT_EQ(complaint("@list.txt", Exit::bad_recipe),
              std::string("/data/d/shards/train/0, line 1 of DIR/list.txt: \"") + line +
                  "\" is no file. A list names files; name commands and standard input in the "
                  "recipe.");
  }
}

TEST_F(SourceTest, AListIsAFile) {
  ASSERT_EQ(::mkfifo(folder.path("list.txt").c_str(), 0600), 0);
  EXPECT_THAT(complaint("@list.txt", Exit::no_input),
              HasSubstr("the list DIR/list.txt is a named pipe, not a file. Write a text file"));
  EXPECT_THAT(test::error_of([&] { shard_files({"@/dev/zero"}, "/p"); }).second,
              HasSubstr("the list /dev/zero is a device, not a file."));
}

TEST(CommandPermission, IsTheUsers) {
  const std::string entry = "pipe:true";
  const std::string sentence =
      "Data d is read from a command: pipe:true. If you trust it, add --allow-commands.";
  for (const Commands commands : {Commands::refused, Commands::left_out}) {
    const CommandPermission permission("d", commands);
    EXPECT_EQ(test::error_of([&] { permission.require(entry); }), std::pair(Exit::usage, sentence));
  }
  EXPECT_EQ(
      test::error_of([&] { CommandPermission("d", Commands::refused).look_at(entry); }).second,
      sentence);
  CommandPermission("d", Commands::refused).look_at("a.tar");
  CommandPermission("d", Commands::left_out).look_at(entry);
  CommandPermission("d", Commands::run).require(entry);
}

}  // namespace
}  // namespace weft::host
