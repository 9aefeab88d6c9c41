// SPDX-License-Identifier: Apache-2.0
/// Files that were named as shards and are none: what they are is said, and what to do.

#include "host/data/storage/foreign_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "host/base/text.hpp"
#include "host/data/storage/plain_text.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ForeignFileTest : public testing::Test {
 protected:
  std::string complaint(const std::string& name, Exit exit) const {
    const std::string path = folder.path(name);
    const auto [found, sentence] = test::error_of([&] { read_shard(path); });
    EXPECT_EQ(found, exit) << sentence;
    const std::string head = "The shard " + path + " ";
    EXPECT_THAT(sentence, StartsWith(head));
    return sentence.substr(std::min(sentence.size(), head.size()));
  }

  std::string complaint_of(const std::string& name, const std::string& bytes) const {
    test::write_file(folder.path(name), bytes);
    return complaint(name, Exit::bad_data);
  }

  /// A gzip of these bytes.
  std::string gzip(const std::string& bytes) const {
    test::write_gzip(folder.path("z"), bytes);
    return test::read_file(folder.path("z"));
  }

  test::Folder folder;
};

// The first bytes are those of each format's specification, or what its own tool writes.
TEST_F(ForeignFileTest, OtherFormatsAreNamed) {
  using namespace std::string_literals;
  const std::string rest(600, '\x01');
  const std::pair<std::string, const char*> files[] = {
      {"BZh91AY&SY"s, "is compressed by bzip2, which is not read. Decompress it, or "},
      {"\xfd"
       "7zXZ\0\0"s,
       "is compressed by xz, which is not read. Decompress it, or "},
      {"PK\x03\x04\x14"s,
       "is a ZIP archive, not a tar. Unpack it, and make shards of the folder: `weft data pack "},
      {"7z\xbc\xaf\x27\x1c"s, "is a 7z archive, not a tar. Unpack it"},
      {"\x89PNG\r\n\x1a\n"s, "is a PNG, not a tar. A shard is a tar of files KEY.ext: "},
      {"\xff\xd8\xff\xe0"s, "is a JPEG, not a tar. A shard is a tar of files KEY.ext"},
      {"RIFF\x24\0\0\0WAVEfmt "s, "is a WAV file, not a tar. A shard"},
      {"\0\0\0\x20"
       "ftypisom"s,
       "is an MP4 or M4A, not a tar. A shard"},
      {"PAR1\x15"s, "is a Parquet table, not a tar. Write its rows as lines of JSON"},
      {"version https://git-lfs.github.com/spec/v1\n"s,
       "is a pointer of Git LFS, not the file itself. Fetch the file: `git lfs pull`."},
      {"<!DOCTYPE html><html>"s, "is a web page, not a tar. Download the shard again"}};
  for (const auto& [head, sentence] : files) {
    EXPECT_THAT(complaint_of("a.tar", head + rest), StartsWith(sentence));
  }
}

TEST_F(ForeignFileTest, TextsAreNamed) {
  EXPECT_THAT(complaint_of("a.json", " [{\"a\": 1}]"),
              StartsWith("is a JSON text, not a tar. Lines of JSON are read from files"));
  EXPECT_THAT(complaint_of("b.md", "caffeine,BM\n1,2\n"), StartsWith("is a text, not a tar."));
  EXPECT_THAT(complaint_of("a.md", "Some words.\n"), StartsWith("is a text, not a tar. Texts are"));
}

TEST_F(ForeignFileTest, WhatIsCompressedIsLookedInto) {
  test::write_tar(folder.path("a.tar"), {{"a.txt", "one"}});
  const std::string whole = gzip(test::read_file(folder.path("a.tar")));
  EXPECT_EQ(complaint_of("a.tar.gz", whole.substr(0, 30)),
            "is compressed by gzip, and cut off or damaged. Copy it again from its source, or make "
            "it anew.");
  EXPECT_THAT(complaint_of("a.csv.gz", gzip("a,b\n1,2\n")),
              StartsWith("is compressed by gzip; what it holds is a table (CSV), not a tar. "
                         "Decompress it. Tables are read from files"));
  EXPECT_THAT(complaint_of("a.gz", gzip(std::string(3000, '\x01'))),
              StartsWith("is compressed by gzip; what it holds is not a tar. Copy"));
}

TEST_F(ForeignFileTest, ADamagedTarIsStillOne) {
  test::write_tar(folder.path("a.tar"), {{"a.txt", "one"}});
  std::string bytes = test::read_file(folder.path("a.tar"));
  bytes[0] = static_cast<char>(bytes[0] ^ 1);
  EXPECT_THAT(complaint_of("a.tar", bytes), StartsWith("is damaged in its first header. Copy"));
  EXPECT_THAT(complaint_of("a.tar", std::string(600, '\x01')),
              StartsWith("is not a tar file. Copy"));
}

TEST_F(ForeignFileTest, OnlyFilesAreOpened) {
  ASSERT_EQ(::mkfifo(folder.path("p.tar").c_str(), 0600), 0);
  EXPECT_EQ(complaint("p.tar", Exit::no_input),
            "is a named pipe, not a file. Check the path under data/shards.");
  std::filesystem::create_symlink("/dev/zero", folder.path("z.tar"));
  EXPECT_EQ(complaint("z.tar", Exit::no_input),
            "is a device, not a file. Check the path under data/shards.");
  for (const char* name : {"p.txt", "p.jsonl"}) {
    ASSERT_EQ(::mkfifo(folder.path(name).c_str(), 0600), 0);
    EXPECT_THAT(test::error_of([&] { read_shard(folder.path(name)); }).second,
                HasSubstr(" is a named pipe, not a file."));
  }
}

TEST(HasEnding, IsTheSameInUpperAndLowerCase) {
  EXPECT_TRUE(has_ending("A.JSONL", ".jsonl"));
  EXPECT_TRUE(has_ending("a.jsonl", ".jsonl"));
  EXPECT_FALSE(has_ending("jsonl", ".jsonl"));
  EXPECT_FALSE(has_ending("a.jsonl.gz", ".jsonl"));
}

}  // namespace
}  // namespace weft::host
