// SPDX-License-Identifier: Apache-2.0
/// The names of fields where something is wrong with data: what is wrong need not hide the names of
/// the others.

#pragma once

#include <set>
#include <string>

#include "host/graph/shape_check.hpp"

namespace weft::host {

/// The fields that the recipe declares, sound or not, without what comes with them.
std::set<std::string> declared_fields(const Recipe& recipe);

/// Whether something wrong with the data explains that no section has this field: it is declared
/// with a fault, comes with one that is, or a section's fields cannot be told at all.
bool is_perhaps_faulty(const Recipe& recipe, const FieldsByData& data, const std::string& field);

}  // namespace weft::host
