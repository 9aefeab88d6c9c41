// SPDX-License-Identifier: Apache-2.0
#include "host/graph/token_ids.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// What a schema says of a key; null where it has no such key.
const Json* property(const Json& schema, const char* key) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return nullptr;
  const auto found = properties->find(key);
  return found == properties->end() ? nullptr : &*found;
}

bool allows(const Json& property, std::int64_t value) {
  const auto least = property.find("minimum");
  return least == property.end() || !least->is_number() ||
         least->get<double>() <= static_cast<double>(value);
}

}  // namespace

std::string with_token_ids(
    const std::string& config, const std::string& schema,
    const std::map<std::string, SpecialIds>& texts,
    const std::function<void(const std::string& key, const std::string& text)>& problem) {
  if (texts.empty()) return config;
  Json values = Json::parse(config, nullptr, /*allow_exceptions=*/false);
  const Json rules = Json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (!values.is_object() || !rules.is_object()) return config;
  bool changed = false;
  struct Key {
    const char* name;
    const char* token;
    std::int64_t SpecialIds::*member;
  };
  constexpr Key keys[] = {{"begin_id", "begin", &SpecialIds::begin},
                          {"end_id", "end", &SpecialIds::end},
                          {"pad_id", "pad", &SpecialIds::pad},
                          {"unknown_id", "unknown", &SpecialIds::unknown}};
  for (const auto& [key, token, member] : keys) {
    const Json* rule = property(rules, key);
    if (rule == nullptr || values.contains(key)) continue;
    const auto& [first, ids] = *texts.begin();
    for (const auto& [data, other] : texts)
      if (other.*member != ids.*member)
        problem(key,
                concat("the tokenizer of data \"", first, "\" has ", ids.*member, " and that of \"",
                       data, "\" ", other.*member, ". Set the one that is meant."));
    if (!allows(*rule, ids.*member)) {
      problem(key, concat("the tokenizer of data \"", first, "\" has no ", token,
                          " token, and the part needs one. Set ", key,
                          " to the id of a token that stands for it, or choose another "
                          "tokenizer."));
      continue;
    }
    values[key] = ids.*member;
    changed = true;
  }
  return changed ? values.dump() : config;
}

}  // namespace weft::host
