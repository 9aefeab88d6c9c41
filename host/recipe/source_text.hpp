// SPDX-License-Identifier: Apache-2.0
/// A recipe as it is written, with its comments: what `weft format` and `weft migrate` work on.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/value.hpp"

namespace weft::host {

/// One value with everything that stands around it. Scalars and keys are kept letter by letter.
struct SourceValue {
  enum class Kind { scalar, list, object };

  std::vector<std::string> above;  ///< comments on lines of their own before it
  bool blank_above = false;        ///< an empty line stands before it
  std::string key;                 ///< with its quotes; empty in a list and at the top
  Kind kind = Kind::scalar;
  std::string text;                 ///< of a scalar
  std::vector<SourceValue> inside;  ///< of a list or object
  std::vector<std::string> below;   ///< comments after the last of `inside`
  std::string beside;               ///< a comment behind it on its line
  std::vector<std::string> after;   ///< of the whole text: comments on lines of their own behind it
};

/// REQUIRES: parse_json() takes the text, comments passed over
SourceValue read_source(std::string_view text);

/// The canonical form: two blanks a level; what fits into 100 columns stands on one line; of an
/// object that does not fit, members without objects share lines and others have one of their own.
/// Comments stay where they are, and single empty lines between members.
std::string formatted(const SourceValue& source);

/// Gives a recipe of format 1 the keys of format 2.
/// @param value  the same text, parsed
/// @param base   the recipe that it extends, of format 2; or null
void migrate(SourceValue& source, const Value& value, const Value* base);

}  // namespace weft::host
