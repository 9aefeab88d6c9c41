// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_folder.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <functional>
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
          2,
          "AVX2",
          "/runs/a",
          {{"av", "fingerprint"}},
          {{"av", "words"}},
          {{"vision", {"encoder.vit", "1.0.0", "libweft_encoder_vit.so", "abc"}}}};
}

TEST(RunFolder, IsMadeWithItsParents) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path("runs/a"), Mode::create);
  EXPECT_EQ(run.path(), folder.path("runs/a"));
  EXPECT_THAT(entries(run.path()), UnorderedElementsAre("checkpoints", "lock"));
}

TEST(RunFolder, WritesTheRecipeAndWhatTookPart) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path("a"), Mode::create);
  run.write("{\"recipe\": 1}\n", some_lock());
  EXPECT_EQ(content(folder.path("a/recipe.json")), "{\"recipe\": 1}\n");
  EXPECT_EQ(nlohmann::json::parse(content(folder.path("a/weft.lock"))), nlohmann::json::parse(R"({
    "host": "0.9.0", "abi": "", "device": "cpu", "torch": "2.11.0", "seed": 17, "cpu": "AVX2", "threads": 2, "folder": "/runs/a", "data": {"av": "fingerprint"}, "tokenizers": {"av": "words"},
    "parts": {"vision": {"id": "encoder.vit", "version": "1.0.0", "file": "libweft_encoder_vit.so",
                         "sha256": "abc"}}})"));
  EXPECT_THAT(entries(run.path()),
              UnorderedElementsAre("checkpoints", "lock", "recipe.json", "weft.lock"));
}

TEST(RunFolder, IsNotWrittenOverUnasked) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("empty"));
  const std::string path = folder.path("empty");
  { RunFolder(path, Mode::create).write("{}", some_lock()); }
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
  EXPECT_THAT(entries(run.path()), UnorderedElementsAre("checkpoints", "lock", "notes.txt"));
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
  const auto changes = [&](const std::function<void(host::RunLock&)>& change) {
    host::RunLock now = some_lock();
    change(now);
    return host::changes_on_evaluating(host::OpenFolder(path), now);
  };
  EXPECT_THAT(changes([](auto&) {}), testing::IsEmpty());
  EXPECT_THAT(changes([](auto& now) { now.data["av"] = "another"; }),
              testing::ElementsAre("section \"av\" or its shards have changed since the run in " +
                                   path + " was trained."));
  EXPECT_THAT(changes([](auto& now) { now.parts["vision"].sha256 = "def"; }),
              testing::ElementsAre("libweft_encoder_vit.so, the plug-in of \"vision\", has changed "
                                   "since the run was trained: numbers may differ."));
  EXPECT_THAT(changes([](auto& now) { now.threads = 1; }),
              testing::ElementsAre("the run was trained with 2 threads and is evaluated with 1 "
                                   "thread: numbers may differ."));
  EXPECT_THAT(changes([](auto& now) { now.cpu = "AVX512"; }),
              testing::ElementsAre("the run was trained with the vector instructions AVX2 and is "
                                   "evaluated with AVX512: numbers may differ."));
  EXPECT_THAT(changes([](auto& now) { now.data["new"] = now.tokenizers["new"] = "others"; }),
              testing::IsEmpty());
  try {
    changes([](auto& now) { now.tokenizers["av"] = "others"; });
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
  fs::remove(path + "/weft.lock");
  EXPECT_THAT(changes([](auto&) {}),
              testing::ElementsAre(
                  path + "/weft.lock is missing, so nothing says what the run was trained with."));
}

/// What a kill within the first system calls of a run can leave.
void leave(const TemporaryFolder& folder, int calls) {
  const std::vector<std::function<void()>> writes = {
      [&] { fs::create_directory(folder.path("a")); },
      [&] { folder.write("a/lock", ""); },
      [&] { fs::create_directory(folder.path("a/checkpoints")); },
      [&] { fs::create_directory(folder.path("a/tokenizers")); },
      [&] { folder.write("a/tokenizers/av.tmp", "ha"); },
      [&] { folder.write("a/tokenizers/av", "half"); },
      [&] { folder.write("a/weft.lock.tmp", "{"); },
      [&] { folder.write("a/weft.lock", "{}"); },
      [&] { folder.write("a/recipe.json.tmp", "{"); }};
  for (int i = 0; i < calls; ++i) writes.at(static_cast<std::size_t>(i))();
}

TEST(RunFolder, OneThatWasKilledBeforeItsRecipeIsBegunAnew) {
  for (const Mode mode : {Mode::create, Mode::resume, Mode::overwrite})
    for (int calls = 1; calls <= 9; ++calls) {
      const TemporaryFolder folder;
      leave(folder, calls);
      EXPECT_EQ(refusal(folder.path("a"), mode).second, "nothing") << calls;
      EXPECT_THAT(entries(folder.path("a")), UnorderedElementsAre("checkpoints", "lock"));
    }
}

