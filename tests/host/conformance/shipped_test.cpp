// SPDX-License-Identifier: Apache-2.0
/// Every shipped plug-in and every golden one of every snapshot passes every level.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "host/conformance/checker.hpp"

namespace weft::host {
namespace {

/// Checks the file and adds its parts' ids to `parts`.
void expect_pass(const std::filesystem::path& file, std::multiset<std::string>& parts) {
  SCOPED_TRACE(file.string());
  CheckRequest request;
  request.file = file;
  const CheckReport report = check_plugin(request);
  parts.insert(report.parts.begin(), report.parts.end());
  EXPECT_EQ(report.exit, Exit::ok);
  EXPECT_EQ(report.stopped, "");
  for (const TestResult& test : report.tests) {
    EXPECT_NE(test.outcome, TestOutcome::failed)
        << test.part << " " << test.name << ": " << test.text;
    if (test.outcome == TestOutcome::not_applicable) {
      EXPECT_NE(test.text, "") << test.name;
    }
  }
}

TEST(ShippedPlugins, PassEveryLevel) {
  std::multiset<std::string> parts;
  const std::filesystem::path folder = std::string(WEFT_BINARY_DIR) + "/lib/weft/plugins";
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    expect_pass(entry.path(), parts);
  EXPECT_GE(parts.size(), 38U);
}

TEST(GoldenPlugins, PassEveryLevel) {
  std::multiset<std::string> parts;
  const std::filesystem::path folder = std::string(WEFT_SOURCE_DIR) + "/tests/golden";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".so") expect_pass(entry.path(), parts);
  EXPECT_GE(parts.count("golden/loss.quadratic"), 3U);  // by three toolchains
  const std::size_t since_0_10 = parts.count("golden/function.loud");
  EXPECT_EQ(parts.count("golden/decoder.writer"), since_0_10);
  EXPECT_EQ(parts.size(), 6 * parts.count("golden/loss.quadratic") + 2 * since_0_10);
}

}  // namespace
}  // namespace weft::host
