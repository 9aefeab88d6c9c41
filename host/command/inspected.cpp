// SPDX-License-Identifier: Apache-2.0
#include "host/command/inspected.hpp"

#include <utility>

#include "host/registry/processor_limit.hpp"
#include "host/session/initial_weights.hpp"
#include "host/session/inspection.hpp"

namespace weft::host {

/// Looking at a recipe takes a tenth of a second; only a part can take longer.
static constexpr int k_processor_seconds = 5;

Inspected inspect(const Options& options) {
  limit_processor_time(k_processor_seconds);
  Inspected found;
  found.recipe = inspect_recipe(options.operands[0], options.overrides);
  found.registry = std::make_unique<Registry>(search_path(options));
  found.fields = inspect_data(
      found.recipe, [](const DataPlan&) { return ""; }, [](const DataPlan&) { return true; });
  found.wiring = std::make_unique<Wiring>(found.recipe, *found.registry, found.fields);
  found.notes = inspect_initial_weights(found.recipe, *found.wiring);
  found.recipe.problems.require_none(found.recipe.path);
  return found;
}

}  // namespace weft::host
