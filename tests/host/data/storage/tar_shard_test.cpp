// SPDX-License-Identifier: Apache-2.0
/// Compressed shards, and the index of plain ones; shard_test.cpp has what all shards promise.

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <fstream>

#include "host/base/text.hpp"
#include "host/data/storage/index_cache.hpp"
#include "host/data/storage/shard.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::Members;
using test::read_file;
using test::settle;
using test::write_file;
using test::write_gzip;
using test::write_tar;
using testing::ElementsAre;

const std::string k_remedy = ". Copy it again from its source, or make it anew.";

/// Members of odd sizes, a folder, an empty one, and a name that needs headers of its own.
Members several() {
  return {{"f/", ""},
          {"f/a.txt", std::string(700, 'a')},
          {"f/" + std::string(300, 'n') + ".txt", "long name"},
          {"f/b.txt", ""},
          {"f/b.json", std::string(512, 'b')},
          {"f/a.png", "picture"}};
}

/// Every member, as `KEY.MEMBER=bytes`.
std::vector<std::string> contents(const Shard& shard) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < shard.size(); ++i) {
    for (const std::string& name : shard.members(i)) {
      all.push_back(concat(shard.key(i), ".", name, "=", text_of(shard.read(i, name))));
    }
  }
  return all;
}

class TarTest : public testing::Test {
 protected:
  std::string complaint(const std::string& file, Exit exit = Exit::bad_data) {
    const auto [found, sentence] = error_of([&] { contents(read_shard(file, cache)); });
    EXPECT_EQ(found, exit) << sentence;
    const std::string head = "The shard " + file + " ";
    EXPECT_TRUE(sentence.starts_with(head)) << sentence;
    return sentence.substr(std::min(sentence.size(), head.size()));
  }

  Folder folder;
  const std::string path = folder.path("a.tar"), cache = folder.path("cache");
};

TEST_F(TarTest, MembersAreReadFromTheirPlaces) {
  write_tar(path, several());
  EXPECT_THAT(contents(read_shard(path)),
              ElementsAre("f/a.png=picture", "f/a.txt=" + std::string(700, 'a'),
                          "f/" + std::string(300, 'n') + ".txt=long name",
                          "f/b.json=" + std::string(512, 'b'), "f/b.txt="));
}

TEST_F(TarTest, CompressedShardsHoldTheSameSamples) {
  write_tar(path, several());
  const std::vector<std::string> plain = contents(read_shard(path));
  for (const char* name : {"b.tar.gz", "b.tar.zst"}) {
    write_tar(folder.path(name), several());
    EXPECT_LT(std::filesystem::file_size(folder.path(name)), std::filesystem::file_size(path));
    const Shard shard = read_shard(folder.path(name), cache);
    EXPECT_EQ(contents(shard), plain) << name;
    EXPECT_EQ(shard.fingerprint.size(), 32U);
  }
}

TEST_F(TarTest, EveryTruncationOfACompressedShardIsNoticedOrHarmless) {
  for (const char* name : {"b.tar.gz", "b.tar.zst"}) {
    const std::string file = folder.path(name);
    std::string noise;
    for (unsigned i = 0, state = 1; i < 5000; ++i)
      noise += static_cast<char>((state = state * 1103515245 + 12345) >> 16);
    write_tar(file, {{"a.bin", noise}, {"b.bin", noise + "end"}});
    const std::vector<std::string> before = contents(read_shard(file));
    const std::string whole = read_file(file);
    int refused = 0;
    for (std::size_t size = 0; size < whole.size(); size += 37) {
      write_file(file, whole.substr(0, size));
      std::vector<std::string> after;
      const Exit exit = error_of([&] { after = contents(read_shard(file)); }).first;
      if (exit == Exit::ok) {
        EXPECT_EQ(after, before) << name << " " << size;
      }
      refused += exit == Exit::bad_data ? 1 : 0;
    }
    EXPECT_GT(refused, static_cast<int>(whole.size() / 37) - 5) << name;
  }
}

TEST_F(TarTest, ACutTarIsNoticedInsideItsCompression) {
  write_tar(path, {{"a.txt", "1"}, {"b.txt", "2"}});
  const std::string gz = folder.path("b.tar.gz");
  write_gzip(gz, read_file(path).substr(0, 1024));
  EXPECT_EQ(complaint(gz), "is cut off after sample a" + k_remedy);
}

