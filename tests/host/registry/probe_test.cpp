// SPDX-License-Identifier: Apache-2.0
/// Plug-ins that kill or hang the process that looks at them: this one survives and names them.
#include "host/registry/probe.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "host/registry/scan_cache.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using test::Folder;

std::string fatal_text(const std::string& name, std::chrono::milliseconds limit = probe_limit) {
  Folder folder;
  const ProbeReport report = probe(folder.add_stamped(name), {}, limit);
  EXPECT_TRUE(report.fatal);
  EXPECT_EQ(report.exit, Exit::plugin);
  return report.text;
}

TEST(Probe, TellsTheDescriptorAsTheManifestDoes) {
  Folder folder;
  const ProbeReport report = probe(folder.add("good"), {});
  EXPECT_EQ(report.exit, Exit::ok);
  EXPECT_EQ(report.text, test::good_manifest());
  EXPECT_FALSE(report.fatal);
}

TEST(Probe, SurvivesASegfaultAtLoad) {
  EXPECT_EQ(fatal_text("segfault_at_load"),
            "segfault_at_load.so killed the process that looked at it (SIGSEGV).");
}

TEST(Probe, SurvivesAnExceptionThatNobodyCanCatch) {
  EXPECT_EQ(fatal_text("fail_at_load"),
            "fail_at_load.so killed the process that looked at it (SIGABRT):   what():  no licence "
            "server.");
}

TEST(Probe, IsNotFooledByAnEarlyEnd) {
  EXPECT_EQ(fatal_text("leave_at_load"),
            "leave_at_load.so ended the process that looked at it (exit code 0).");
  EXPECT_EQ(fatal_text("forge_at_load"),
            "forge_at_load.so ended the process that looked at it (exit code 0).");
}

TEST(Probe, EndsWhatHangs) {
  const std::chrono::milliseconds limit(400);
  EXPECT_EQ(fatal_text("hang_at_load", limit), "hang_at_load.so did not let go within 0.4 s.");
  EXPECT_EQ(fatal_text("hang_at_end", limit), "hang_at_end.so did not let go within 0.4 s.");
}

TEST(Probe, SurvivesASegfaultInCreate) {
  EXPECT_EQ(fatal_text("segfault_in_create"),
            "segfault_in_create.so killed the process that looked at it (SIGSEGV).");
}

TEST(Probe, SaysThatItsProgramIsMissing) {
  Folder folder;
  const auto file = folder.add("good");
  ::setenv("WEFT_PROBE", "/nowhere/weft-probe", 1);
  try {
    probe(file, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "/nowhere/weft-probe cannot be run: No such file or directory. Build or install "
                 "Weft again, or set WEFT_PROBE.");
  }
  ::unsetenv("WEFT_PROBE");
}

}  // namespace
}  // namespace weft::host
