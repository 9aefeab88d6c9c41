// SPDX-License-Identifier: Apache-2.0
/// Which of a run's checkpoints is taken where files are damaged or missing.

#include <gmock/gmock.h>

#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/host/checkpoint/sample.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Exit;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

void damage(const TemporaryFolder& run, const std::string& name) {
  fs::resize_file(run.path("checkpoints/" + name + "/model.safetensors"), 40);
}

TEST(NewestCheckpoint, WhereTheNewestIsDamagedTheOneBeforeIsTaken) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample(7, "align"));
  for (const int step : {4, 8}) host::save_checkpoint(in(run), sample(step));
  std::string told;
  EXPECT_EQ(newest(run, &told).value().step, 8);
  EXPECT_EQ(told, "");
  damage(run, "fit-8");
  EXPECT_EQ(newest(run, &told).value().step, 4);
  EXPECT_EQ(told, "checkpoint " + run.path("checkpoints/fit-8") +
                      ": model.safetensors is damaged: its hash is not the one that state.json "
                      "records. Its header does not fit what follows it. fit-4 is taken, the "
                      "newest checkpoint that is sound.");
  damage(run, "fit-4");
  EXPECT_EQ(newest(run).value().stage, "align");
  damage(run, "align-7");
  const auto [exit, sentence] = error_of([&] { newest(run); });
  EXPECT_EQ(exit, Exit::bad_checkpoint);
  EXPECT_THAT(sentence, HasSubstr("fit-8"));
  EXPECT_THAT(sentence, HasSubstr("No other checkpoint there is sound. Restore one, or train anew "
                                  "with --overwrite."));
}

TEST(NewestCheckpoint, WithoutLatestTheNewestThatIsSoundIsTaken) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample(90, "align"));
  for (const int step : {4, 8}) host::save_checkpoint(in(run), sample(step));
  for (const char* latest :
       {"", "fit-9\n", "../../elsewhere\n", "fit-4/../fit-8", "fit-4\nx", "\n"}) {
    run.write("latest", latest);
    std::string told;
    EXPECT_EQ(newest(run, &told).value().step, 8) << latest;
    EXPECT_THAT(told, HasSubstr("fit-8 is taken, the newest checkpoint that is sound."));
  }
  fs::remove(run.path("latest"));
  EXPECT_EQ(newest(run).value().step, 8);
  fs::remove_all(run.path("checkpoints"));
  EXPECT_FALSE(newest(run));
  run.write("latest", "fit-8\n");
  EXPECT_EQ(error_of([&] { newest(run); }).first, Exit::bad_checkpoint);
}

TEST(NewestCheckpoint, OneThatWasSavedBeforeLatestSaidSoIsNotLost) {
  const TemporaryFolder run;
  for (const int step : {4, 8}) host::save_checkpoint(in(run), sample(step));
  run.write("latest", "fit-4\n");  // killed between the two
  EXPECT_EQ(newest(run).value().step, 4);
  damage(run, "fit-4");
  EXPECT_EQ(newest(run).value().step, 8);
}

TEST(Checkpoint, WhatIsJustSavedIsNotPruned) {
  const TemporaryFolder run;
  for (const int step : {96, 100}) host::save_checkpoint(in(run), sample(step));
  for (const int step : {4, 8, 12}) host::save_checkpoint(in(run), sample(step));
  EXPECT_THAT(entries(run.path("checkpoints")),
              UnorderedElementsAre("fit-8", "fit-12", "fit-96", "fit-100"));
  EXPECT_EQ(newest(run).value().step, 12);
}

}  // namespace
}  // namespace weft::test
