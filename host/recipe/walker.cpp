// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/walker.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"

namespace weft::host {
namespace {

/// RFC 6901: a tilde stands before 0 or 1.
bool is_json_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next != '0' && next != '1') return false;
  }
  return true;
}

constexpr int k_max_references = 16;

const std::vector<std::string>& known_keywords() {
  static const std::vector<std::string> keywords = {
      "type", "const", "enum", "default", "$ref", "minimum", "maximum", "exclusiveMinimum",
      "exclusiveMaximum", "minLength", "items", "minItems", "maxItems", "properties", "required",
      "additionalProperties", "minProperties", "oneOf", "anyOf", "format", "if", "then", "else",
      // Annotations.
      "$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated",
      "readOnly", "writeOnly"};
  return keywords;
}

Error schema_error(const std::string& text) {
  return Error(Exit::plugin, "the schema itself is wrong: " + text);
}

/// True if `value` lies beyond the bound that `keyword` sets.
template <class Compare>
bool beyond(const Value& schema, const char* keyword, double value, Compare compare) {
  const Value* bound = schema.find(keyword);
  return bound != nullptr && compare(value, bound->number());
}

bool out_of_bounds(const Value& schema, double value) {
  return beyond(schema, "minimum", value, std::less<>()) ||
         beyond(schema, "maximum", value, std::greater<>()) ||
         beyond(schema, "exclusiveMinimum", value, std::less_equal<>()) ||
         beyond(schema, "exclusiveMaximum", value, std::greater_equal<>());
}

bool wrong_length(const Value& schema, const char* least, const char* most, std::size_t length) {
  const auto size = static_cast<double>(length);
  return beyond(schema, least, size, std::less<>()) || beyond(schema, most, size, std::greater<>());
}

/// Equal as JSON Schema means it: 1 and 1.0 are.
bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  return compact(a) == compact(b);
}

/// One walk: what stays the same from value to value.
class Walker {
 public:
  Walker(const Value& root, const WalkHooks& hooks) : root_(root), hooks_(hooks) {}

  void walk(const Value& schema, Value& value, const std::string& pointer, int references = 0) {
    if (const bool* accept = schema.boolean()) {
      if (!*accept) hooks_.report(value, pointer, "nothing may stand here.");
      return;
    }
    check_keywords(schema);
    if (const Value* reference = schema.find("$ref")) {
      if (references == k_max_references) throw schema_error("its references form a loop.");
      walk(resolve_reference(root_, reference->text() ? *reference->text() : ""), value, pointer,
           references + 1);
    }
    if (const Value* condition = schema.find("if"))
      if (const Value* branch = schema.find(holds(*condition, value) ? "then" : "else"))
        walk(*branch, value, pointer, references + 1);
    const auto choices = alternatives(root_, schema);
    if (!choices.empty()) choose(schema, choices, value, pointer, references);
    if (!accepts(schema, value)) return report_expected(schema, value, pointer);
    walk_content(schema, value, pointer);
  }

 private:
  /// Whether the value has the keys that a condition requires.
  static bool holds(const Value& condition, const Value& value) {
    const Value* required = condition.find("required");
    if (required == nullptr || condition.object()->size() != 1)
      throw schema_error("\"if\" takes {\"required\": [keys]} alone.");
    return std::ranges::all_of(required->items(), [&](const Value& key) {
      return key.text() != nullptr && value.find(*key.text()) != nullptr;
    });
  }

  static void check_keywords(const Value& schema) {
    if (schema.object() == nullptr)
      throw schema_error("expected an object, found " + found(schema) + ".");
    const auto& known = known_keywords();
    for (const Member& member : schema.members())
      if (!member.key.starts_with("x-") &&
          std::find(known.begin(), known.end(), member.key) == known.end())
        throw schema_error("keyword \"" + member.key + "\" is not one that Weft checks." +
                           suggestion(member.key, known));
  }

  /// Type, const, enum, bounds and lengths; turns 3.0 into 3 where an integer is wanted.
  static bool accepts(const Value& schema, Value& value) {
    const std::vector<std::string> types = types_of(schema);
    const auto fits = [&](const std::string& type) { return has_type(value, type); };
    const auto type = std::find_if(types.begin(), types.end(), fits);
    if (!types.empty() && type == types.end()) return false;
    if (type != types.end() && *type == "integer" && value.integer() == nullptr)
      value.data = static_cast<std::int64_t>(value.number());

    const Value* only = schema.find("const");
    if (only != nullptr && !equal(*only, value)) return false;
    if (const Value* allowed = schema.find("enum")) {
      const auto same = [&](const Value& item) { return equal(item, value); };
      if (std::none_of(allowed->items().begin(), allowed->items().end(), same)) return false;
    }
    if (value.is_number() && out_of_bounds(schema, value.number())) return false;
    if (value.text() && wrong_length(schema, "minLength", "maxLength", value.text()->size()))
      return false;
    if (value.list() && wrong_length(schema, "minItems", "maxItems", value.list()->size()))
      return false;
    return !value.object() ||
           !wrong_length(schema, "minProperties", "maxProperties", value.object()->size());
  }

  bool is_full() const { return hooks_.is_full && hooks_.is_full(); }

  /// @param meant  of the schema's choices the one of the value's type
  void report_expected(const Value& schema, const Value& value, const std::string& pointer,
                       const Value* meant = nullptr) {
    if (is_full()) return hooks_.report(value, pointer, "");
    std::string text = concat("expected ", expected(root_, schema), ", found ", found(value), ".");
    const Value& words_of = meant != nullptr ? *meant : schema;
    if (const Value* allowed = words_of.find("enum"); allowed && value.text()) {
      std::vector<std::string> words;
      for (const Value& item : allowed->items())
        if (item.text()) words.push_back(*item.text());
      if (!nearest(*value.text(), words).empty()) text += suggestion(*value.text(), words);
    }
    hooks_.report(value, pointer, text);
  }

