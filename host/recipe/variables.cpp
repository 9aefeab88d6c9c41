// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/variables.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"

namespace weft::host {
namespace {

bool is_variable_name(const std::string& name) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), allowed);
}

/// How large a value is once its own variables are replaced.
struct Extent {
  std::size_t values = 0, bytes = 0, depth = 0;
};

class Variables {
 public:
  explicit Variables(Findings& findings) : findings_(findings) {}

  /// False if the value is too large, which is reported.
  bool declare(Member& member) {
    const std::string pointer = child("/let", member.key);
    const Origin& origin = member.value.origin;
    if (!is_variable_name(member.key)) {
      findings_.add(origin, pointer,
                    "this is not a name. Use letters, digits and \"_\", no digit first.");
      return true;
    }
    if (member.value.is_null()) {
      findings_.add(origin, pointer,
                    "expected a string, a number, true, false, an array or an object, found null.");
    } else {
      const auto extent = measure(member.value, pointer, 1);
      if (!extent) return false;
      extents_[member.key] = *extent;
      replace(member.value, pointer);
    }
    names_.push_back(member.key);
    values_[member.key] = {std::move(member.value), pointer};
    return true;
  }

  /// What replace() would make of `value`, found out before anything is copied. Nothing where that
  /// is too large, which is reported.
  /// @param level  how deep `value` is nested
  std::optional<Extent> measure(const Value& value, const std::string& pointer, std::size_t level) {
    Extent whole{1, 0, 0};
    if (const std::string* text = value.text()) {
      whole.bytes = text->size();
      const auto used = extents_.find(variable_in(*text));
      if (used == extents_.end()) return whole;
      whole = used->second;
      values_added_ += whole.values;
      bytes_added_ += whole.bytes;
      if (level + whole.depth <= k_max_depth && values_added_ <= k_max_values &&
          bytes_added_ <= k_max_text)
        return whole;
      findings_.add(
          value.origin, pointer,
          concat("\"", *text, "\" makes the recipe larger than ", k_max_values, " values or ",
                 k_max_text >> 20, " MiB, or deeper than ", k_max_depth, " levels."));
      return std::nullopt;
    }
    const auto add = [&](const Value& inner, const std::string& at) {
      const auto extent = measure(inner, at, level + 1);
      if (!extent) return false;
      whole.values += extent->values;
      whole.bytes += extent->bytes;
      whole.depth = std::max(whole.depth, extent->depth + 1);
      return true;
    };
    for (std::size_t i = 0; i < value.items().size(); ++i)
      if (!add(value.items()[i], child(pointer, i))) return std::nullopt;
    for (const Member& member : value.members())
      if (!add(member.value, child(pointer, member.key))) return std::nullopt;
    return whole;
  }

  /// REQUIRES: measure() found it small enough.
  void replace(Value& value, const std::string& pointer) {
    if (const std::string* text = value.text()) {
      if (text->starts_with("$$")) {
        value.data = text->substr(1);
      } else if (text->starts_with('$')) {
        use(value, text->substr(1), pointer);
      }
    } else if (Value::List* list = value.list()) {
      for (std::size_t i = 0; i < list->size(); ++i) replace((*list)[i], child(pointer, i));
    } else if (Value::Object* object = value.object()) {
      for (Member& member : *object) replace(member.value, child(pointer, member.key));
    }
  }

  void report_unused(bool all) const {
    for (const auto& [name, variable] : values_) {
      const Origin& origin = variable.value.place();
      if (used_.contains(name) || (!all && origin.line > 0)) continue;
      findings_.add(origin, variable.pointer,
                    concat("nothing uses \"$", name, "\". Use it, or remove it."));
    }
  }

 private:
  struct Variable {
    Value value;
    std::string pointer;
  };

  /// "dim" of "$dim"; empty for a text that is no variable.
  static std::string variable_in(const std::string& text) {
    return text.starts_with('$') && !text.starts_with("$$") ? text.substr(1) : "";
  }

  void use(Value& value, const std::string& name, const std::string& pointer) {
    const auto known = values_.find(name);
    if (known == values_.end()) {
      if (!findings_.all().is_full())
        for (const std::string& meant : nearest(name, names_)) used_.insert(meant);
      return findings_.add(
          value.origin, pointer,
          concat(pointer.starts_with("/let/") ? "nothing above in \"let\"" : "nothing in \"let\"",
                 " is called \"", name, "\".",
                 // A look at every name for each mistake: not where it will not be shown.
                 findings_.all().is_full() ? "" : suggestion(name, names_)));
    }
    used_.insert(name);
    const Origin here = value.place();
    value = known->second.value;
    value.used_at = here;
  }

  Findings& findings_;
  std::map<std::string, Variable> values_;
  std::vector<std::string> names_;  // in the order of declaration
  std::set<std::string> used_;
  std::map<std::string, Extent> extents_;  // of those variables that may be used
  std::size_t values_added_ = 0, bytes_added_ = 0;
};

}  // namespace

bool replace_variables(Value& recipe, bool expect_all_used, Findings& findings) {
  Variables variables(findings);
  if (Value* let = recipe.find("let")) {
    if (let->object() == nullptr)
      findings.add(let->origin, "/let", concat("expected an object, found ", found(*let), "."));
    if (let->object())
      for (Member& member : *let->object())
        if (!variables.declare(member)) return false;
    recipe.erase("let");
  }
  if (!variables.measure(recipe, "", 0)) return false;
  variables.replace(recipe, "");
  variables.report_unused(expect_all_used);
  return true;
}

void escape_variables(Value& value) {
  if (std::string* text = value.text(); text && text->starts_with('$')) text->insert(0, 1, '$');
  if (Value::List* list = value.list())
    for (Value& item : *list) escape_variables(item);
  if (Value::Object* object = value.object())
    for (Member& member : *object) escape_variables(member.value);
}

}  // namespace weft::host
