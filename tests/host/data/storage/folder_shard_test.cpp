// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/base/text.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/fields/feature_cache.hpp"
#include "host/data/storage/shard.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::settle;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    fs::create_directories(folder.path("d/images"));
    write_file(folder.path("d/images/1.png"), "picture 1");
    write_file(folder.path("d/a.json"), R"({"number": 1})");
    write_file(folder.path("secret"), "secret");
  }

  Shard read(const std::string& lines) {
    write_file(path, lines);
    return read_shard(path, cache);
  }

  /// The sentence that follows `The index PATH, line N: `.
  std::string complaint(const std::string& lines, int line) {
    const auto [exit, sentence] = error_of([&] { read(lines); });
    EXPECT_EQ(exit, Exit::bad_data) << sentence;
    const std::string head = "The index " + path + ", line " + std::to_string(line) + ": ";
    EXPECT_THAT(sentence, StartsWith(head));
    return sentence.substr(std::min(sentence.size(), head.size()));
  }

  Folder folder;
  const std::string path = folder.path("d/index.jsonl"), cache = folder.path("cache");
};

TEST_F(FolderTest, EachLineIsASampleOfFilesTextsAndJson) {
  const Shard shard = read(
      R"({"key": "x", "png": "images/1.png", "txt": {"text": "in German: schön"}, "json": {"b": [1, 2]}})"
      "\r\n\n"
      R"({"key": "y", "png": "images/1.png", "json": "./a.json"})");
  EXPECT_EQ(shard.name, path);
  ASSERT_EQ(shard.size(), 2U);
  EXPECT_EQ(shard.place(1), path + ", sample y");
  const auto text = [&](std::size_t i, const char* member) {
    return std::string(text_of(shard.read(i, member)));
  };
  EXPECT_EQ(text(0, "png"), "picture 1");
  EXPECT_EQ(text(0, "txt"), "in German: schön");
  EXPECT_EQ(text(0, "json"), R"({"b":[1,2]})");
  EXPECT_EQ(text(1, "png"), "picture 1");
  EXPECT_EQ(text(1, "json"), R"({"number": 1})");
  EXPECT_EQ(shard.members(1).size(), 2U);
}

TEST_F(FolderTest, FingerprintFollowsTheIndexAndTheFiles) {
  const std::string line = R"({"key": "x", "png": "images/1.png"})";
  const std::string before = read(line).fingerprint;
  EXPECT_EQ(read(line).fingerprint, before);
  EXPECT_NE(read(R"({"key": "z", "png": "images/1.png"})").fingerprint, before);
  write_file(folder.path("d/images/1.png"), "picture 2");
  EXPECT_NE(read(line).fingerprint, before);
}

TEST_F(FolderTest, FilesThatHaveNotChangedAreNotReadAgain) {
  const std::string file = folder.path("d/images/1.png");
  const std::string line = R"({"key": "x", "png": "images/1.png"})";
  settle(file);
  const auto time = fs::last_write_time(file);
  const std::string before = read(line).fingerprint;
  write_file(file, "picture 2");
  fs::last_write_time(file, time);
  EXPECT_EQ(read(line).fingerprint, before) << "only a reader would notice";
  settle(file);
  EXPECT_NE(read(line).fingerprint, before);
}

TEST_F(FolderTest, AFileThatChangesLaterIsRefused) {
  const Shard shard = read(R"({"key": "x", "png": "images/1.png"})");
  write_file(folder.path("d/images/1.png"), "longer picture");
  EXPECT_EQ(error_of([&] { shard.read(0, "png"); }).second,
            "The file " + folder.path("d") +
                "/images/1.png has changed, though it was whole when the data was opened. Leave "
                "data as it is while a run reads it, and start again.");
  fs::remove(folder.path("d/images/1.png"));
  EXPECT_THAT(error_of([&] { shard.read(0, "png"); }).second,
              HasSubstr("/images/1.png cannot be opened (No such file or directory), though"));
}

