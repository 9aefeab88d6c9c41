// SPDX-License-Identifier: Apache-2.0
/// Collects what is wrong with a recipe, so that the reader sees all of it at once.

#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

/// So many problems of a recipe are shown; more would bury the first ones.
constexpr std::size_t k_most_problems = 200;

/// "r.json has 2 problems:" and a line for each of them, the first k_most_problems.
std::string list_of(const std::string& recipe, const std::vector<Problem>& problems);

/// A problem, and the exit code where nothing is wrong but what shares it.
struct Found {
  Problem problem;
  Exit exit = Exit::bad_recipe;
};

/// Adding is linear in the text.
class Problems {
 public:
  /// Notes a problem, unless the same was said of the same place before. Of those that will not be
  /// shown only the place is kept.
  void add(Problem problem, Exit exit = Exit::bad_recipe);

  bool empty() const { return list_.empty(); }
  /// No more will be shown; sentences need not be made any longer.
  bool is_full() const { return list_.size() >= k_most_problems; }
  const std::vector<Problem>& list() const { return list_; }

  /// True if something is wrong at `pointer`, or at a place inside it.
  bool is_wrong(const std::string& pointer) const;
  /// True if something is wrong at exactly this place.
  bool is_wrong_at(const std::string& pointer) const { return pointers_.contains(pointer); }
  /// The pointers of all problems.
  const std::set<std::string>& pointers() const { return pointers_; }

  /// @throws RecipeError if anything was found; where the recipe itself is sound, an Error with the
  ///         same text and the first problem's exit code
  void require_none(const std::string& recipe) const;

 private:
  std::vector<Problem> list_;
  std::optional<Exit> exit_;  // bad_recipe as soon as one problem has it, else the first one's
  std::set<std::pair<std::string, std::string>> said_;  // pointer and text of those that are shown
  std::set<std::string> pointers_;
};

}  // namespace weft::host
