// SPDX-License-Identifier: Apache-2.0
/// The file that weft_add_plugin() makes.
#include <gmock/gmock.h>

#include <cstdio>

#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

TEST(PluginFile, ExportsOneSymbol) {
  const std::string symbols = output_of("nm -D --defined-only " + test::fusion_mean().string());
  EXPECT_THAT(symbols, testing::MatchesRegex("[0-9a-f]+ T weft_plugin_v0\n"));
}

TEST(PluginFile, NeedsNoTensorLibrary) {
  const std::string needed =
      output_of("readelf -d " + test::fusion_mean().string() + " | grep NEEDED");
  EXPECT_THAT(needed, testing::HasSubstr("libc.so.6"));
  EXPECT_THAT(needed, testing::Not(testing::HasSubstr("torch")));
  EXPECT_THAT(needed, testing::Not(testing::HasSubstr("c10")));
}

}  // namespace
}  // namespace weft::host
