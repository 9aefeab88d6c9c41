// SPDX-License-Identifier: Apache-2.0
/// Data that is looked at without a recipe.

#pragma once

#include "host/command/options.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The recipe that the first operand of `weft data ACTION` names; of a shard, a folder of files
/// KEY.ext or a pattern of shards one with a single section, whose fields follow from the endings
/// of the first shard's members.
/// @throws Error as read_recipe() and read_shard(); (usage) on what needs a recipe
Recipe recipe_or_data(const Options& options);

}  // namespace weft::host
