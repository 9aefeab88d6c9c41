// SPDX-License-Identifier: Apache-2.0
/// Error records, the log and the host's extensions.
#include "host/registry/core_api.hpp"

#include <gmock/gmock.h>

#include <string>
#include <thread>

#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

void set(const std::string& text) {
  core_api()->error_set(WEFT_FAILED, text.data(), text.size());
}
void context(const std::string& text) {
  core_api()->error_context(text.data(), text.size());
}

TEST(CoreApi, ErrorsGatherContext) {
  take_error();
  context("lost");
  EXPECT_STREQ(core_api()->error_text(), "") << "context without an error is nothing";
  set("first");
  set("sizes differ");
  context("while projecting");
  context("layer 3");
  EXPECT_STREQ(core_api()->error_text(), "layer 3: while projecting: sizes differ");
  EXPECT_EQ(take_error(), "layer 3: while projecting: sizes differ");
  EXPECT_EQ(take_error(), "");
}

TEST(CoreApi, TextNeedsNoFinalNul) {
  core_api()->error_set(WEFT_FAILED, "four and more", 4);
  EXPECT_EQ(take_error(), "four");
}

TEST(CoreApi, EachThreadHasItsOwnRecord) {
  set("mine");
  std::thread([] {
    EXPECT_STREQ(core_api()->error_text(), "");
    set("theirs");
  }).join();
  EXPECT_EQ(take_error(), "mine");
}

TEST(CoreApi, LogGoesToTheSink) {
  test::Log log;
  core_api()->log(WEFT_LOG_INFO, "hello, world", 5);
  EXPECT_THAT(log.lines, testing::ElementsAre("hello"));
}

TEST(CoreApi, LogGoesToStandardErrorOtherwise) {
  testing::internal::CaptureStderr();
  core_api()->log(WEFT_LOG_WARNING, "careful", 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: careful\n");
}

TEST(CoreApi, ALogLineOnATerminalIsOneLineThatMovesNothing) {
  testing::internal::CaptureStderr();
  using namespace std::string_literals;
  const std::string text = "a\x1b[2J\nweft: error: \u202e\0b\n"s;
  core_api()->log(WEFT_LOG_WARNING, text.data(), text.size());
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: a\\x1b[2J\\nweft: error: \\u{202e}\\x00b\n");
}

TEST(CoreApi, TellsTheHostsVersion) {
  const auto* version =
      static_cast<const weft_host_version*>(core_api()->get_extension(WEFT_HOST_VERSION));
  ASSERT_NE(version, nullptr);
  EXPECT_TRUE(WEFT_HAS(version, host));
  EXPECT_STREQ(version->host, "0.10.0");
  EXPECT_EQ(core_api()->get_extension("weft.unknown/1"), nullptr);
  EXPECT_EQ(core_api()->get_extension(nullptr), nullptr);
}

TEST(CoreApi, DeclarationsNeedAContext) {
  EXPECT_EQ(core_api()->declare_size(nullptr, "D", 4), WEFT_INVALID);
  EXPECT_EQ(take_error(), "declarations are possible only within create()");
}

}  // namespace
}  // namespace weft::host
