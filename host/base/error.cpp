// SPDX-License-Identifier: Apache-2.0
#include "host/base/error.hpp"

#include <utility>

#include "host/base/printable.hpp"
#include "host/base/problems.hpp"

namespace weft::host {

std::string Problem::sentence() const {
  std::string place = file;
  if (line > 0) place += ":" + std::to_string(line);
  if (line > 0 && column > 0) place += ":" + std::to_string(column);
  if (!pointer.empty()) {
    if (!place.empty()) place += ": ";
    place += pointer;
  }
  return printable(place.empty() ? text : place + ": " + text, k_sentence_bytes);
}

Error::Error(Exit exit, const std::string& sentence)
    : std::runtime_error(printable(sentence, k_sentence_bytes)), exit_(exit) {}

Error Error::again(Exit exit, const std::string& what) {
  return Error(exit, Printable{what});
}

RecipeError::RecipeError(const std::string& recipe, std::vector<Problem> problems)
    : Error(Exit::bad_recipe, Printable{list_of(recipe, problems)}),
      problems_(std::move(problems)) {}

}  // namespace weft::host