TEST_F(FolderTest, NothingLeavesTheFolder) {
  fs::create_symlink(folder.path("secret"), folder.path("d/link.png"));
  fs::create_directory_symlink(folder.path(""), folder.path("d/up"));
  fs::create_directory_symlink(folder.path("d/images"), folder.path("d/inside"));
  const auto refusal = [&](const std::string& name) {
    return complaint(R"({"key": "x", "png": ")" + name + R"("})", 1);
  };
  const std::string remedy = ". Name a file below the index's folder, or leave the sample out.";
  for (const std::string& name :
       {std::string("../secret"), std::string("images/../../secret"), folder.path("secret"),
        std::string(".."), std::string("images/../images/1.png")}) {
    EXPECT_EQ(refusal(name),
              concat("the file \"", name, "\" of member png leads out of the folder", remedy));
  }
  EXPECT_EQ(refusal("link.png"),
            "the file \"link.png\" of member png is a link, which is not followed" + remedy);
  for (const char* name : {"up/secret", "inside/1.png", "a.json/x"}) {
    EXPECT_EQ(refusal(name), std::string("the file \"") + name +
                                 "\" of member png lies behind a link or a file, not in a folder" +
                                 remedy);
  }
  EXPECT_EQ(refusal(""), "the file \"\" of member png is no name of a file" + remedy);
  EXPECT_THAT(refusal("a\\u0000b"),
              HasSubstr("the file \"a\\u0000b\" of member png is no name of a file"));
  EXPECT_EQ(refusal("images"), "the file \"images\" of member png is a folder" + remedy);
  EXPECT_EQ(refusal("none.png"),
            "the file \"none.png\" of member png cannot be opened (No such "
            "file or directory)" +
                remedy);
  EXPECT_THAT(refusal("file:///etc/passwd"), HasSubstr("cannot be opened"));
}

TEST_F(FolderTest, AFileThatIsTooLargeIsNotRead) {
  fs::resize_file(folder.path("d/images/1.png"), k_largest_member + 1);
  EXPECT_EQ(complaint(R"({"key": "x", "png": "images/1.png"})", 1),
            "the file \"images/1.png\" of member png has 268435457 bytes; at most 268435456 are "
            "read. Name a file below the index's folder, or leave the sample out.");
}

TEST_F(FolderTest, LinesThatAreNoSamples) {
  const std::string good = R"({"key": "x", "txt": {"text": "t"}})"
                           "\n";
  for (const std::string& bad :
       {std::string("{"), std::string("\xff"), std::string(100000, '['), std::string("{} {}")}) {
    EXPECT_THAT(complaint(good + bad, 2), StartsWith("it is not usable JSON ("));
  }
  EXPECT_EQ(complaint(good + "[1]", 2),
            "it is not usable JSON (it is not an object). Correct the line.");
  EXPECT_EQ(complaint(R"({"key": "x", "txt": {"text": "a"}, "txt": {"text": "b"}})", 1),
            "it is not usable JSON (the key \"txt\" is given twice). Correct the line.");
  for (const char* line : {R"({"txt": "a"})", R"({"key": 3})", R"({"key": ""})"}) {
    EXPECT_EQ(complaint(good + line, 2),
              "there is no key. Give every sample a \"key\" of its own, a text.");
  }
  EXPECT_EQ(complaint(good + "\n" + good, 3),
            "the key \"x\" stands in an earlier line too. Give every sample a key of its own.");
  EXPECT_EQ(complaint(R"({"key": "x"})", 1),
            "the sample has no member. Name its files, or leave it out.");
  for (const char* value : {"3", "null", "[]", "{}", R"({"text":3})", R"({"a":"b","text":"a"})"}) {
    EXPECT_EQ(complaint(std::string(R"({"key": "x", "txt": )") + value + "}", 1),
              std::string("the member txt is ") + value +
                  ", neither a file's name nor a text. Write the name of a file below the index's "
                  "folder, {\"text\": \"…\"}, or for the member json an object.");
  }
}

TEST_F(FolderTest, AnIndexThatIsMissingOrEmpty) {
  EXPECT_EQ(error_of([&] { read_shard(path); }),
            std::pair(Exit::no_input, "The index " + path +
                                          " cannot be opened (No such file or directory). Check "
                                          "the path."));
  EXPECT_EQ(error_of([&] { read("\n \n"); }),
            std::pair(Exit::bad_data, "The index " + path +
                                          " holds no sample. Write one JSON object a line, with "
                                          "a key and members."));
}

