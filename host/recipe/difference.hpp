// SPDX-License-Identifier: Apache-2.0
/// What two resolved recipes do not have in common.

#pragma once

#include <string>
#include <vector>

namespace weft::host {

struct Difference {
  std::string pointer;      ///< a stage stands under its name: /stages/fit/optimizer/lr
  std::string before, now;  ///< the values as JSON; empty where there is none

  /// "/stages/fit/steps: was 4, is 6"
  std::string text() const;
};

/// In the order of the pointers; of an object or a stage that only one has, one difference.
/// REQUIRES: texts of JSON objects; stages, where they have any, as Recipe::resolved has them
std::vector<Difference> differences(const std::string& before, const std::string& now);

}  // namespace weft::host
