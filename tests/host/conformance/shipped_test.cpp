// SPDX-License-Identifier: Apache-2.0
/// Every shipped plug-in passes every level.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "host/conformance/checker.hpp"

namespace weft::host {
namespace {

TEST(ShippedPlugins, PassEveryLevel) {
  std::set<std::string> parts;
  const std::filesystem::path folder = std::string(WEFT_BINARY_DIR) + "/lib/weft/plugins";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    CheckRequest request;
    request.file = entry.path();
    const CheckReport report = check_plugin(request);
    parts.insert(report.parts.begin(), report.parts.end());
    EXPECT_EQ(report.exit, Exit::ok) << entry.path();
    EXPECT_EQ(report.stopped, "");
    for (const TestResult& test : report.tests) {
      EXPECT_NE(test.outcome, TestOutcome::failed)
          << test.part << " " << test.name << ": " << test.text;
      if (test.outcome == TestOutcome::not_applicable) {
        EXPECT_NE(test.text, "") << test.name;
      }
    }
  }
  EXPECT_GE(parts.size(), 17U);
}

}  // namespace
}  // namespace weft::host
