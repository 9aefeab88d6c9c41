// SPDX-License-Identifier: Apache-2.0
/// The data sections of a recipe, opened and looked at before anything is computed.

#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "host/data/dataset/dataset.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Opens the sections and looks at the first example of every part that the recipe uses.
/// @param names  which sections
/// @param open   Dataset::open() for one of them
/// @param trains whether the stages will run; else only the evaluation does
/// @throws RecipeError with what is wrong with all of them; Error (usage) as `open`
std::map<std::string, Dataset> open_data(const Recipe& recipe, const std::set<std::string>& names,
                                         const std::function<Dataset(const DataPlan&)>& open,
                                         bool trains);

/// Notes of stages whose batch is larger than their data.
std::vector<Problem> note_large_batches(const Recipe& recipe,
                                        const std::map<std::string, Dataset>& data);

/// `train`, `val` or `test`.
Split split_named(const std::string& name);

}  // namespace weft::host
