// SPDX-License-Identifier: Apache-2.0
/// The words of a schema message: what was expected and what was found.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/value.hpp"

namespace weft::host {

/// "an integer of at least 1", "one of "shuffle" and "sequence"", "a string or an array".
std::string expected(const Value& root, const Value& schema);

/// The value itself if it is short, else its type: `"four"`, `-3`, `[1, 2]`, `an object`.
std::string found(const Value& value);

/// True if the value has this JSON type; a real without a fraction counts as an integer.
bool has_type(const Value& value, const std::string& type);

/// The types that a schema names: none, one or several.
std::vector<std::string> types_of(const Value& schema);

/// The alternatives of oneOf or anyOf, references resolved; none if the schema has neither. The
/// alternative "#/$defs/variable" is left out: `let` has been replaced, it is there for editors.
std::vector<const Value*> alternatives(const Value& root, const Value& schema);

/// The property that tells an alternative from the others by the constant that it demands, such as
/// "kind" of a field or "use" of an optimizer; null if it has none.
const Member* discriminator(const Value& alternative);

}  // namespace weft::host
