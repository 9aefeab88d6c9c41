// SPDX-License-Identifier: Apache-2.0
/// A recipe looked at without LibTorch: what `weft check` and `weft explain` stand on.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/command/options.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

struct Inspected {
  Recipe recipe;
  std::unique_ptr<Registry> registry;
  std::map<std::string, std::vector<FieldSpec>> fields;
  std::unique_ptr<Wiring> wiring;
  std::vector<Problem> notes;  ///< beside those of the wiring: what is sound but may not be meant
};

/// Reads and wires the recipe that the first operand names. The process may compute a few seconds
/// for it, and ends otherwise.
/// @throws RecipeError with every problem
Inspected inspect(const Options& options);

}  // namespace weft::host
