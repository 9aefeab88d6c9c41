// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/variables.hpp"

#include <algorithm>
#include <cctype>
#include <map>
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

class Variables {
 public:
  explicit Variables(Findings& findings) : findings_(findings) {}

  void declare(Member& member) {
    const std::string pointer = child("/let", member.key);
    const Origin& origin = member.value.origin;
    if (!is_variable_name(member.key))
      return findings_.add(origin, pointer,
                           "this is not a name. Use letters, digits and \"_\", no digit first.");
    if (member.value.object() || member.value.is_null()) {
      findings_.add(origin, pointer,
                    concat("expected a string, a number, true, false or an array, found ",
                           found(member.value), "."));
    } else {
      replace(member.value, pointer, 1);
    }
    names_.push_back(member.key);
    values_[member.key] = {std::move(member.value), pointer};
  }

  /// @param level  how deep `value` is nested
  void replace(Value& value, const std::string& pointer, std::size_t level) {
    if (const std::string* text = value.text()) {
      if (text->starts_with("$$")) {
        value.data = text->substr(1);
      } else if (text->starts_with('$')) {
        use(value, text->substr(1), pointer, level);
      }
    } else if (Value::List* list = value.list()) {
      for (std::size_t i = 0; i < list->size(); ++i)
        replace((*list)[i], child(pointer, i), level + 1);
    } else if (Value::Object* object = value.object()) {
      for (Member& member : *object) replace(member.value, child(pointer, member.key), level + 1);
    }
  }

  void report_unused(bool all) const {
    for (const auto& [name, variable] : values_) {
      const Origin& origin = variable.value.origin;
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

  void use(Value& value, const std::string& name, const std::string& pointer, std::size_t level) {
    const auto known = values_.find(name);
    if (known == values_.end())
      return findings_.add(
          value.origin, pointer,
          concat(pointer.starts_with("/let/") ? "nothing above in \"let\"" : "nothing in \"let\"",
                 " is called \"", name, "\".", suggestion(name, names_)));
    used_.insert(name);
    const Value& replacement = known->second.value;
    added_ += count(replacement);
    if (level + depth(replacement) > k_max_depth || added_ > k_max_values)
      return findings_.add(value.origin, pointer,
                           concat("\"$", name, "\" makes the recipe larger than ", k_max_values,
                                  " values or deeper than ", k_max_depth, " levels."));
    value = replacement;
  }

  Findings& findings_;
  std::map<std::string, Variable> values_;
  std::vector<std::string> names_;  // in the order of declaration
  std::set<std::string> used_;
  std::size_t added_ = 0;
};

}  // namespace

void replace_variables(Value& recipe, bool expect_all_used, Findings& findings) {
  Variables variables(findings);
  if (Value* let = recipe.find("let")) {
    if (let->object() == nullptr)
      findings.add(let->origin, "/let", concat("expected an object, found ", found(*let), "."));
    if (let->object())
      for (Member& member : *let->object()) variables.declare(member);
    recipe.erase("let");
  }
  variables.replace(recipe, "", 0);
  variables.report_unused(expect_all_used);
}

}  // namespace weft::host
