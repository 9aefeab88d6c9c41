// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/findings.hpp"

namespace weft::host {
namespace {

/// More would bury the first ones.
constexpr std::size_t k_max_problems = 1000;

}  // namespace

void Findings::add(const Origin& origin, const std::string& pointer, const std::string& text) {
  if (settled_.contains(pointer) || problems_.size() >= k_max_problems) return;
  problems_.push_back({origin.file ? *origin.file : "", origin.line, pointer, text});
}

void Findings::end_phase() {
  for (const Problem& problem : problems_) settled_.insert(problem.pointer);
}

void Findings::require_none(const std::string& recipe) const {
  if (!problems_.empty()) throw RecipeError(recipe, problems_);
}

}  // namespace weft::host
