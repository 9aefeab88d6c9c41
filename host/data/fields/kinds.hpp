// SPDX-License-Identifier: Apache-2.0
/// The kinds of fields by name.

#pragma once

#include <memory>
#include <span>
#include <string>

#include "host/data/section/section.hpp"

namespace weft::host {

class FieldKind;

struct KindEntry {
  const char* name;            ///< in a recipe, `number`
  const char* default_member;  ///< where a field is found that names no member and no pointer
  /// Reads the options. @throws Error (bad_recipe)
  std::shared_ptr<const FieldKind> (*read)(const Section& section, const Source& source);
};

/// Null where there is no kind of this name.
const KindEntry* find_kind(const std::string& name);

/// `boxes, group or number` for messages.
std::string kind_names();

}  // namespace weft::host
