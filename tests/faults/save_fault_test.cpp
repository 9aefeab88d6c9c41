// SPDX-License-Identifier: Apache-2.0
/// A save that is disturbed at any of its system calls, and checkpoints that are damaged at any
/// byte: there is the old checkpoint or the new one, whole, and what is damaged is found.

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <random>
#include <set>

#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint_writer.hpp"
#include "tests/faults/faulty_calls.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/host/checkpoint/pieces.hpp"
#include "tests/host/checkpoint/sample.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Checkpoint;
using host::Exit;

bool is_same(const Checkpoint& a, const Checkpoint& b) {
  return a.stage == b.stage && a.step == b.step && a.data == b.data && a.parts == b.parts &&
         same_tensors(a, b);
}

Checkpoint with_views(std::int64_t step) {
  Checkpoint checkpoint = sample(step);
  checkpoint.views = {{"ema:0.9/vision.weight", random({4, 3}, static_cast<int>(step) + 100)}};
  return checkpoint;
}

/// By one rank, or by two.
void save(const TemporaryFolder& run, std::int64_t step, bool in_pieces) {
  if (in_pieces)
    save_in_pieces(in(run), with_views(step), 2);
  else
    host::save_checkpoint(in(run), with_views(step));
}

/// A run with two checkpoints, in which a third is to be saved: that removes the first.
struct TwoSaved {
  explicit TwoSaved(bool of_pieces = false) : in_pieces(of_pieces) {
    for (const int step : {2, 4}) test::save(run, step, in_pieces);
  }
  /// Saves step 6 with the call of that number disturbed. @return how that ended
  std::pair<Exit, std::string> save(const std::string& kind, long at) const {
    set_fault({fs::canonical(run.path("")).string(), kind, at});
    auto ended = error_of([&] { test::save(run, 6, in_pieces); });
    made = counted_calls();
    set_fault({});
    return ended;
  }
  /// The newest is the old or the new one, whole, and the next save works.
  void expect_sound(const std::string& what) const {
    const auto found = newest(run);
    ASSERT_TRUE(found) << what;
    EXPECT_THAT(found->step, ::testing::AnyOf(4, 6)) << what;
    EXPECT_TRUE(is_same(*found, with_views(found->step))) << what;
    test::save(run, 8, in_pieces);
    EXPECT_EQ(newest(run).value().step, 8) << what;
    for (const std::string& entry : entries(run.path("checkpoints")))
      EXPECT_FALSE(entry.ends_with(".new")) << what << ": " << entry;
  }

  TemporaryFolder run;
  bool in_pieces;
  mutable long made = 0;
};

long calls_of_a_save(bool in_pieces = false) {
  const TwoSaved saved(in_pieces);
  EXPECT_EQ(saved.save("none", -1).first, Exit::ok);
  return saved.made;
}

TEST(SaveFault, EveryCallThatFailsLeavesTheOldCheckpointOrTheNewOne) {
  const long calls = calls_of_a_save();
  ASSERT_GT(calls, 30);
  for (const std::string kind : {"EIO", "full"}) {
    long failed = 0;
    for (long at = 0; at < calls; ++at) {
      const TwoSaved saved;
      const auto [exit, sentence] = saved.save(kind, at);
      failed += exit != Exit::ok ? 1 : 0;
      EXPECT_THAT(exit, ::testing::AnyOf(Exit::ok, Exit::io)) << kind << at << sentence;
      saved.expect_sound(host::concat(kind, at, " ", sentence));
    }
    EXPECT_GT(failed, 20) << kind << " is met";
  }
}

TEST(SaveFault, AnInterruptedOrShortWriteIsGoneOnWith) {
  const long calls = calls_of_a_save();
  for (const std::string kind : {"EINTR", "short"})
    for (long at = 0; at < calls; ++at) {
      const TwoSaved saved;
      EXPECT_EQ(saved.save(kind, at).first, Exit::ok) << kind << at;
      EXPECT_TRUE(is_same(newest(saved.run).value(), with_views(6))) << kind << at;
    }
}

class SaveKill : public ::testing::TestWithParam<bool> {};

TEST_P(SaveKill, BetweenAnyTwoCallsLeavesTheOldCheckpointOrTheNewOne) {
  const long calls = calls_of_a_save(GetParam());
  std::set<std::int64_t> left;
  for (long at = 0; at < calls; ++at) {
    const TwoSaved saved(GetParam());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      saved.save("kill", at);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << at;
    left.insert(newest(saved.run).value().step);
    saved.expect_sound("kill " + std::to_string(at));
  }
  EXPECT_THAT(left, ::testing::ElementsAre(4, 6)) << "kills before and after the rename";
}

