// SPDX-License-Identifier: Apache-2.0
/// `--set path=value`: changes one value of a recipe from the command line.

#pragma once

#include <string>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// The path is dotted ("graph.fusion.use", "stages.0.steps") or a JSON pointer
/// ("/graph/fusion/use"); an element of an array is addressed by its index or by its "name"
/// ("stages.align.steps"). The value is JSON, or else a string; null removes what is there. The
/// last key may be new; everything before it must exist, save "config", "in" and "schedule", which
/// a recipe may leave out.
void apply_override(const std::string& override, Value& recipe, Findings& findings);

}  // namespace weft::host
