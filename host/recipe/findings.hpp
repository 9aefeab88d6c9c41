// SPDX-License-Identifier: Apache-2.0
/// Collects what is wrong with a recipe's text, phase by phase.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/base/problems.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

class Findings {
 public:
  /// Notes a problem, unless an earlier phase already found one at the same pointer: a name that is
  /// unknown, say, is not also of the wrong type.
  void add(const Origin& origin, const std::string& pointer, const std::string& text);

  /// Ends a phase: reading, the schema, the checks.
  void end_phase() { settled_ = all_.pointers(); }

  /// @throws RecipeError if anything was found
  void require_none(const std::string& recipe) const { all_.require_none(recipe); }

  const std::vector<Problem>& problems() const { return all_.list(); }
  const Problems& all() const { return all_; }

 private:
  Problems all_;
  std::set<std::string> settled_;
};

}  // namespace weft::host