INSTANTIATE_TEST_SUITE_P(OfOneRankOrTwo, SaveKill, ::testing::Bool());

// A full disk of one rank, too: its piece is not there, so that the checkpoint is not.
TEST(SaveFault, EveryCallThatFailsLeavesTheOldPiecesOrTheNewOnes) {
  const long calls = calls_of_a_save(true);
  ASSERT_GT(calls, calls_of_a_save());
  long failed = 0;
  for (long at = 0; at < calls; ++at) {
    const TwoSaved saved(true);
    const auto [exit, sentence] = saved.save("full", at);
    failed += exit != Exit::ok ? 1 : 0;
    EXPECT_THAT(exit, ::testing::AnyOf(Exit::ok, Exit::io)) << at << sentence;
    saved.expect_sound(host::concat("full", at, " ", sentence));
  }
  EXPECT_GT(failed, 20);
}

/// The bytes of all files of a checkpoint's folder, and of `latest`.
std::vector<std::string> files_of(const TemporaryFolder& run) {
  std::vector<std::string> files{run.path("latest")};
  for (const std::string& name : entries(run.path("checkpoints/fit-4")))
    files.push_back(run.path("checkpoints/fit-4/" + name));
  return files;
}

/// Two checkpoints; each damage is to one file of the newer and is to be found.
template <class Damage>
void expect_found(int count, const Damage& damage) {
  const TemporaryFolder run;
  for (const int step : {2, 4}) host::save_checkpoint(in(run), with_views(step));
  const std::vector<std::string> files = files_of(run);
  std::mt19937_64 random(7);
  for (int i = 0; i < count; ++i) {
    const std::string& file = files[i % files.size()];
    const std::string before = content(file);
    const std::string after = damage(before, random);
    std::ofstream(file, std::ios::binary) << after;
    std::string told;
    const auto found = newest(run, &told);
    ASSERT_TRUE(found) << file;
    ASSERT_TRUE(is_same(*found, with_views(found->step))) << file << ": " << told;
    // Nothing reads the line's end at a text's end.
    const bool only_a_line_end = before == after + "\n";
    ASSERT_NE(told.empty(), !only_a_line_end) << file << "\n" << after;
    std::ofstream(file, std::ios::binary) << before;
  }
}

TEST(DamagedCheckpoint, TwoThousandTruncationsAreFound) {
  expect_found(2000, [](const std::string& bytes, std::mt19937_64& random) {
    return bytes.substr(0, random() % bytes.size());
  });
}

TEST(DamagedCheckpoint, TwoThousandFlippedBitsAreFound) {
  expect_found(2000, [](const std::string& bytes, std::mt19937_64& random) {
    std::string flipped = bytes;
    flipped[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    return flipped;
  });
}

TEST(CheckpointWriter, WritesWhatTheWeightsWereWhileTheyAreTrainedOn) {
  const TemporaryFolder run;
  const host::OpenFolder folder = in(run);
  host::CheckpointWriter writer(folder);
  EXPECT_FALSE(writer.finish()) << "nothing was begun";
  set_fault({fs::canonical(run.path("")).string(), "hold", 5});
  writer.begin(with_views(6));  // returns although the fifth call waits
  EXPECT_FALSE(writer.is_written());
  EXPECT_FALSE(fs::exists(run.path("latest")));
  run.write("go", "");
  const auto written = writer.finish();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->step, 6);
  EXPECT_TRUE(written->model.empty()) << "its memory is given back";
  EXPECT_EQ(newest(run).value().model_xxh3, written->model_xxh3);
  EXPECT_FALSE(writer.finish()) << "told once";
  set_fault({});
}

TEST(CheckpointWriter, TellsHowWritingFailedAndCanGoOn) {
  const TemporaryFolder run;
  const host::OpenFolder folder = in(run);
  host::CheckpointWriter writer(folder);
  std::vector<bool> ends;
  const auto ended = [&](bool is_there) { ends.push_back(is_there); };
  writer.begin(with_views(2), ended);
  ASSERT_TRUE(writer.finish());
  set_fault({fs::canonical(run.path("")).string(), "full", 3});
  writer.begin(with_views(4), ended);
  const auto [exit, sentence] = error_of([&] { writer.finish(); });
  EXPECT_EQ(exit, Exit::io);
  EXPECT_THAT(sentence, ::testing::HasSubstr("No space left on device"));
  set_fault({});
  EXPECT_TRUE(is_same(newest(run).value(), with_views(2)));
  writer.begin(with_views(6));
  EXPECT_EQ(writer.finish().value().step, 6);
  EXPECT_EQ(ends, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace weft::test
