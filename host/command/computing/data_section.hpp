// SPDX-License-Identifier: Apache-2.0
/// What the actions of `weft data` share, and the actions themselves.

#pragma once

#include <string>
#include <vector>

#include "host/base/printable.hpp"
#include "host/command/options.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

void data_check(const Options& options);
void data_stats(const Options& options);
void data_show(const Options& options);
void data_pack(const Options& options);
void data_bench(const Options& options);

/// The sections that --data names, or all of the recipe's.
/// @throws Error (bad_recipe) when the recipe has no such section
std::vector<DataPlan> chosen_sections(const Options& options, const Recipe& recipe);

/// The section that --data names, or the first stage's.
/// @throws Error as chosen_sections()
DataPlan chosen_section(const Options& options, const Recipe& recipe);

/// Opens a section. No plug-in is loaded.
/// @param options   whether its commands may be run
/// @param tolerant  whatever its bad_samples says, all that cannot be used is set aside
/// @param cached    whether loading.cache counts; else nothing that is decoded is kept
Dataset open_section(const Options& options, const DataPlan& plan, bool tolerant,
                     bool cached = true);

/// Opens a section for survey(): all that cannot be used is set aside, files that training reads as
/// streams are listed, and no command is run.
Dataset open_listed(const DataPlan& plan);

/// `3 examples`, `1 example`.
std::string counted(std::int64_t count, const std::string& thing);

}  // namespace weft::host
