// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/shard.hpp"

#include <gmock/gmock.h>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::write_file;
using test::write_tar;
using testing::EndsWith;

class ShardTest : public testing::Test {
 protected:
  static std::string complaint_about(const std::string& file, Exit exit) {
    const auto [found, sentence] = error_of([&] { read_shard(file); });
    EXPECT_EQ(found, exit) << sentence;
    const std::string head = "The shard " + file + " ";
    EXPECT_TRUE(sentence.starts_with(head)) << sentence;
    return sentence.substr(std::min(sentence.size(), head.size()));
  }

  /// The sentence that follows `The shard PATH `. What is wrong with a tar is wrong with it
  /// compressed as well.
  std::string complaint(Exit exit) {
    std::string found = complaint_about(path, exit);
    if (std::filesystem::is_regular_file(path)) {
      const std::string compressed = folder.path("a.tar.gz");
      test::write_gzip(compressed, test::read_file(path));
      EXPECT_EQ(complaint_about(compressed, exit), found);
    }
    return found;
  }

  /// One member of one byte; at places of its header other bytes, and a checksum that holds.
  void write_patched(const std::map<std::size_t, std::string>& patches) {
    write_tar(path, {{"a.txt", "1"}});
    std::string bytes = test::read_file(path);
    for (const auto& [at, patch] : patches) bytes.replace(at, patch.size(), patch);
    test::mend_header(bytes);
    write_file(path, bytes);
  }

  Folder folder;
  const std::string path = folder.path("a.tar");
};

constexpr const char* k_remedy = ". Copy it again from its source, or make it anew.";

TEST_F(ShardTest, GroupsMembersByTheNameUpToTheFirstDotAfterTheLastSlash) {
  write_tar(path, {{"v1.0/", ""},
                   {"v1.0/x.png", "picture"},
                   {"v1.0/y.txt", "other"},
                   {"v1.0/x.flow.png", "flow"},
                   {"../x.png", "escape"}});
  const Shard shard = read_shard(path);
  EXPECT_EQ(shard.name, path);
  ASSERT_EQ(shard.size(), 3U);
  EXPECT_EQ(shard.key(0), "v1.0/x");
  EXPECT_EQ(text_of(shard.read(0, "png")), "picture");
  EXPECT_EQ(text_of(shard.read(0, "flow.png")), "flow");
  EXPECT_EQ(shard.key(1), "v1.0/y");
  EXPECT_EQ(shard.key(2), "../x");
  EXPECT_EQ(shard.place(1), path + ", sample v1.0/y");
}

TEST_F(ShardTest, FingerprintChangesWithAnyByteOfTheFile) {
  write_tar(path, {{"a.txt", "one"}});
  const std::string before = read_shard(path).fingerprint;
  EXPECT_EQ(read_shard(path).fingerprint, before);
  EXPECT_EQ(before.size(), 32U);
  write_tar(path, {{"a.txt", "two"}});
  EXPECT_NE(read_shard(path).fingerprint, before);
}

TEST_F(ShardTest, MissingFile) {
  EXPECT_EQ(complaint(Exit::no_input),
            "cannot be opened (No such file or directory). Check the path under data/shards.");
}

TEST_F(ShardTest, NotATarFile) {
  write_file(path, std::string(3000, '\1'));
  EXPECT_EQ(complaint_about(path, Exit::bad_data), std::string("is not a tar file") + k_remedy);
  const std::string compressed = folder.path("a.tar.gz");
  test::write_gzip(compressed, test::read_file(path));
  EXPECT_EQ(complaint_about(compressed, Exit::bad_data),
            std::string("is compressed by gzip; what it holds is not a tar") + k_remedy);
}

TEST_F(ShardTest, EmptyFileAndEmptyTar) {
  write_file(path, "");
  EXPECT_EQ(complaint_about(path, Exit::bad_data), std::string("is empty") + k_remedy);
  write_tar(path, {});
  EXPECT_EQ(complaint(Exit::bad_data), std::string("holds no sample") + k_remedy);
}