TEST_F(FolderTest, WithoutAKeyInItsFirstLineItIsATextOfWhichEachLineIsJson) {
  const Shard shard = read("{\"question\": \"Why?\"}\r\n\n  \nno JSON\n{\"key\": 1}");
  ASSERT_EQ(shard.size(), 3U);
  EXPECT_EQ(shard.place(1), path + ", sample 4") << "the key is the line's number";
  EXPECT_THAT(shard.members(0), ElementsAre("json"));
  EXPECT_EQ(text_of(shard.read(0, "json")), "{\"question\": \"Why?\"}");
  EXPECT_EQ(text_of(shard.read(1, "json")), "no JSON") << "whoever needs it finds that out";
  EXPECT_EQ(text_of(shard.read(2, "json")), "{\"key\": 1}") << "the last line has no end";
  EXPECT_NE(read("{\"question\": \"Who?\"}").fingerprint, shard.fingerprint);
}

TEST_F(FolderTest, ADamagedFirstLineDoesNotMakeATextAnIndex) {
  const Shard shard = read("{\"question\": \"\\ud800\"}\n[1]\n{\"question\": \"Why?\"}\n");
  ASSERT_EQ(shard.size(), 3U);
  EXPECT_THAT(shard.members(0), ElementsAre("json"));
  write_file(path, "{\n \"question\": \"Why?\"\n}\n");
  for (const Damage damage : {Damage::refuse, Damage::set_aside}) {
    EXPECT_THAT(error_of([&] { read_shard(path, "", damage); }).second,
                testing::StartsWith("The index " + path + ", line 1: it is not usable JSON ("));
  }
}

TEST_F(FolderTest, TextsAreReadLineByLineOverTheEndsOfPieces) {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += std::string(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26)) + "\n";
  const std::string file = folder.path("poem.txt");
  write_file(file, text);
  const Shard shard = read_shard(file);
  ASSERT_EQ(shard.size(), 39U) << "all but the empty one";
  for (std::size_t i = 0; i < shard.size(); ++i) {
    EXPECT_EQ(shard.key(i), std::to_string(i + 2));
    EXPECT_EQ(text_of(shard.read(i, "txt")),
              std::string((i + 1) * 997, static_cast<char>('a' + (i + 1) % 26)));
  }
  write_file(file, "\n \n");
  EXPECT_EQ(error_of([&] { read_shard(file); }),
            std::pair(Exit::bad_data, "The text " + file + " holds no line. Name another file."));
}

TEST_F(FolderTest, FaultyLinesMayBeSetAside) {
  write_file(path, R"({"key": "x", "png": "images/1.png"}
{"key": "y", "png": "images/2.png"}
{"key": "x", "txt": {"text": "again"}}
nonsense
{"key": "z", "txt": {"text": "good"}})");
  const Shard shard = read_shard(path, cache, Damage::set_aside);
  ASSERT_EQ(shard.size(), 2U);
  EXPECT_EQ(shard.key(1), "z");
  ASSERT_EQ(shard.bad.size(), 3U);
  EXPECT_EQ(shard.bad[0].shard, path);
  EXPECT_EQ(shard.bad[0].key, "line 2");
  EXPECT_THAT(shard.bad[0].reason,
              StartsWith("The index " + path + ", line 2: the file \"images/2.png\""));
  EXPECT_EQ(shard.bad[2].key, "line 4");
}

TEST_F(FolderTest, EachMayBeAListInAList) {
  const Shard shard = read(R"({"q": [[{"s": 1}, {"s": 2}], "other"]})");
  DataOptions options;
  options.each = "/q/0";
  std::vector<std::string> found;
  for_each_example(shard, 0, options, {"/s", "/q/1"},
                   [&](std::uint32_t, const Example& example, bool) {
                     found.push_back(example.values.at("/s") + example.values.at("/q/1"));
                   });
  EXPECT_THAT(found, ElementsAre("1other", "2other")) << "what stands beside the list stays there";
}

}  // namespace
}  // namespace weft::host
