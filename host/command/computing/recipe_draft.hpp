// SPDX-License-Identifier: Apache-2.0
/// A first recipe over some data, as a text with comments.

#pragma once

#include <string>
#include <vector>

#include "host/command/computing/recipe_choice.hpp"

namespace weft::host {

/// The data as the recipe names it.
struct DraftedData {
  std::string name;        ///< of the recipe and of its data section
  std::string shards;      ///< JSON: the value of `shards`
  bool has_parts = false;  ///< val or test has shards of its own
  std::string evaluated;   ///< the part that is evaluated
  std::string schema;      ///< what `$schema` names; empty: nothing
};

/// The recipe in its canonical form.
std::string draft_recipe(const FirstLook& look, const Choice& choice, const DraftedData& data);

/// What the fields of the recipe are called that `weft predict` is to be given: `picture`.
std::vector<std::string> drafted_inputs(const Choice& choice);

/// A text as a name in a recipe: lower-case letters, digits and `_`.
/// @param prefix  goes before it where it does not begin with a letter
std::string drafted_name(const std::string& text, const std::string& prefix);

}  // namespace weft::host
