// SPDX-License-Identifier: Apache-2.0
#include "host/base/error.hpp"

#include <utility>

namespace weft::host {
namespace {

std::string list(const std::string& recipe, const std::vector<Problem>& problems) {
  std::string text = recipe + " has " + std::to_string(problems.size()) +
                     (problems.size() == 1 ? " problem:" : " problems:");
  for (const Problem& problem : problems) text += "\n  " + problem.sentence();
  return text;
}

}  // namespace

std::string Problem::sentence() const {
  std::string place = file;
  if (line > 0) place += ":" + std::to_string(line);
  if (!pointer.empty()) {
    if (!place.empty()) place += ": ";
    place += pointer;
  }
  return place.empty() ? text : place + ": " + text;
}

RecipeError::RecipeError(const std::string& recipe, std::vector<Problem> problems)
    : Error(Exit::bad_recipe, list(recipe, problems)), problems_(std::move(problems)) {}

}  // namespace weft::host
