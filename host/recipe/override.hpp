// SPDX-License-Identifier: Apache-2.0
/// `--set path=value`: changes one value of a recipe from the command line.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// The keys of a path: "stages.0.steps" or "/stages/0/steps".
std::vector<std::string> keys_of_path(const std::string& path);

/// The path is dotted ("graph.fusion.use", "stages.0.steps") or a JSON pointer
/// ("/graph/fusion/use"); an element of an array is addressed by its index or by its "name"
/// ("stages.align.steps"). The value is JSON, or else a string; null removes what is there. The
/// last key may be new; everything before it must exist, save "config", "in", "schedule" and
/// "optimizer", which a recipe may leave out, and what may come from what an object extends.
/// @param recipe       of format 2
/// @param is_format_1  the override's keys and value may be those of format 1
void apply_override(const std::string& override, Value& recipe, Findings& findings,
                    bool is_format_1 = false);

}  // namespace weft::host
