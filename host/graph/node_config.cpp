// SPDX-License-Identifier: Apache-2.0
#include "host/graph/node_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/recipe/format_1.hpp"
#include "host/recipe/schema.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr const char* k_from = "x-from";

/// The properties of a schema; an empty object if it has none.
Json properties_of(const std::string& schema) {
  const Json whole = Json::parse(schema, nullptr, /*allow_exceptions=*/false);
  const auto found = whole.is_object() ? whole.find("properties") : whole.end();
  return whole.is_object() && found != whole.end() && found->is_object() ? *found : Json::object();
}

/// The annotation of a property, or null. It may stand below "$defs", which hosts of ABI 0.9 pass
/// over.
const Json* source_of(const Json& property) {
  if (!property.is_object()) return nullptr;
  const auto defs = property.find("$defs");
  const auto found = property.find(k_from);
  if (found == property.end())
    return defs == property.end() || !defs->is_object() ? nullptr : source_of(*defs);
  const bool is_one =
      found->is_object() && found->contains("port") && found->at("port").is_string();
  return is_one ? &*found : nullptr;
}

/// The size that an annotation asks for: the largest over all wires and data sections; 0 if none
/// is known.
std::int64_t size_at(const Json& source, const std::vector<WireSizes>& wires) {
  const auto axis = source.find("axis");
  const bool has_axis = axis != source.end() && axis->is_number_unsigned();
  std::int64_t largest = 0;
  for (const WireSizes& wire : wires) {
    const std::size_t at = has_axis ? axis->get<std::size_t>() : wire.sizes.size();
    largest =
        std::max(largest, has_axis ? at < wire.sizes.size() ? wire.sizes[at] : 0 : wire.classes);
  }
  return largest;
}

/// What was 0 or 1 in format 1 may be false or true.
Json as_rule_has_it(const Json& rule, const Json& value) {
  const bool is_flag = rule.is_object() && rule.value("type", Json()) == "boolean";
  return is_flag && (value == 0 || value == 1) ? Json(value == 1) : value;
}

class Filler {
 public:
  Filler(const NodePlan& plan, const std::string& schema)
      : pointer_(plan.place.pointer),
        rules_(properties_of(schema)),
        values_(Json::parse(plan.config, nullptr, /*allow_exceptions=*/false)) {
    if (!values_.is_object()) values_ = Json::object();
  }

  void rename() {
    for (const Rename& one : renames()) {
      if (std::string_view(one.area) != "config" || !values_.contains(one.before)) continue;
      if (rules_.contains(one.before) || !rules_.contains(one.now)) continue;
      if (values_.contains(one.now)) continue;
      values_[one.now] = as_rule_has_it(rules_[one.now], values_[one.before]);
      values_.erase(one.before);
      result_.origins[one.now] = child(child(pointer_, "config"), one.before);
    }
  }

  void drop(const std::set<std::string>& left_over) {
    for (const std::string& key : left_over) {
      if (!values_.contains(key) || rules_.contains(key)) continue;
      values_.erase(key);
      result_.dropped.push_back(key);
    }
  }

  void follow_wires(const std::map<std::string, std::vector<Wire>>& wires,
                    const SizesOf& sizes_of) {
    for (const auto& [key, rule] : rules_.items()) {
      const Json* source = values_.contains(key) ? nullptr : source_of(rule);
      if (source == nullptr) continue;
      const auto port = wires.find(source->at("port").get<std::string>());
      if (port == wires.end() || port->second.empty()) continue;
      const std::int64_t size = size_at(*source, sizes_of(port->second));
      if (size <= 0) continue;
      values_[key] = size;
      result_.origins[key] = port->second.front().place.pointer;
    }
  }

  void take_defaults(const std::string& defaults) {
    const Json all = Json::parse(defaults, nullptr, /*allow_exceptions=*/false);
    if (!all.is_object()) return;
    for (const auto& [key, value] : all.items()) {
      if (!rules_.contains(key)) continue;
      result_.known_defaults.push_back(key);
      if (values_.contains(key)) continue;
      values_[key] = value;
      result_.origins[key] = child("/defaults/config", key);
      result_.defaults.push_back(key);
    }
  }

  NodeConfig finish() {
    result_.values = values_.dump();
    return std::move(result_);
  }

 private:
  std::string pointer_;
  Json rules_, values_;
  NodeConfig result_;
};

}  // namespace

NodeConfig fill_config(const NodePlan& plan, const std::string& schema,
                       const std::map<std::string, std::vector<Wire>>& wires, const Recipe& recipe,
                       const SizesOf& sizes_of) {
  Filler filler(plan, schema);
  if (recipe.is_format_1) filler.rename();
  filler.drop(plan.left_over);
  if (!recipe.is_format_1) filler.follow_wires(wires, sizes_of);  // silent meant the part's default
  filler.take_defaults(recipe.defaults);
  return filler.finish();
}

std::string complete_config(const Part& part, const std::string& config, const std::string& pointer,
                            std::vector<Problem>& problems) {
  const auto nowhere = [](const std::string& at, PlaceOf) { return Problem{"", 0, at, ""}; };
  return validate(part.config_schema, config, nowhere, pointer, problems);
}

std::string complete_config(const Part& part, const std::string& config) {
  std::vector<Problem> problems;
  std::string whole = complete_config(part, config, "", problems);
  if (!problems.empty()) throw Error(Exit::bad_recipe, problems.front().sentence());
  return whole;
}

std::string port_of_sizes(const std::string& schema) {
  std::set<std::string> ports;
  const Json properties = properties_of(schema);
  for (const auto& [key, rule] : properties.items())
    if (const Json* source = source_of(rule)) ports.insert(source->at("port").get<std::string>());
  return ports.size() == 1 ? *ports.begin() : "";
}

}  // namespace weft::host
