// SPDX-License-Identifier: Apache-2.0
/// Recipe files → one tree of values: `extends`, `--set` and `let` are gone from it, and the keys
/// are those of format 2.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

struct Document {
  Value root;
  std::optional<Problem> format_1;  ///< the warning, if a file is of format 1
  /// Whether it extends another file or is overridden: then not all that it defines need be used.
  bool is_changed = false;
};

/// Reads a recipe, merges it over those that it extends, applies the overrides, replaces `let` and
/// lays sections, fields, nodes and stages upon what they extend.
/// @param overrides  "graph.fusion.use=fusion.concat", in this order
/// @param findings   gets what is wrong with overrides and variables
/// @throws Error (no_input) if the file cannot be read; RecipeError if a file is not JSON or
///         `extends` leads nowhere, because then there is nothing left to check
Document read_document(const std::string& path, const std::vector<std::string>& overrides,
                       Findings& findings);

/// The text of a recipe's file, a regular one of at most 8 MiB.
/// @throws Error (no_input, bad_recipe)
std::string recipe_text(const std::string& path);

/// What a recipe extends, with all that it extends in turn, in format 2; nothing if it extends
/// nothing.
/// @param path    of the recipe, to which the other's is relative
/// @param recipe  as it was parsed
/// @throws as read_document()
std::optional<Value> extended_by(const std::string& path, const Value& recipe);

/// Lays `over` upon `base`: objects are merged by key, anything else is replaced, null removes. An
/// object upon the list of stages is merged by their names. Where a node gets another part, its
/// configuration is left over.
/// @param pointer  where both stand
void merge(Value& base, Value over, const std::string& pointer, Findings& findings);

/// Whether the second of two values of "use" names another part, whatever their versions.
bool is_other_part(const Value* before, const Value* now);

/// Marks all keys of a node's configuration as left over from another part.
void leave_over_config(Value& node);

}  // namespace weft::host
