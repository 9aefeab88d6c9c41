// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/inherit.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/document.hpp"
#include "host/recipe/expectation.hpp"

namespace weft::host {
namespace {

/// How much has been copied, over all groups.
struct Copied {
  std::size_t values = 0, bytes = 0;

  bool add(const Value& value) {
    values += 1;
    bytes += value.text() ? value.text()->size() : 0;
    for (const Value& item : value.items())
      if (!add(item)) return false;
    for (const Member& member : value.members())
      if (!add(member.value)) return false;
    return values <= k_max_values && bytes <= k_max_text;
  }
};

struct Sibling {
  std::string name;
  std::string pointer;
  Value* value;
  enum class State { untouched, under_way, done } state = State::untouched;
};

/// The entries of one object, or the stages.
class Group {
 public:
  using Then = std::function<bool(Value& value, const std::string& pointer)>;

  /// @param then  what is still to do with an entry when it extends nothing any more
  Group(std::vector<Sibling> siblings, const char* what, Copied& copied, Findings& findings,
        Then then)
      : siblings_(std::move(siblings)),
        what_(what),
        copied_(copied),
        findings_(findings),
        then_(std::move(then)) {}

  bool settle_all() {
    for (Sibling& sibling : siblings_)
      if (!settle(sibling)) return false;
    return true;
  }

 private:
  bool settle(Sibling& one) {
    if (one.state == Sibling::State::done) return true;
    one.state = Sibling::State::under_way;
    if (one.value->object() != nullptr && one.value->find("extends") != nullptr && !extend(one))
      return false;
    one.state = Sibling::State::done;
    return !then_ || then_(*one.value, one.pointer);
  }

  /// False if too much would be copied.
  bool extend(Sibling& one) {
    const Value extends = *one.value->find("extends");
    one.value->erase("extends");
    const std::string place = child(one.pointer, "extends");
    const Value* base = extends.object() != nullptr ? &extends : nullptr;
    if (extends.text() != nullptr) {
      const auto refuse = [&](const std::string& text) {
        findings_.add(extends.origin, place, text);
        return true;
      };
      Sibling* sibling = find(*extends.text());
      if (sibling == nullptr)
        return refuse(concat("no ", what_, " beside it is called \"", *extends.text(), "\".",
                             suggestion(*extends.text(), other_names(one))));
      if (sibling->state == Sibling::State::under_way)
        return refuse("this goes round in a loop. Remove one \"extends\".");
      if (!settle(*sibling)) return false;
      base = sibling->value;
    }
    if (base == nullptr || base->object() == nullptr) {
      findings_.add(extends.origin, place,
                    concat("expected the name of a ", what_,
                           " beside it, or an object of \"let\", found ", found(extends), "."));
      return true;
    }
    if (!copied_.add(*base)) {
      findings_.add(extends.place(), place,
                    concat("this makes the recipe larger than ", k_max_values, " values or ",
                           k_max_text >> 20, " MiB."));
      return false;
    }
    Value merged = *base;
    if (one.pointer.starts_with("/stages/")) merged.erase("name");
    merge(merged, std::move(*one.value), one.pointer, findings_);
    *one.value = std::move(merged);
    return true;
  }

  Sibling* find(const std::string& name) {
    for (Sibling& sibling : siblings_)
      if (sibling.name == name) return &sibling;
    return nullptr;
  }

  std::vector<std::string> other_names(const Sibling& than) const {
    std::vector<std::string> names;
    for (const Sibling& sibling : siblings_)
      if (&sibling != &than) names.push_back(sibling.name);
    return names;
  }

  std::vector<Sibling> siblings_;
  const char* what_;
  Copied& copied_;
  Findings& findings_;
  Then then_;
};

std::vector<Sibling> members_of(Value* object, const std::string& pointer) {
  std::vector<Sibling> siblings;
  if (object != nullptr && object->object() != nullptr)
    for (Member& member : *object->object())
      siblings.push_back({member.key, child(pointer, member.key), &member.value});
  return siblings;
}

std::vector<Sibling> stages_of(Value* list) {
  std::vector<Sibling> siblings;
  if (list != nullptr && list->list() != nullptr)
    for (std::size_t i = 0; i < list->list()->size(); ++i) {
      Value& stage = (*list->list())[i];
      const Value* name = stage.find("name");
      siblings.push_back({name && name->text() ? *name->text() : "", child("/stages", i), &stage});
    }
  return siblings;
}

}  // namespace

bool inherit(Value& recipe, Findings& findings) {
  Copied copied;
  const auto fields = [&](Value& section, const std::string& pointer) {
    return Group(members_of(section.find("fields"), child(pointer, "fields")), "field", copied,
                 findings, {})
        .settle_all();
  };
  if (!Group(members_of(recipe.find("data"), "/data"), "data section", copied, findings, fields)
           .settle_all())
    return false;
  for (const auto& [key, what] :
       {std::pair("graph", "node"), std::pair("losses", "loss"), std::pair("metrics", "metric")})
    if (!Group(members_of(recipe.find(key), child("", key)), what, copied, findings, {})
             .settle_all())
      return false;
  return Group(stages_of(recipe.find("stages")), "stage", copied, findings, {}).settle_all();
}

}  // namespace weft::host