TEST_F(ShardTest, OfSeveralMembersTheFirstThatTheSampleHasCounts) {
  write_tar(path,
            {{"a.jpeg", "1"}, {"a.txt", "t"}, {"b.png", "2"}, {"b.jpeg", "3"}, {"c.txt", "t"}});
  const Shard shard = read_shard(path);
  EXPECT_EQ(shard.chosen(0, "jpg;png;jpeg"), "jpeg");
  EXPECT_EQ(shard.chosen(1, "jpg;png;jpeg"), "png");
  EXPECT_EQ(shard.chosen(2, "jpg;png"), "jpg;png");
  EXPECT_TRUE(shard.has_any(1, "jpg;png"));
  EXPECT_FALSE(shard.has_any(2, "jpg;png"));
  EXPECT_THAT(error_of([&] { shard.read(2, "jpg;png"); }).second,
              EndsWith("sample c: there is no member jpg;png; it has txt. Correct the data, or "
                       "name another member."));
}

TEST_F(ShardTest, AMembersNameIsTakenAsItIs) {
  write_tar(path, {{"a.txt", "1"}, {"a.txt;v2", "22"}});
  const Shard shard = read_shard(path);
  EXPECT_EQ(text_of(shard.read(0, "txt;v2")), "22");
  write_tar(path, {{"a.txt;v2", "1"}, {"a.txt;v2", "2"}});
  EXPECT_EQ(complaint(Exit::bad_data), std::string("holds a.txt;v2 twice") + k_remedy);
}

TEST_F(ShardTest, LinksAreRefused) {
  write_tar(path, {{"a.txt -> /etc/passwd", ""}});
  EXPECT_EQ(
      complaint(Exit::bad_data),
      std::string("holds a.txt, which is a link or a device; only files are read") + k_remedy);
}

TEST_F(ShardTest, AMemberTwiceIsRefused) {
  write_tar(path, {{"a.txt", "1"}, {"a.txt", "2"}});
  EXPECT_EQ(complaint(Exit::bad_data), std::string("holds a.txt twice") + k_remedy);
}

TEST_F(ShardTest, AMemberThatClaimsTooMuchIsRefusedBeforeMemoryIsAskedFor) {
  write_patched({{124, "77777777777 "}});  // 8 GiB - 1, in octal
  EXPECT_EQ(complaint(Exit::bad_data),
            std::string("holds a.txt of 8589934591 bytes; at most 268435456 are read") + k_remedy);
  // The size that GNU writes for sparse files is taken from other files as well.
  write_patched({{257, std::string("ustar  \0", 8)}, {483, std::string(12, '\xff')}});
  EXPECT_EQ(complaint(Exit::bad_data),
            std::string("holds a.txt of -1 bytes; at most 268435456 are read") + k_remedy);
}

TEST_F(ShardTest, WhatTheFileLacksIsNotFilledWithZeros) {
  write_patched({{257, std::string("ustar  \0", 8)}, {483, "00000001000"}});
  EXPECT_EQ(complaint(Exit::bad_data),
            std::string("is cut off or damaged inside a.txt") + k_remedy);
}

TEST_F(ShardTest, SparseFilesAreRefused) {
  // GNU's old format: 1 byte at the end of 128 MiB.
  write_patched({{156, "S"},
                 {257, std::string("ustar  \0", 8)},
                 {386, std::string("00777777777\0"
                                   "00000000001\0",
                                   24)},
                 {482, std::string("\0"
                                   "01000000000\0",
                                   13)}});
  EXPECT_EQ(
      complaint(Exit::bad_data),
      std::string("holds a.txt, which is a sparse file; only whole files are read") + k_remedy);
}

TEST_F(ShardTest, EveryTruncationIsNoticed) {
  // Zeros at the end of a member must not be taken for the closing blocks.
  write_tar(path, {{"a.txt", std::string(700, 'a')}, {"b.txt", std::string(3000, '\0')}});
  const std::string whole = test::read_file(path);
  ASSERT_EQ(whole.size(), 512U + 1024 + 512 + 3072 + 1024);
  for (std::size_t size = 0; size < whole.size() - 512; size += 64) {
    write_file(path, whole.substr(0, size));
    EXPECT_EQ(error_of([&] { read_shard(path); }).first, Exit::bad_data) << size;
  }
  write_file(path, whole.substr(0, 600));
  EXPECT_EQ(complaint(Exit::bad_data),
            std::string("is cut off or damaged inside a.txt") + k_remedy);
  write_file(path, whole.substr(0, 512 + 1024));
  EXPECT_EQ(complaint(Exit::bad_data), std::string("is cut off after sample a") + k_remedy);
}

}  // namespace
}  // namespace weft::host
