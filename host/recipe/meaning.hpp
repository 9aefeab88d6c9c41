// SPDX-License-Identifier: Apache-2.0
/// What a schema cannot say about a recipe: names that refer to one another, wires, cycles.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Checks a recipe that the schema has seen. Where the schema found a value of the wrong type, the
/// checks that need it are left out.
/// @param schema  the schema of recipes
/// @returns false if a section has so many entries that nothing else was looked at
bool check_meaning(const Value& recipe, const Value& schema, Findings& findings);

/// The numbers of a stage fit one another: schedules, groups, evaluations.
void check_stage(const Value& stage, const std::string& pointer, Findings& findings);

/// The numbers of an entry of `evaluate.generate` fit one another, and its strategy reads them.
/// @param keys   the schema of an entry's keys, which names the strategies that read one
/// @param nodes  of the entries before it; its own is added
void check_generation(const Value& entry, const std::string& pointer, const Value& keys,
                      std::vector<std::string>& nodes, Findings& findings);

/// Wires lead to graph nodes or the batch, and the graph has no cycle.
void check_wires(const Value& recipe, Findings& findings);

/// "vision.tokens" → "vision" and "tokens"; "vision" → "vision" and ""; "slow:vision" has the view
/// "slow" before it; else all empty.
struct WireText {
  std::string node, port;
  std::string view = {};
};
WireText split_wire(const std::string& text);

/// Views: what they are of, their weights and their binds; and `tie`.
void check_views(const Value& recipe, Findings& findings);

/// Whether a view, or what it is of, is of another run, whose nodes this recipe does not know.
bool is_of_run(const Value& recipe, const std::string& view);

/// Whether nodes, fields, stages and views may be called so.
bool is_node_name(const std::string& name);

/// What is wrong with the view that stands before a wire or a name; "" if nothing is.
std::string wrong_view(const Value& recipe, const std::string& view);

/// The member of an object of objects, or a value without members.
const Value& section(const Value& recipe, const char* key);

}  // namespace weft::host
