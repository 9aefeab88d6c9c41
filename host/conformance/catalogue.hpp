// SPDX-License-Identifier: Apache-2.0
/// Every test of `weft plugin check`. docs/abi/checker.md has a section for each, under its name.

#pragma once

#include <vector>

#include "host/conformance/examination.hpp"

namespace weft::host {

struct Test {
  const char* name;
  int level;
  bool of_part;          ///< once for each part, else once for the file
  const char* needs;     ///< name of a test without whose success this one makes no sense; ""
  const char* contract;  ///< "abi.h, NAME": where the contract says what is tested
  const char* remedy;    ///< what to do when it fails, a sentence
  /// Returns if the plug-in passes. @throws Fault, NotApplicable, or Error where the plug-in failed
  void (*run)(const Examination&);
};

std::vector<Test> file_tests();        // level 1
std::vector<Test> life_cycle_tests();  // level 3
std::vector<Test> call_tests();        // level 5
std::vector<Test> row_tests();         // level 5
std::vector<Test> gradient_tests();    // level 7
std::vector<Test> demand_tests();      // level 5
std::vector<Test> step_tests();        // level 7
std::vector<Test> cache_tests();       // level 7
std::vector<Test> stress_tests();      // level 9

/// All of them, in the order in which they run.
std::vector<Test> catalogue();

}  // namespace weft::host
