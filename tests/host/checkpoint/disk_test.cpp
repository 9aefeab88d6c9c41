// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/disk.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <stdexcept>

#include "host/base/error.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Exit;
using host::OutputFile;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

template <class Body>
std::pair<Exit, std::string> error_of(const Body& body) {
  try {
    body();
    return {Exit::ok, "nothing"};
  } catch (const host::Error& error) {
    return {error.exit(), error.what()};
  }
}

TEST(Digest, IsXxh3) {
  EXPECT_EQ(host::DigestSum().digest(),
            (host::FileDigest{0, "99aa06d3014798d86001c324468d497f"}));  // the algorithm's own test
}

TEST(Digest, PiecesGiveWhatTheWholeGives) {
  const std::string text(3'000'001, 'x');
  host::DigestSum whole, pieces;
  whole.add(text.data(), text.size());
  pieces.add(text.data(), 1);
  pieces.add(text.data() + 1, text.size() - 1);
  EXPECT_EQ(whole.digest(), pieces.digest());
  const TemporaryFolder folder;
  EXPECT_EQ(host::digest_of(folder.write("f", text)), whole.digest());
  EXPECT_NE(host::digest_of(folder.write("f", text + "y")), whole.digest());
}

TEST(InputFile, ReadsFromFrontToBack) {
  const TemporaryFolder folder;
  host::InputFile file(folder.write("f", "abcdef"));
  EXPECT_EQ(file.size(), 6u);
  char bytes[4] = {};
  file.read(bytes, 3);
  EXPECT_STREQ(bytes, "abc");
  file.read(bytes, 3);
  EXPECT_STREQ(bytes, "def");
  EXPECT_EQ(error_of([&] { file.read(bytes, 1); }),
            std::pair(Exit::io, file.path() +
                                    " cannot be read: it ended while it was read. Try again; if it "
                                    "stays, copy the file anew."));
}

TEST(InputFile, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { host::InputFile file(folder.path("none")); }),
            std::pair(Exit::no_input, folder.path("none") +
                                          " cannot be opened: No such file or directory. Check the "
                                          "path."));
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder.path("pipe"), folder.path("")})
    EXPECT_EQ(error_of([&] { host::InputFile file(path); }),
              std::pair(Exit::no_input,
                        path + " is not a file but a folder, a device or a pipe. Check the path."));
}

TEST(ReadText, RefusesMoreThanItsLimit) {
  const TemporaryFolder folder;
  const std::string path = folder.write("f", "12345");
  EXPECT_EQ(host::read_text(path, 5), "12345");
  EXPECT_EQ(
      error_of([&] { host::read_text(path, 4); }),
      std::pair(Exit::bad_checkpoint, path + " is damaged: expected at most 4 bytes, found 5."));
}

TEST(OutputFile, AppearsWhenItIsFinished) {
  const TemporaryFolder folder;
  {
    OutputFile file(folder.path("f"));
    file.write("abc", 3);
    file.write("def", 3);
    EXPECT_THAT(entries(folder.path("")), ElementsAre("f.tmp"));
    const auto digest = file.finish();
    EXPECT_EQ(digest, host::digest_of(folder.path("f")));
  }
  EXPECT_EQ(content(folder.path("f")), "abcdef");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

TEST(OutputFile, LeftUnfinishedTheOldFileStays) {
  const TemporaryFolder folder;
  folder.write("f", "old");
  try {
    OutputFile file(folder.path("f"));
    file.write("new", 3);
    throw std::runtime_error("the writer gave up");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(content(folder.path("f")), "old");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

TEST(OutputFile, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  folder.write("f", "old");
  const std::string text(5000, 'x');
  const auto [exit, sentence] = error_of([&] {
    const FileLimit limit(4096);
    host::write_text(folder.path("f"), text);
  });
  EXPECT_EQ(exit, Exit::io);
  EXPECT_EQ(sentence, folder.path("f") +
                          " cannot be written: File too large. Make room on the disk or choose "
                          "another; what was there before is untouched.");
  EXPECT_EQ(content(folder.path("f")), "old");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

TEST(OutputFile, WritesOverWhatACrashLeftButNotThroughALink) {
  const TemporaryFolder folder;
  folder.write("victim", "untouched");
  std::filesystem::create_symlink(folder.path("victim"), folder.path("f.tmp"));
  host::write_text(folder.path("f"), "new");
  EXPECT_EQ(content(folder.path("f")), "new");
  EXPECT_EQ(content(folder.path("victim")), "untouched");
  EXPECT_THAT(entries(folder.path("")), UnorderedElementsAre("f", "victim"));
}

TEST(OutputFile, NeedsItsFolder) {
  const std::pair<Exit, std::string> expected{
      Exit::cannot_create,
      "/nowhere/f cannot be created: No such file or directory. "
      "Check the folder and its permissions."};
  EXPECT_EQ(error_of([] { OutputFile file("/nowhere/f"); }), expected);
}

}  // namespace
}  // namespace weft::test
