// SPDX-License-Identifier: Apache-2.0
/// Checks a value against a JSON Schema, fills in defaults, and says what is wrong in sentences.
///
/// The subset of draft 2020-12, everything a recipe or a part's configuration needs:
///   type (one or several), const, enum, default, $ref to "#/…",
///   minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength,
///   items, minItems, maxItems, properties, required, additionalProperties, minProperties,
///   if (of "required" alone), then, else,
///   oneOf and anyOf whose alternatives differ in JSON type or in a constant property "kind",
///   format "path" and "json-pointer"; annotations, and keywords
///   that begin with "x-", are ignored.
/// A schema that uses any other keyword is refused, because ignoring a rule would hide mistakes.

#pragma once

#include <functional>
#include <string>

#include "host/recipe/value.hpp"

namespace weft::host {

struct WalkHooks {
  /// Called for every problem with the value, its pointer and a sentence.
  std::function<void(const Value& value, const std::string& pointer, const std::string& text)>
      report;
  /// The same for a key that the schema does not know, whose value may come from elsewhere. If
  /// empty, `report` is called.
  std::function<void(const Value& value, const std::string& pointer, const std::string& text)>
      unknown_key = {};
  /// Whether sentences are no longer shown: then they are left empty, which saves making them. May
  /// be empty.
  std::function<bool()> is_full = {};
  /// Called for every string whose format is "path"; may replace it. May be empty.
  std::function<void(Value& path, const std::string& pointer)> path = {};
};

/// @param root     the document in which "$ref" is looked up
/// @param schema   where to start in it
/// @param value    checked in place; afterwards holds the defaults
/// @param pointer  where `value` is, for messages
/// @throws Error (plugin) if the schema itself is wrong
void walk(const Value& root, const Value& schema, Value& value, const std::string& pointer,
          const WalkHooks& hooks);

/// The schema that "#/$defs/count" names. @throws Error (plugin) if there is none
const Value& resolve_reference(const Value& root, const std::string& reference);

}  // namespace weft::host
