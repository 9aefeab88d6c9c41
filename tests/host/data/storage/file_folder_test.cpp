// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/file_folder.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "host/base/text.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::settle;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class FileFolderTest : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes = "x") {
    fs::create_directories(fs::path(folder.path("d/" + name)).parent_path());
    write_file(folder.path("d/" + name), bytes);
  }

  Shard read(Damage damage = Damage::refuse) { return read_shard(path, cache, damage); }

  std::vector<std::string> keys(const Shard& shard) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < shard.size(); ++i) keys.emplace_back(shard.key(i));
    return keys;
  }

  static std::string text(const Shard& shard, std::size_t sample, const std::string& member) {
    return std::string(text_of(shard.read(sample, member)));
  }

  std::string complaint(Exit expected = Exit::bad_data) {
    const auto [exit, sentence] = error_of([&] { read(); });
    EXPECT_EQ(exit, expected) << sentence;
    return sentence;
  }

  test::Folder folder;
  const std::string path = folder.path("d"), cache = folder.path("cache");
};

TEST_F(FileFolderTest, SubFoldersAreClasses) {
  put("dog/b.png", "B");
  put("dog/b.txt", "a dog");
  put("cat/cat.0.png", "C");
  put("cat/old/cat.1.png");
  put("README.md");
  put(".hidden/a.png");
  put("cat/.DS_Store");
  put("cat/Thumbs.db");
  const Shard shard = read();
  EXPECT_THAT(keys(shard), ElementsAre("cat/cat.0", "cat/old/cat.1", "dog/b"));
  EXPECT_THAT(shard.members(0), ElementsAre("cls", "png"));
  EXPECT_EQ(text(shard, 1, "cls"), "cat");
  EXPECT_EQ(text(shard, 2, "cls"), "dog");
  EXPECT_EQ(text(shard, 2, "png"), "B");
  EXPECT_EQ(text(shard, 2, "txt"), "a dog");
  EXPECT_EQ(shard.passed_over.count, 4);
}

TEST_F(FileFolderTest, AFolderOfFilesAloneIsReadAsATarIs) {
  put("a.fr.wav", "A");
  put("a.png");
  put("b/a.png");
  const Shard shard = read();
  EXPECT_THAT(keys(shard), ElementsAre("a", "b/a"));
  EXPECT_THAT(shard.members(0), ElementsAre("fr.wav", "png"));
  EXPECT_THAT(shard.members(1), ElementsAre("png"));
}

TEST_F(FileFolderTest, TheFingerprintIsThatOfNamesAndContents) {
  put("cat/a.png", "one");
  const std::string before = read().fingerprint;
  fs::create_directories(folder.path("e/cat"));
  write_file(folder.path("e/cat/a.png"), "one");
  settle(folder.path("e/cat/a.png"));
  EXPECT_EQ(read_shard(folder.path("e")).fingerprint, before);  // elsewhere, at another time
  put("cat/a.png", "two");
  EXPECT_NE(read().fingerprint, before);
  fs::rename(folder.path("e/cat"), folder.path("e/dog"));
  EXPECT_NE(read_shard(folder.path("e")).fingerprint, before);
}

TEST_F(FileFolderTest, WhatCannotBeRead) {
  EXPECT_THAT(complaint(Exit::no_input), HasSubstr("cannot be opened (No such file or directory)"));
  fs::create_directories(path);
  EXPECT_EQ(complaint(), path + " holds no sample. Name a folder with files KEY.ext.");
  put("README");
  EXPECT_EQ(complaint(), path +
                             " holds no sample: none of its 1 files is KEY.ext, e.g. README. "
                             "Name a folder with files KEY.ext.");
  put("cat/a.png");
  fs::create_directory(folder.path("d/dog"));
  EXPECT_EQ(complaint(), "The folder " + path +
                             "/dog holds no file KEY.ext. Put the files of its "
                             "class into it, or remove it.");
  fs::create_symlink("/etc/passwd", folder.path("d/dog/b.png"));
  EXPECT_EQ(complaint(), path +
                             " holds dog/b.png, which is a link or a device. Only files are "
                             "read: put the file in its place, or leave it out.");
  const Shard shard = read(Damage::set_aside);
  EXPECT_THAT(keys(shard), ElementsAre("cat/a"));
  ASSERT_EQ(shard.bad.size(), 1U);
  EXPECT_EQ(shard.bad[0].key, "dog/b.png");
}

TEST_F(FileFolderTest, PartsOfADataSetAreNoClasses) {
  put("train/cat/a.png");
  put("test/cat/b.png");
  EXPECT_THAT(complaint(), StartsWith("The folders test and train in " + path +
                                      " are parts of a data set, not classes. Name them"));
  put("bus/a.png");
  EXPECT_EQ(read().size(), 3U);
}

