// SPDX-License-Identifier: Apache-2.0
#include "host/base/problems.hpp"

#include "host/base/printable.hpp"

namespace weft::host {

std::string list_of(const std::string& recipe, const std::vector<Problem>& problems) {
  const std::size_t all = problems.size();
  std::string text =
      printable(recipe) + " has " + std::to_string(all) + (all == 1 ? " problem:" : " problems:");
  for (std::size_t i = 0; i < all && i < k_most_problems; ++i)
    text += "\n  " + problems[i].sentence();
  if (all > k_most_problems) text += "\n  and " + std::to_string(all - k_most_problems) + " more.";
  return text;
}

void Problems::add(Problem problem, Exit exit) {
  pointers_.insert(problem.pointer);
  if (is_full()) {
    problem.text.clear();
  } else {
    problem.text = printable(problem.text, k_sentence_bytes);  // it may quote megabytes
    if (!said_.emplace(problem.pointer, problem.text).second) return;
  }
  if (!exit_ || exit == Exit::bad_recipe) exit_ = exit;
  list_.push_back(std::move(problem));
}

bool Problems::is_wrong(const std::string& pointer) const {
  if (pointers_.contains(pointer)) return true;
  const auto inside = pointers_.lower_bound(pointer + "/");
  return inside != pointers_.end() && inside->starts_with(pointer + "/");
}

void Problems::require_none(const std::string& recipe) const {
  if (list_.empty()) return;
  if (*exit_ == Exit::bad_recipe) throw RecipeError(recipe, list_);
  throw Error::again(*exit_, list_of(recipe, list_));
}

}  // namespace weft::host
