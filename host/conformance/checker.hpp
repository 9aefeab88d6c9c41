// SPDX-License-Identifier: Apache-2.0
/// Examines one plug-in file. Each test runs in a child of this process, which never loads the
/// file.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

constexpr int highest_check_level = 9;

struct CheckRequest {
  std::filesystem::path file;
  int level = highest_check_level;            ///< tests up to this level are run
  std::string config = "{}";                  ///< of every part, as a recipe would give it
  std::map<std::string, std::int64_t> sizes;  ///< of free symbols of the port shapes
  std::chrono::milliseconds limit{20000};     ///< of each test
};

enum class TestOutcome { passed, failed, not_applicable };
/// "passed", "failed" or "not applicable".
const char* outcome_name(TestOutcome outcome);

struct TestResult {
  std::string name;
  int level = 0;
  std::string part;  ///< id; empty: about the file
  TestOutcome outcome = TestOutcome::passed;
  std::string text;      ///< expected and found, or why it is not applicable
  std::string contract;  ///< where the contract says so
  std::string remedy;    ///< of a failed test
  double seconds = 0;
  Exit exit = Exit::ok;  ///< plugin, or another code where the file itself is not for this host
};

struct CheckReport {
  std::string sha256;
  std::vector<std::string> parts;  ///< ids; none if the manifest cannot be read
  std::vector<TestResult> tests;
  std::string stopped;   ///< why later levels were not run, a sentence; empty: they were
  Exit exit = Exit::ok;  ///< plugin if a test failed, or why the file cannot be loaded at all
};

/// @param done  is told each result as soon as it is there; may be empty
/// REQUIRES: no tensor operation has run in this process yet, which children could not repeat
/// @throws Error if the file is missing, no shared library, or one for another ABI
CheckReport check_plugin(const CheckRequest& request,
                         const std::function<void(const TestResult&)>& done = {});

}  // namespace weft::host
