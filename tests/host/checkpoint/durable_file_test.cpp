// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/durable_file.hpp"

#include <gmock/gmock.h>

#include "host/base/error.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(DurableFile, HoldsWhatWasWritten) {
  const TemporaryFolder folder;
  host::DurableFile file(folder.path("f"));
  file.write("abc", 3);
  file.write("de", 2);
  file.close();
  EXPECT_EQ(content(folder.path("f")), "abcde");
}

TEST(DurableFile, SaysThatTheDiskIsFull) {
  host::DurableFile file("/dev/full");
  try {
    file.write("abc", 3);
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::io);
    EXPECT_STREQ(error.what(),
                 "/dev/full could not be written: No space left on device. Free some space or "
                 "choose another folder; earlier checkpoints are untouched.");
  }
}

TEST(DurableFile, NeedsItsFolder) {
  try {
    const host::DurableFile file("/nowhere/f");
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::cannot_create);
    EXPECT_STREQ(error.what(),
                 "/nowhere/f cannot be created: No such file or directory. Check the folder and "
                 "its rights.");
  }
}

TEST(ReplaceFile, PutsTheNewInThePlaceOfTheOld) {
  const TemporaryFolder folder;
  host::replace_file(folder.path("f"), "a long first text");
  host::replace_file(folder.path("f"), "new");
  EXPECT_EQ(content(folder.path("f")), "new");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

TEST(ReplaceFile, InterruptedItLeavesTheOldFileAndNothingElse) {
  const TemporaryFolder folder;
  folder.write("f", "old");
  const std::string text(5000, 'x');
  try {
    const FileLimit limit(4096);
    host::replace_file(folder.path("f"), text);
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::io);
    EXPECT_THAT(error.what(), HasSubstr("File too large"));
  }
  EXPECT_EQ(content(folder.path("f")), "old");
  EXPECT_THAT(entries(folder.path("")), ElementsAre("f"));
}

TEST(SyncFolder, NeedsAFolder) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(host::sync_folder(folder.path("")));
  EXPECT_THROW(host::sync_folder(folder.path("none")), host::Error);
  EXPECT_THROW(host::sync_folder(folder.write("f", "")), host::Error);
}

}  // namespace
}  // namespace weft::test
