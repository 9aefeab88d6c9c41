// SPDX-License-Identifier: Apache-2.0
/// A JSON value that remembers where it was written. Recipes are merged from several files; because
/// every value carries its own place, a message can name the line that the reader has to change.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weft::host {

/// Objects and arrays may be nested this deep; everything that walks a value may therefore recurse.
constexpr std::size_t k_max_depth = 64;
/// A recipe may hold this many values, after `let` has been replaced.
constexpr std::size_t k_max_values = 200'000;
/// Its strings may be this many bytes long, after `let` has been replaced.
constexpr std::size_t k_max_text = std::size_t{64} << 20;

/// Where a value was written: a member of an object where its key begins, unless it stands on a
/// line of its own; an element of a list where it begins itself. Values of one file share its name.
struct Origin {
  std::shared_ptr<const std::string> file;  ///< as the user named it; "--set" for an override
  int line = 0;                             ///< 1-based; 0 where there is none
  int column = 0;                           ///< 1-based, in bytes; 0 where there is none
};

/// A place in a recipe, as plain values.
struct Place {
  std::string pointer;  ///< JSON pointer, "/graph/vision/use"
  std::string file;
  int line = 0;
  int column = 0;
  bool is_default = false;  ///< the schema's; the place is that of the object without the key
};

struct Member;

/// One JSON value. Members of an object keep the order in which they were written.
class Value {
 public:
  using List = std::vector<Value>;
  using Object = std::vector<Member>;
  using Data = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Object>;

  Data data;  ///< null at first
  Origin origin;
  Origin used_at = {};  ///< where "$name" stands, if `let` gave the value; else of no file
  /// Of a part's configuration: written for another part, whose place this one took later.
  bool left_over = false;
  bool is_default = false;  ///< the schema's, because the recipe is silent

  /// Where the value stands in the recipe, wherever its content comes from.
  const Origin& place() const { return used_at.file ? used_at : origin; }

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data); }
  bool is_number() const { return integer() != nullptr || std::holds_alternative<double>(data); }

  /// The content, or null if the value is of another type.
  const bool* boolean() const { return std::get_if<bool>(&data); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data); }
  const std::string* text() const { return std::get_if<std::string>(&data); }
  const List* list() const { return std::get_if<List>(&data); }
  const Object* object() const { return std::get_if<Object>(&data); }
  std::string* text() { return std::get_if<std::string>(&data); }
  List* list() { return std::get_if<List>(&data); }
  Object* object() { return std::get_if<Object>(&data); }

  /// Of an integer or a real; 0 for anything else.
  double number() const;

  /// Elements of a list and members of an object; none for anything else.
  const List& items() const;
  const Object& members() const;

  /// The member with this key; null if there is none or this is no object.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// REQUIRES: an object.
  void set(const std::string& key, Value value);
  void erase(std::string_view key);
};

struct Member {
  std::string key;
  Value value;
};

/// The keys of an object, in their order.
std::vector<std::string> keys(const Value& object);

/// Levels of nesting: 0 for a scalar, 1 for `[1]`.
std::size_t depth(const Value& value);
/// This value and all values inside it.
std::size_t count(const Value& value);

/// `pointer` + "/" + `key`, with `~` and `/` in the key escaped as RFC 6901 says.
std::string child(const std::string& pointer, std::string_view key);
std::string child(const std::string& pointer, std::size_t index);
/// The keys of a pointer, unescaped: "/a~1b/0" gives "a/b" and "0".
std::vector<std::string> segments(std::string_view pointer);

Place place_at(const Origin& origin, const std::string& pointer);
/// The place of every value in `value`, by pointer.
std::map<std::string, Place> places(const Value& value);
/// By pointer the place of every key whose value `let` gives.
std::map<std::string, Place> key_places(const Value& value);

/// JSON on one line, without blanks.
std::string compact(const Value& value);
/// JSON for people: two blanks a level, short arrays on one line.
std::string pretty(const Value& value);

}  // namespace weft::host