  void choose(const Value& schema, const std::vector<const Value*>& choices, Value& value,
              const std::string& pointer, int references) {
    if (choices.size() == 1) return walk(*choices.front(), value, pointer, references + 1);
    if (value.object() != nullptr)
      if (const Member* kind = discriminator(*choices.front()))
        return choose_by(kind->key, choices, value, pointer, references);
    for (const Value* choice : choices) {
      const std::vector<std::string> types = types_of(*choice);
      const auto fits = [&](const std::string& type) { return has_type(value, type); };
      if (!types.empty() && std::none_of(types.begin(), types.end(), fits)) continue;
      // Another choice than the one of its type is perhaps what is wanted.
      if (choice->find("enum") != nullptr && !accepts(*choice, value))
        return report_expected(schema, value, pointer, choice);
      return walk(*choice, value, pointer, references + 1);
    }
    report_expected(schema, value, pointer);
  }

  /// @param key  whose value tells the choices apart; where it is left out, the choice that has it
  ///             by default is meant
  void choose_by(const std::string& key, const std::vector<const Value*>& choices, Value& value,
                 const std::string& pointer, int references) {
    const Value* kind = value.find(key);
    std::vector<std::string> names, quoted;
    for (const Value* choice : choices) {
      const Member* own = discriminator(*choice);
      if (own == nullptr) continue;
      const Value& name = *own->value.find("const");
      const bool is_meant = kind == nullptr ? own->value.find("default") != nullptr
                                            : kind->text() && *kind->text() == *name.text();
      if (is_meant) return walk(*choice, value, pointer, references + 1);
      names.push_back(*name.text());
      quoted.push_back(compact(name));
    }
    if (kind == nullptr)
      return hooks_.report(value, pointer,
                           concat("missing key \"", key, "\": one of ", enumerate(quoted), "."));
    std::string text = concat("expected one of ", enumerate(quoted), ", found ", found(*kind), ".");
    if (kind->text() && !nearest(*kind->text(), names).empty())
      text += suggestion(*kind->text(), names);
    hooks_.report(*kind, child(pointer, key), text);
  }

  void walk_content(const Value& schema, Value& value, const std::string& pointer) {
    if (value.text()) return check_format(schema, value, pointer);
    if (Value::List* list = value.list()) {
      if (const Value* items = schema.find("items"))
        for (std::size_t i = 0; i < list->size(); ++i) walk(*items, (*list)[i], child(pointer, i));
    }
    if (value.object()) walk_object(schema, value, pointer);
  }

  void check_format(const Value& schema, Value& value, const std::string& pointer) {
    const Value* format = schema.find("format");
    if (format == nullptr || format->text() == nullptr) return;
    if (*format->text() == "path" && hooks_.path) hooks_.path(value, pointer);
    if (*format->text() == "json-pointer" && !is_json_pointer(*value.text()))
      report_expected(schema, value, pointer);
  }

  void walk_object(const Value& schema, Value& value, const std::string& pointer) {
    static const Value none{Value::Object{}, {}};
    const Value* given = schema.find("properties");
    const Value& properties = given == nullptr ? none : *given;
    require_keys(schema, properties, value, pointer);
    for (const Member& property : properties.members()) {
      const Value* standard = property.value.find("default");
      if (standard == nullptr || value.find(property.key)) continue;
      value.set(property.key, with_origin(*standard, value.origin));
    }
    const Value* others = schema.find("additionalProperties");
    for (Member& member : *value.object()) {
      const std::string place = child(pointer, member.key);
      if (const Value* property = properties.find(member.key)) {
        walk(*property, member.value, place);
      } else if (others && others->boolean() && !*others->boolean()) {
        const auto& report = hooks_.unknown_key ? hooks_.unknown_key : hooks_.report;
        report(member.value, place,
               is_full() ? "" : "unknown key." + suggestion(member.key, keys(properties)));
      } else if (others) {
        walk(*others, member.value, place);
      }
    }
  }

  void require_keys(const Value& schema, const Value& properties, const Value& value,
                    const std::string& pointer) {
    const Value* required = schema.find("required");
    if (required == nullptr) return;
    for (const Value& key : required->items()) {
      if (key.text() == nullptr || value.find(*key.text())) continue;
      const Value* property = properties.find(*key.text());
      const std::string what = property ? ", " + expected(root_, *property) : "";
      hooks_.report(value, pointer, concat("missing key \"", *key.text(), "\"", what, "."));
    }
  }

  /// A default stands where the object stands that lacks the key.
  static Value with_origin(Value value, const Origin& origin) {
    value.origin = origin;
    value.is_default = true;
    if (value.list())
      for (Value& item : *value.list()) item = with_origin(std::move(item), origin);
    if (value.object())
      for (Member& member : *value.object())
        member.value = with_origin(std::move(member.value), origin);
    return value;
  }

  const Value& root_;
  const WalkHooks& hooks_;
};

}  // namespace

void walk(const Value& root, const Value& schema, Value& value, const std::string& pointer,
          const WalkHooks& hooks) {
  Walker(root, hooks).walk(schema, value, pointer);
}

const Value& resolve_reference(const Value& root, const std::string& reference) {
  const Value* schema = &root;
  if (!reference.starts_with('#'))
    throw schema_error("\"$ref\" must begin with \"#\", found \"" + reference + "\".");
  for (const std::string& key : segments(reference.substr(1))) {
    schema = schema->find(key);
    if (schema == nullptr) throw schema_error("\"$ref\" leads nowhere: \"" + reference + "\".");
  }
  return *schema;
}

}  // namespace weft::host
