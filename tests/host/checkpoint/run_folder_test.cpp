// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_folder.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "host/base/error.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Exit;
using host::RunFolder;
using Mode = host::RunFolder::Mode;
using ::testing::UnorderedElementsAre;

std::pair<Exit, std::string> refusal(const std::string& path, Mode mode) {
  try {
    const RunFolder run(path, mode);
    return {Exit::ok, "nothing"};
  } catch (const host::Error& error) {
    return {error.exit(), error.what()};
  }
}

host::RunLock some_lock() {
  return {"0.9.0",
          "2.11.0",
          17,
          {{"av", "fingerprint"}},
          {{"av", "words"}},
          {{"vision", {"encoder.vit", "1.0.0", "libweft_encoder_vit.so", "abc"}}}};
}

TEST(RunFolder, IsMadeWithItsParents) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path("runs/a"), Mode::create);
  EXPECT_EQ(run.path(), folder.path("runs/a"));
  EXPECT_EQ(run.events_path(), folder.path("runs/a/events.jsonl"));
  EXPECT_THAT(entries(run.path()), UnorderedElementsAre("checkpoints", "lock"));
}

TEST(RunFolder, WritesTheRecipeAndWhatTookPart) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path("a"), Mode::create);
  run.write("{\"recipe\": 1}\n", some_lock());
  EXPECT_EQ(content(folder.path("a/recipe.json")), "{\"recipe\": 1}\n");
  EXPECT_EQ(nlohmann::json::parse(content(folder.path("a/weft.lock"))), nlohmann::json::parse(R"({
    "host": "0.9.0", "torch": "2.11.0", "seed": 17, "data": {"av": "fingerprint"}, "tokenizers": {"av": "words"},
    "parts": {"vision": {"id": "encoder.vit", "version": "1.0.0", "file": "libweft_encoder_vit.so",
                         "sha256": "abc"}}})"));
  EXPECT_THAT(entries(run.path()),
              UnorderedElementsAre("checkpoints", "lock", "recipe.json", "weft.lock"));
}

TEST(RunFolder, IsNotWrittenOverUnasked) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("empty"));
  EXPECT_EQ(refusal(folder.path("empty"), Mode::create).second, "nothing");
  const std::string path = folder.path("empty");  // it holds a run now
  EXPECT_EQ(refusal(path, Mode::create),
            std::pair(Exit::cannot_create, "run folder " + path +
                                               " exists. Go on with --resume, replace it with "
                                               "--overwrite, or give another one with --run."));
}

TEST(RunFolder, ThereMustBeSomethingToResume) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a");
  EXPECT_EQ(refusal(path, Mode::resume),
            std::pair(Exit::no_input, path + " is no run folder, so there is nothing to resume. "
                                             "Leave --resume out to begin."));
  EXPECT_FALSE(fs::exists(path));
  { RunFolder(path, Mode::create).write("{}", some_lock()); }
  EXPECT_EQ(refusal(path, Mode::resume).second, "nothing");
  EXPECT_EQ(content(path + "/recipe.json"), "{}");
}

TEST(RunFolder, OverwritingRemovesTheRunButNotTheUsersFiles) {
  const TemporaryFolder folder;
  { RunFolder(folder.path("a"), Mode::create).write("{}", some_lock()); }
  folder.write("a/latest", "fit-1\n");
  folder.write("a/events.jsonl", "{}\n");
  folder.write("a/set_aside.jsonl", "{}\n");
  folder.write("a/notes.txt", "mine");
  fs::create_directory(folder.path("a/checkpoints/fit-1"));
  const RunFolder run(folder.path("a"), Mode::overwrite);
  EXPECT_THAT(entries(run.path()),
              UnorderedElementsAre("checkpoints", "lock", "notes.txt", "recipe.json", "weft.lock"));
  EXPECT_TRUE(fs::is_empty(run.path() + "/checkpoints"));
}

TEST(RunFolder, IsLockedWhileItIsUsed) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a");
  std::optional<RunFolder> run(std::in_place, path, Mode::create);
  run->write("{}", some_lock());
  for (const Mode mode : {Mode::resume, Mode::overwrite})
    EXPECT_EQ(refusal(path, mode),
              std::pair(Exit::cannot_create,
                        "run folder " + path + " is in use by process " + std::to_string(getpid()) +
                            ". Wait for it, or give another folder with --run."));
  EXPECT_EQ(content(path + "/recipe.json"), "{}");
  run.reset();
  EXPECT_EQ(refusal(path, Mode::resume).second, "nothing");
}

TEST(RunFolder, TellsWhetherItIsEvaluatedOnWhatItWasTrainedWith) {
  const TemporaryFolder folder;
  const std::string path = folder.path("a");
  RunFolder(path, Mode::create).write("{}", some_lock());
  EXPECT_EQ(host::changed_data(path, "av", "fingerprint", "words"), "");
  EXPECT_EQ(host::changed_data(path, "av", "another", "words"),
            "section \"av\" or its shards have changed since the run in " + path + " was trained.");
  EXPECT_EQ(host::changed_data(path, "new", "another", "others"), "");
  try {
    host::changed_data(path, "av", "fingerprint", "others");
    ADD_FAILURE() << "another tokenizer is accepted";
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), Exit::bad_checkpoint);
    EXPECT_EQ(
        std::string(error.what()),
        "the run in " + path +
            " was trained with another tokenizer than section \"av\" has now, so its ids mean "
            "other words: " +
            path +
            "/tokenizers/av, the tokenizer's file, or the texts that it is learned from, have "
            "changed. Restore them.");
  }
  EXPECT_EQ(host::changed_data(folder.path("none"), "av", "x", "y"), "");
}

TEST(RunFolder, SaysWhyItCannotBeMade) {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", "") + "/a";
  EXPECT_EQ(refusal(path, Mode::create),
            std::pair(Exit::cannot_create,
                      "run folder " + path +
                          " cannot be made: Not a directory. Give another one with --run."));
}

}  // namespace
}  // namespace weft::test