TEST(RunFolder, OneThatHoldsAnythingElseIsNot) {
  for (const char* other : {"notes.txt", "checkpoints/fit-1/state.json", "tokenizers.txt"}) {
    const TemporaryFolder folder;
    leave(folder, 9);
    fs::create_directories(fs::path(folder.path("a") + "/" + other).parent_path());
    folder.write(std::string("a/") + other, "mine");
    EXPECT_EQ(refusal(folder.path("a"), Mode::create).first, Exit::cannot_create) << other;
    EXPECT_EQ(refusal(folder.path("a"), Mode::resume).first, Exit::no_input) << other;
    EXPECT_EQ(content(folder.path("a/") + other), "mine");
  }
}

TEST(RunFolder, OnlyARunsFolderIsOverwritten) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path("a/checkpoints/mine-1"));
  for (const char* file : {"a/recipe.json", "a/events.jsonl", "a/notes.txt", "a/weft.lock"})
    folder.write(file, "mine");
  const auto [exit, sentence] = refusal(folder.path("a"), Mode::overwrite);
  EXPECT_EQ(exit, Exit::cannot_create);
  EXPECT_EQ(sentence, folder.path("a") +
                          " holds files and no run's weft.lock, so --overwrite removes nothing "
                          "there. Give another folder with --run.");
  EXPECT_THAT(
      entries(folder.path("a")),
      UnorderedElementsAre("checkpoints", "recipe.json", "events.jsonl", "notes.txt", "weft.lock"));
  EXPECT_TRUE(fs::exists(folder.path("a/checkpoints/mine-1")));
}

TEST(RunFolder, OverwritingLetsAloneWhatIsNoCheckpoint) {
  const TemporaryFolder folder;
  { RunFolder(folder.path("a"), Mode::create).write("{}", some_lock()); }
  for (const char* name : {"fit-1", "fit-2.new", "fit-best", "notes"})
    fs::create_directory(folder.path(std::string("a/checkpoints/") + name));
  const RunFolder run(folder.path("a"), Mode::overwrite);
  EXPECT_THAT(entries(run.path() + "/checkpoints"), UnorderedElementsAre("fit-best", "notes"));
}

TEST(RunFolder, LinksThatLieInWaitAreNotFollowed) {
  for (const char* name : {"lock", "checkpoints", "tokenizers"}) {
    for (const Mode mode : {Mode::resume, Mode::overwrite}) {
      const TemporaryFolder folder;
      fs::create_directories(folder.path("victim/fit-1"));
      folder.write("victim/av", "untouched");
      { RunFolder(folder.path("a"), Mode::create).write("{}", some_lock()); }
      const std::string link = folder.path("a/") + name;
      fs::remove_all(link);
      const bool is_file = name == std::string("lock");
      fs::create_symlink(folder.path(is_file ? "victim/av" : "victim"), link);
      std::string sentence;
      try {
        const RunFolder run(folder.path("a"), mode);
        run.keep_tokenizer("av", "new");
      } catch (const host::Error& error) {
        sentence = error.what();
      }
      EXPECT_THAT(sentence, testing::HasSubstr(link + " is a link, expected a f")) << name;
      EXPECT_EQ(content(folder.path("victim/av")), "untouched");
      EXPECT_THAT(entries(folder.path("victim")), UnorderedElementsAre("av", "fit-1"));
    }
  }
}

TEST(RunFolder, AFilesNameMayBeALinkThatIsReplaced) {
  const TemporaryFolder folder;
  folder.write("victim", "untouched");
  { RunFolder(folder.path("a"), Mode::create).write("{}", some_lock()); }
  const RunFolder run(folder.path("a"), Mode::resume);
  for (const char* name : {"recipe.json", "weft.lock", "recipe.json.tmp"}) {
    fs::remove(run.path() + "/" + name);
    fs::create_symlink(folder.path("victim"), run.path() + "/" + name);
  }
  EXPECT_THROW(host::changes_on_resuming(run.folder(), some_lock()), host::Error);
  run.write("{\"recipe\": 1}", some_lock());
  EXPECT_EQ(content(folder.path("victim")), "untouched");
  EXPECT_EQ(content(run.path() + "/recipe.json"), "{\"recipe\": 1}");
}

TEST(RunFolder, AKeptTokenizerIsNoLink) {
  const TemporaryFolder folder;
  folder.write("victim", "secret");
  const RunFolder run(folder.path("a"), Mode::create);
  EXPECT_EQ(host::kept_tokenizer(run.path(), "av"), "");
  run.keep_tokenizer("av", "words");
  EXPECT_EQ(content(host::kept_tokenizer(run.path(), "av")), "words");
  fs::remove(run.path() + "/tokenizers/av");
  fs::create_symlink(folder.path("victim"), run.path() + "/tokenizers/av");
  EXPECT_THROW(host::kept_tokenizer(run.path(), "av"), host::Error);
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