/// Of a bit that was flipped nothing else may tell: what it changed is a sample like any other.
TEST_F(TarTest, TheChecksumOfGzipIsLookedAt) {
  const std::string gz = folder.path("b.tar.gz"), other = folder.path("c.tar.gz");
  write_tar(path, {{"a.txt", "1"}, {"b.txt", "2"}});
  const auto before = contents(read_shard(path));
  const std::string tar = read_file(path);
  write_gzip(gz, tar);
  std::string bytes = read_file(gz);
  bytes[bytes.size() - 8] ^= 1;
  write_file(gz, bytes);
  EXPECT_EQ(complaint(gz),
            "is compressed by gzip, and cut off, or damaged: its checksum is wrong" + k_remedy);
  // Members behind each other have one each, and what follows the last is left out.
  write_gzip(gz, tar.substr(0, 700));
  write_gzip(other, tar.substr(700));
  bytes = read_file(gz);
  write_file(gz, bytes + read_file(other) + "behind");
  EXPECT_EQ(contents(read_shard(gz)), before);
  bytes[bytes.size() - 8] ^= 1;
  write_file(gz, bytes + read_file(other));
  EXPECT_NE(error_of([&] { read_shard(gz); }).first, Exit::ok);
}

TEST_F(TarTest, ABombIsRefused) {
  for (const char* name : {"b.tar.gz", "b.tar.zst"}) {
    write_tar(folder.path(name), {{"a.bin", std::string(64 << 20, '\0')}});
    EXPECT_EQ(complaint(folder.path(name)), "expands to more than 200 times its size" + k_remedy);
  }
}

TEST_F(TarTest, ABombInAFolderIsRefused) {
  write_tar(path, {{"a.bin", std::string(64 << 20, '\0')}});
  std::string bytes = read_file(path);
  bytes[156] = 'D';  // a folder of an incremental archive, with a list of its files
  test::mend_header(bytes);
  const std::string file = folder.path("b.tar.gz");
  write_gzip(file, bytes);
  EXPECT_EQ(complaint(file), "expands to more than 200 times its size" + k_remedy);
}

TEST_F(TarTest, CompressionInsideCompressionIsRefused) {
  archive* tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  archive_write_add_filter_gzip(tar);
  archive_write_add_filter_zstd(tar);
  archive_write_open_filename(tar, path.c_str());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "a.txt");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_size(entry, 0);
  archive_write_header(tar, entry);
  archive_entry_free(entry);
  archive_write_free(tar);
  EXPECT_EQ(complaint(path), "is compressed more than once" + k_remedy);
}

/// As GNU tar does with `--ignore-zeros`.
TEST_F(TarTest, TarsBehindEachOtherAreReadAsOne) {
  write_tar(path, {{"a.txt", "1"}});
  write_tar(folder.path("b.tar"), {{"b.txt", "2"}, {"c.txt", "3"}});
  const std::string one = read_file(path), both = one + read_file(folder.path("b.tar"));
  write_file(path, both);
  write_gzip(folder.path("both.tar.gz"), both);
  for (const std::string& file : {path, folder.path("both.tar.gz")}) {
    settle(file);
    for (int opening = 0; opening < 2; ++opening) {  // the second from what is kept
      EXPECT_THAT(contents(read_shard(file, cache)), ElementsAre("a.txt=1", "b.txt=2", "c.txt=3"));
    }
  }
  write_file(path, one + one);
  EXPECT_EQ(complaint(path), "holds a.txt twice" + k_remedy);
  write_file(path, both.substr(0, one.size() + 700));
  EXPECT_EQ(complaint(path), "is cut off or damaged inside b.txt" + k_remedy);
  write_file(path, one + std::string(1024, 'x'));
  EXPECT_EQ(complaint(path), "is cut off or damaged after sample a" + k_remedy);
}