TEST_F(FileFolderTest, ATableNamesFilesAndTheirValues) {
  put("a.png", "A");
  put("in/b.jpg", "B");
  put("in/c.png");
  put("metadata.csv",
      "file_name,caption,age,note\nin/b.jpg,\"a cat,\nblack\",007,\na.png,a dog,1.5,x\n");
  const Shard shard = read();
  EXPECT_THAT(keys(shard), ElementsAre("in/b", "a"));
  EXPECT_EQ(shard.place(0), path + "/metadata.csv, sample in/b");
  EXPECT_EQ(text(shard, 0, "json"), R"({"age":"007","caption":"a cat,\nblack"})");
  EXPECT_EQ(text(shard, 0, "jpg"), "B");
  EXPECT_EQ(text(shard, 1, "json"), R"({"age":"1.5","caption":"a dog","note":"x"})");
  EXPECT_THAT(shard.passed_over.names, ElementsAre("in/c.png"));
  EXPECT_STREQ(shard.passed_over.reason, "not being named by the metadata");
}

TEST_F(FileFolderTest, LinesOfJsonDoToo) {
  put("a.png", "A");
  put("a.wav", "W");
  put("metadata.jsonl",
      "{\"file_name\": \"./a.png\", \"said_file_name\": \"a.wav\", \"age\": 3, \"b\": [1]}\n");
  for (const std::string& name : {path, path + "/metadata.jsonl"}) {
    const Shard shard = read_shard(name);
    EXPECT_THAT(keys(shard), ElementsAre("a"));
    EXPECT_THAT(shard.members(0), ElementsAre("json", "png", "said.wav"));
    EXPECT_EQ(text(shard, 0, "json"), R"({"age":3,"b":[1]})");
    EXPECT_EQ(text(shard, 0, "said.wav"), "W");
  }
  put("metadata.csv", "file_name\na.png\n");
  EXPECT_EQ(complaint(), "The folder " + path +
                             " holds metadata.csv and metadata.jsonl. Leave one of them there.");
}

TEST_F(FileFolderTest, MistakesOfMetadata) {
  put("a.png");
  put("plain");
  put("x.json");
  const auto wrong = [&](const std::string& row) {
    put("metadata.csv", "age,file_name\n1,a.png\n" + row);
    const std::string sentence = complaint();
    const std::string head =
        "The table " + path + "/metadata.csv, line 3, column 2 (\"file_name\"): ";
    EXPECT_THAT(sentence, StartsWith(head));
    return sentence.substr(std::min(head.size(), sentence.size()));
  };
  constexpr const char* k_below = ". Name a file below the table's folder, or leave the row out.";
  EXPECT_EQ(
      wrong("2,b.png\n"),
      std::string("the file \"b.png\" cannot be opened (No such file or directory)") + k_below);
  EXPECT_EQ(wrong("2,../secret.png\n"),
            std::string("the file \"../secret.png\" leads out of the folder") + k_below);
  EXPECT_EQ(wrong("2,\n"), "there is no file name. Name a file, or leave the row out.");
  EXPECT_EQ(wrong("2,./a.png\n"),
            "the file \"./a.png\" has the key \"a\", as line 2 has. Name each file once. Several "
            "texts for one file go into a list of a metadata.jsonl.");
  EXPECT_EQ(wrong("2,plain\n"),
            "the name of the file \"plain\" has no ending. Give it one that says "
            "what it holds, such as .png.");
  EXPECT_EQ(wrong("2,x.json\n"),
            "the file \"x.json\" would take the place of the row's values. "
            "Write its values as columns.");
  put("metadata.csv", "age,file_name\n\xe9,a.png\n");
  EXPECT_THAT(complaint(), HasSubstr("line 2, column 1 (\"age\"): the text is not UTF-8. Save"));
}

TEST_F(FileFolderTest, RowsThatAreSetAside) {
  put("a.png");
  put("metadata.csv", "file_name,age\nb.png,1\na.png,2\na.png\n");
  const Shard shard = read(Damage::set_aside);
  EXPECT_THAT(keys(shard), ElementsAre("a"));
  ASSERT_EQ(shard.bad.size(), 2U);
  EXPECT_EQ(shard.bad[0].key, "line 2");
  EXPECT_EQ(shard.bad[1].key, "line 4");
}

TEST_F(FileFolderTest, ATableWithoutFilesIsASampleARow) {
  put("t.tsv", "x\ty\n1\t\n\n2\tb\n");
  const Shard shard = read_shard(folder.path("d/t.tsv"));
  EXPECT_THAT(keys(shard), ElementsAre("2", "4"));
  EXPECT_EQ(text(shard, 0, "json"), R"({"x":"1"})");
  EXPECT_THAT(shard.members(0), ElementsAre("json"));
  put("t.csv", "x,y\n");
  EXPECT_THAT(error_of([&] { read_shard(folder.path("d/t.csv")); }).second,
              HasSubstr("holds no row but the names of its columns. Write one a sample."));
}

}  // namespace
}  // namespace weft::host
