// SPDX-License-Identifier: Apache-2.0
#include "host/report/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

namespace weft::host {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// What four steps of one stage print, some milliseconds apart.
std::string printed(Progress::Style style) {
  std::ostringstream out;
  Progress progress(style, out);
  for (std::int64_t step = 1; step <= 4; ++step) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    progress.step("see", step, 4, {{"itc", 1.25}}, 3e-3, 64);
  }
  progress.end_stage();
  return out.str();
}

TEST(Progress, SilentSaysNothing) {
  EXPECT_EQ(printed(Progress::Style::silent), "");
}

TEST(Progress, PlainLinesAreFewAndEndTheStage) {
  const std::string text = printed(Progress::Style::plain);
  EXPECT_THAT(text, StartsWith("see  step 4/4  itc 1.2500  lr 3.00e-03  "));
  EXPECT_THAT(text, HasSubstr(" samples/s"));
  EXPECT_THAT(text, HasSubstr(" 0 s left\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Progress, GradientsOfModalitiesAreInTheLine) {
  std::ostringstream out;
  Progress progress(Progress::Style::plain, out);
  progress.step("see", 1, 1, {{"itc", 1.25}}, 3e-3, 64, 0.0,
                {{"audio.*", {{"norm", 0.125}, {"share", 0.25}, {"scale", 1.0}}},
                 {"vision.*", {{"norm", 0.375}, {"share", 0.75}, {"scale", 0.5}}}});
  EXPECT_EQ(out.str(),
            "see  step 1/1  itc 1.2500  lr 3.00e-03  gradients audio.* 0.12 (25 %), vision.* 0.38 "
            "(75 %)\n");
}

TEST(Progress, ValidationValuesHaveALineOfTheirOwn) {
  const auto measured = [](Progress::Style style) {
    std::ostringstream out;
    Progress(style, out).measured("see", 40, {{"match.accuracy", 0.8125}, {"match.f1", 0.5}});
    return out.str();
  };
  const std::string line = "see  step 40  val  match.accuracy 0.8125  match.f1 0.5000\n";
  EXPECT_EQ(measured(Progress::Style::plain), line);
  EXPECT_EQ(measured(Progress::Style::terminal), "\r\033[K" + line);
  EXPECT_EQ(measured(Progress::Style::silent), "");
}

TEST(Progress, ATerminalsLineIsWrittenOver) {
  const std::string text = printed(Progress::Style::terminal);
  EXPECT_THAT(text, StartsWith("\r\033[Ksee  step 4/4  itc 1.2500"));
  EXPECT_EQ(text.back(), '\n') << "the stage's last line stays";
}

TEST(Progress, EachStageCountsAnew) {
  std::ostringstream out;
  Progress progress(Progress::Style::plain, out);
  progress.step("see", 1, 1, {}, 0.1, 64);
  progress.end_stage();
  progress.step("hear", 1, 1, {}, 0.1, 64);
  EXPECT_THAT(out.str(), HasSubstr("see  step 1/1"));
  EXPECT_THAT(out.str(), HasSubstr("hear  step 1/1"));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("samples/s")))
      << "one step has no time of its own";
}

}  // namespace
}  // namespace weft::host