/// Each record of a pax header is `LENGTH KEY=VALUE\n` (POSIX, pax, "pax Extended Header").
TEST_F(TarTest, ADamagedPaxHeaderDoesNotLeaveTheShortName) {
  const std::string name(120, 'n');
  write_tar(path, {{name + ".txt", "1"}});
  const std::string whole = read_file(path), record = " path=" + name + ".txt\n";
  const std::size_t at = whole.find(record);
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(whole.substr(at - 3, 3), "134");
  const auto damaged = [&](std::size_t from, const std::string& with) {
    std::string bytes = whole;
    write_file(path, bytes.replace(from, with.size(), with));
    return complaint(path);
  };
  EXPECT_THAT(damaged(at - 3, "999"),
              testing::HasSubstr(", whose pax header is damaged" + k_remedy));
  EXPECT_THAT(damaged(at - 3, "000"),
              testing::HasSubstr(", whose pax header is damaged" + k_remedy));
  EXPECT_THAT(damaged(at - 3, "x34"),
              testing::HasSubstr(", whose pax header is damaged" + k_remedy));
  EXPECT_THAT(damaged(at + record.size() - 1, "x"),
              testing::HasSubstr(", whose pax header is damaged" + k_remedy));
}

TEST_F(TarTest, ASparseMemberIsRefused) {
  archive* tar = archive_write_new();
  archive_write_set_format_pax(tar);
  archive_write_open_filename(tar, path.c_str());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "a.bin");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_size(entry, 1 << 20);
  archive_entry_sparse_add_entry(entry, 0, 3);
  archive_write_header(tar, entry);
  archive_write_data(tar, "abc", 3);
  archive_entry_free(entry);
  archive_write_free(tar);
  EXPECT_EQ(complaint(path),
            "holds a.bin, which is a sparse file; only whole files are read" + k_remedy);
}

TEST_F(TarTest, AnIndexedShardIsNotReadWholeAgain) {
  write_tar(path, several());
  settle(path);
  const auto time = std::filesystem::last_write_time(path);
  const Shard first = read_shard(path, cache);
  // A change that the stamp does not show is seen by nobody who does not read the file.
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(1100).put('!');
  std::filesystem::last_write_time(path, time);
  const Shard again = read_shard(path, cache);
  EXPECT_EQ(again.fingerprint, first.fingerprint);
  EXPECT_EQ(again.name, first.name);
  ASSERT_EQ(again.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(again.key(i), first.key(i));
  }
  EXPECT_EQ(contents(again), contents(first));
  EXPECT_NE(read_shard(path).fingerprint, first.fingerprint) << "without the cache it is read";
}

TEST_F(TarTest, TheIndexIsMadeAnewWhenTheFileHasChanged) {
  write_tar(path, {{"a.txt", "one"}});
  settle(path);
  const Shard first = read_shard(path, cache);
  write_tar(path, {{"a.txt", "two"}});  // the same size, another time
  const Shard again = read_shard(path, cache);
  EXPECT_NE(again.fingerprint, first.fingerprint);
  EXPECT_THAT(contents(again), ElementsAre("a.txt=two"));
  EXPECT_EQ(error_of([&] { contents(first); }),
            std::pair(Exit::bad_data,
                      "The file " + path +
                          " has changed, though it was whole when the data was opened. Leave data "
                          "as it is while a run reads it, and start again."));
}

TEST_F(TarTest, AFileJustWrittenIsNotIndexed) {
  write_tar(path, {{"a.txt", "one"}});
  read_shard(path, cache);
  EXPECT_FALSE(std::filesystem::exists(cache));
}

TEST_F(TarTest, ADamagedIndexIsMadeAnew) {
  write_tar(path, several());
  settle(path);
  const Shard first = read_shard(path, cache);
  ASSERT_TRUE(std::filesystem::exists(cache));
  const std::string index = std::filesystem::directory_iterator(cache)->path().string();
  const std::string whole = read_file(index);
  for (std::size_t size = 0; size < whole.size(); size += 11) {
    write_file(index, whole.substr(0, size));
    EXPECT_EQ(contents(read_shard(path, cache)), contents(first)) << size;
    EXPECT_EQ(read_file(index), whole) << size;
    std::string flipped = whole;
    flipped[size] = static_cast<char>(flipped[size] ^ 4);
    write_file(index, flipped);
    EXPECT_EQ(contents(read_shard(path, cache)), contents(first)) << size;
  }
}

