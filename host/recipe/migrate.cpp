// SPDX-License-Identifier: Apache-2.0
/// A recipe of format 1, as it is written, → one of format 2.

#include <string>
#include <string_view>

#include "host/recipe/format_1.hpp"
#include "host/recipe/source_text.hpp"

namespace weft::host {
namespace {

std::string quoted(const std::string& key) {
  return compact(Value{key, {}});
}

const Value* below(const Value* value, const std::string& key) {
  return value == nullptr ? nullptr : value->find(key);
}

/// Whether a node uses a part without a vendor: one that ships with Weft.
bool is_shipped(const Value& node, const Value* base) {
  const Value* use = node.find("use") ? node.find("use") : below(base, "use");
  return use != nullptr && use->text() != nullptr && use->text()->find('/') == std::string::npos;
}

void rename_config(SourceValue& source, const Value& config) {
  for (std::size_t i = 0; i < config.members().size(); ++i) {
    const std::string& key = config.members()[i].key;
    const std::string now = name_in_format_2("config", key);
    SourceValue& one = source.inside[i];
    if (now != key && config.find(now) == nullptr) one.key = quoted(now);
    if (now == "next_token" && (one.text == "0" || one.text == "1"))
      one.text = one.text == "1" ? "true" : "false";
  }
}

void rename(SourceValue& source, const Value& value, const std::string& area, const Value* base) {
  if (area.empty()) return;
  for (std::size_t i = 0; i < value.items().size(); ++i)
    rename(source.inside[i], value.items()[i], area_inside(area, "", &value.items()[i]), nullptr);
  for (std::size_t i = 0; i < value.members().size(); ++i) {
    const Member& member = value.members()[i];
    SourceValue& one = source.inside[i];
    const std::string now = name_in_format_2(area, member.key);
    if (now != member.key && value.find(now) == nullptr) one.key = quoted(now);
    Value word = member.value;
    rename_words(word, area, now);
    if (word.text() != nullptr && *word.text() != *member.value.text())
      one.text = quoted(*word.text());
    const Value* under = below(base, now);
    rename(one, member.value, area_inside(area, now, &member.value, under), under);
    if (area == "node" && now == "config" && is_shipped(value, base))
      rename_config(one, member.value);
    if (area == k_recipe_area && now == "format") one.text = "2";
  }
}

}  // namespace

void migrate(SourceValue& source, const Value& value, const Value* base) {
  rename(source, value, std::string(k_recipe_area), base);
}

}  // namespace weft::host
