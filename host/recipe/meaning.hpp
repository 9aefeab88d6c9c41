// SPDX-License-Identifier: Apache-2.0
/// What a schema cannot say about a recipe: names that refer to one another, wires, cycles.

#pragma once

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Checks a recipe that the schema has seen. Where the schema found a value of the wrong type, the
/// checks that need it are left out.
/// @returns false if a section has so many entries that nothing else was looked at
bool check_meaning(const Value& recipe, Findings& findings);

/// The numbers of a stage fit one another: schedules, groups, evaluations.
void check_stage(const Value& stage, const std::string& pointer, Findings& findings);

/// Wires lead to graph nodes or the batch, and the graph has no cycle.
void check_wires(const Value& recipe, Findings& findings);

/// "vision.tokens" → "vision" and "tokens"; "vision" → "vision" and ""; else both empty.
struct WireText {
  std::string node, port;
};
WireText split_wire(const std::string& text);

/// The member of an object of objects, or a value without members.
const Value& section(const Value& recipe, const char* key);

}  // namespace weft::host
