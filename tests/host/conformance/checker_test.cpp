// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/checker.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "host/conformance/catalogue.hpp"
#include "host/registry/plugin_file.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path double_named(const std::string& name) {
  return std::string(WEFT_BINARY_DIR) + "/tests/host/conformance/doubles/" + name + ".so";
}

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

CheckReport check(const fs::path& file, int level = 1) {
  CheckRequest request;
  request.file = file;
  request.level = level;
  return check_plugin(request);
}

/// What the test said about the file; "" if it passed.
std::string said(const CheckReport& report, const std::string& name) {
  for (const TestResult& test : report.tests)
    if (test.name == name) return test.outcome == TestOutcome::failed ? test.text : "";
  return "no such test";
}

TEST(Checker, NamesThePartsOfAFile) {
  const CheckReport good = check(double_named("deed"));
  EXPECT_EQ(good.exit, Exit::ok);
  EXPECT_EQ(good.parts, std::vector<std::string>{"tests/fusion.deed"});
}

TEST(Checker, FindsALieInTheNote) {
  std::string bytes = read(double_named("deed"));
  const auto at = bytes.find(R"("summary":"A double.")");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 21, R"("summary":"A trouble")");
  const fs::path lying = fs::path(WEFT_BINARY_DIR) / "tests/host/conformance/lying.so";
  std::ofstream(lying, std::ios::binary) << bytes;
  EXPECT_THAT(said(check(lying), "loads"),
              HasSubstr("its manifest does not say what its descriptor says: /parts/0/summary is "
                        "\"A trouble\" there and \"A double.\" in the library"));
}

// What is no file of its own is told when it is built, not by its users.
TEST(Needs, SealingRefusesALibraryThatAHostNeedNotHave) {
  try {
    seal(double_named("needy"), {});
    FAIL() << "it was sealed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::MatchesRegex(
                                  "needy.so needs libcrypto.so.*, which a host need not have. A "
                                  "plug-in is one file: link that library statically."));
    EXPECT_EQ(error.exit(), Exit::plugin);
  }
}

TEST(Checker, StopsBeforeAFileThatCannotBeLoaded) {
  const CheckReport report = check(double_named("foreign_id"), 9);
  EXPECT_EQ(report.exit, Exit::plugin);
  EXPECT_EQ(report.stopped,
            "Later levels were not run, because foreign_id.so cannot be loaded as it is.");
  for (const TestResult& test : report.tests) EXPECT_EQ(test.level, 1);
}

TEST(Checker, RunsTheLevelsThatAreAskedFor) {
  std::set<int> levels;
  for (const TestResult& test : check(double_named("deed"), 3).tests) levels.insert(test.level);
  EXPECT_EQ(levels, (std::set<int>{1, 3}));
}

TEST(Checker, MarksWhatDependsOnAFailedTest) {
  CheckRequest request;
  request.file = double_named("deed");
  request.config = R"({"key": 7})";  // the schema wants a string
  const CheckReport report = check_plugin(request);
  EXPECT_THAT(said(report, "created"), HasSubstr("its schema refuses the configuration"));
  for (const TestResult& test : report.tests) {
    if (test.name != "call") continue;
    EXPECT_EQ(test.outcome, TestOutcome::not_applicable);
    EXPECT_EQ(test.text, "test created has to pass first");
  }
}

TEST(Checker, TakesItsChildAlongWhenItIsKilled) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // to see how the orphan ends
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t checker = ::fork();
  if (checker == 0) {
    ::setenv("WEFT_TEST_DEED", "hang", 1);  // in test call, which follows out_of_order
    CheckRequest request;
    request.file = double_named("deed");
    request.limit = std::chrono::seconds(5);
    check_plugin(request, [&](const TestResult& result) {
      if (result.name == "out_of_order") (void)!::write(ends[1], "x", 1);
    });
    ::_exit(0);
  }
  ::close(ends[1]);
  char said = 0;
  ASSERT_EQ(::read(ends[0], &said, 1), 1);
  ::close(ends[0]);
  const std::string pid = std::to_string(checker);
  pid_t child = 0;
  while (child == 0) std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> child;
  ::kill(checker, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(checker, &status, 0), checker);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/// Names in the headers of the ABI, and headings of docs/abi/checker.md.
TEST(Catalogue, PointsToPlacesThatExist) {
  const std::string include = std::string(WEFT_SOURCE_DIR) + "/sdk/include/weft/";
  const std::string abi = read(include + "abi.h"), drafts = read(include + "drafts.h");
  const std::string page = read(std::string(WEFT_SOURCE_DIR) + "/docs/abi/checker.md");
  std::set<std::string> names;
  int level = 1;
  for (const host::Test& test : catalogue()) {
    EXPECT_TRUE(names.insert(test.name).second) << test.name;
    EXPECT_GE(test.level, level);
    level = test.level;
    const std::string contract = test.contract;
    ASSERT_THAT(contract, testing::MatchesRegex("(abi|drafts)[.]h, .*"));
    EXPECT_THAT(contract.starts_with("abi") ? abi : drafts,
                HasSubstr(contract.substr(contract.find(", ") + 2)));
    EXPECT_THAT(page, HasSubstr(std::string("\n### ") + test.name + "\n"));
  }
}

}  // namespace
}  // namespace weft::host