TEST_F(TarTest, AnIndexThatClaimsMoreThanTheFileHoldsIsMadeAnew) {
  write_tar(path, {{"a.txt", "one"}});
  settle(path);
  const auto keep_place = [&](std::int64_t offset, std::int64_t size) {
    keep(cache, path, [&](Record& record) {
      record.put(DataFile(path).stamp());
      record.put("fingerprint");
      record.put(std::int64_t{0});  // members that were passed over, and names of some
      record.put(std::int64_t{0});
      record.put(std::int64_t{1});
      record.put("a");
      record.put(std::int64_t{1});
      record.put("txt");
      record.put(offset);
      record.put(size);
    });
  };
  keep_place(0, 1);
  EXPECT_EQ(read_shard(path, cache).fingerprint, "fingerprint") << "the record is one that is used";
  const auto whole = static_cast<std::int64_t>(std::filesystem::file_size(path));
  for (const auto& [offset, size] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {0, whole + 1}, {whole + 1, 0}, {512, INT64_MAX}, {INT64_MAX, 3}, {-1, 3}, {512, -1}}) {
    keep_place(offset, size);
    EXPECT_THAT(contents(read_shard(path, cache)), ElementsAre("a.txt=one")) << offset;
  }
}

TEST_F(TarTest, ACacheThatCannotBeWrittenIsNoFault) {
  write_tar(path, several());
  settle(path);
  write_file(cache, "a file where the folder should be");
  EXPECT_EQ(contents(read_shard(path, cache)), contents(read_shard(path)));
}

// The rule is that of WebDataset's reader (tariterators.py, base_plus_ext and skip_meta) for files
// that are no KEY.ext, and in addition for all hidden files, which macOS and Linux put beside
// others, and for what Windows puts there.
TEST(SampleFile, HasAKeyAndAnEnding) {
  for (const char* name : {"a.cls", "x/a.cls", "./a.cls", "train.v1/a.flow.png", "../up/b.cls",
                           "/abs/a.cls", "_a_.cls", "__a.cls", ".git/a.cls", "日本.cls"}) {
    EXPECT_TRUE(is_sample_file(name)) << name;
  }
  for (const char* name :
       {"README", "x/LICENSE", "._a.cls", "x/._a.cls", ".DS_Store", "x/.DS_Store", ".cls", "a.",
        "__MACOSX/a.cls", "x/__MACOSX/a.cls", "__MACOSX/._a.cls", "__info__", "__meta__/a.json",
        "Thumbs.db", "x/Thumbs.db", "desktop.ini"}) {
    EXPECT_FALSE(is_sample_file(name)) << name;
  }
}

TEST_F(TarTest, FilesThatAreNoSamplesArePassedOverAndCounted) {
  for (const char* name : {"a.tar", "a.tar.gz", "a.tar.zst"}) {
    const std::string file = folder.path(name);
    write_tar(file, {{"._a.cls", std::string("\0\5\x16\7", 4)},
                     {"a.cls", "1"},
                     {".DS_Store", std::string(700, 'd')},
                     {"README", "hi"},
                     {"x/.DS_Store", ""},
                     {"README -> /etc/passwd", ""},
                     {"x/b.cls", "2"},
                     {"__MACOSX/x/._b.cls", "3"}});
    settle(file);
    for (int opening = 0; opening < 2; ++opening) {  // the second from what is kept
      const Shard shard = read_shard(file, cache);
      EXPECT_THAT(contents(shard), ElementsAre("a.cls=1", "x/b.cls=2"));
      EXPECT_EQ(shard.passed_over.count, 6);
      EXPECT_THAT(shard.passed_over.names, ElementsAre("._a.cls", ".DS_Store", "README"));
    }
  }
}

TEST_F(TarTest, OneThatHoldsOnlySuchFilesIsRefused) {
  const std::string file = folder.path("a.tar");
  write_tar(file, {{"README", "hi"}, {"LICENSE", "x"}});
  EXPECT_EQ(complaint(file),
            "holds no sample: none of its 2 files is KEY.ext, e.g. README. Name the files of a "
            "sample KEY.png, KEY.cls and so on.");
}

TEST_F(TarTest, AMemberInOtherCaseIsPointedOut) {
  const std::string file = folder.path("a.tar");
  write_tar(file, {{"a.CLS", "1"}, {"a.txt", "t"}});
  const Shard shard = read_shard(file);
  EXPECT_THAT(
      error_of([&] { shard.read(0, "cls"); }).second,
      testing::EndsWith("there is no member cls; it has CLS and txt. Did you mean CLS? Upper "
                        "and lower case differ. Correct the data, or name another "
                        "member."));
}

}  // namespace
}  // namespace weft::host
