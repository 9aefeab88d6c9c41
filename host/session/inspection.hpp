// SPDX-License-Identifier: Apache-2.0
/// What is wrong with a recipe's data, added to what is wrong with its text, so that the parts'
/// problems come in the same list.

#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/base/field_spec.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The fields of every data section. What cannot be told from a section, and shards that are not
/// there or are none, are added to the recipe's problems; no command is started.
/// @param kept   the file with a section's tokenizer as it was when a model was trained, or ""
/// @param looks  whether to look at the section's shards
std::map<std::string, std::vector<FieldSpec>> inspect_data(
    Recipe& recipe, const std::function<std::string(const DataPlan&)>& kept,
    const std::function<bool(const DataPlan&)>& looks);

}  // namespace weft::host
