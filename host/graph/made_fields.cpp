// SPDX-License-Identifier: Apache-2.0
#include "host/graph/made_fields.hpp"

#include <algorithm>
#include <utility>

namespace weft::host {

std::string base_field(const std::string& field) {
  return field.substr(field.rfind(':') == std::string::npos ? 0 : field.rfind(':') + 1);
}

std::vector<FieldSpec> with_made_fields(std::vector<FieldSpec> fields,
                                        const std::set<std::string>& names) {
  const std::vector<FieldSpec> own = fields;
  const auto add = [&](const std::string& name, FieldSpec spec) {
    const auto is_it = [&](const FieldSpec& field) { return field.name == name; };
    if (std::ranges::any_of(fields, is_it)) return;
    const std::string how = name.substr(0, name.size() - spec.name.size());
    spec.name = name;
    if (!spec.mask.empty()) spec.mask = how + spec.mask;
    if (!spec.present.empty()) spec.present = how + spec.present;
    fields.push_back(std::move(spec));
  };
  for (const std::string& name : names) {
    const std::string base = base_field(name);
    const std::string how = name.substr(0, name.size() - base.size());
    const auto found = std::ranges::find(own, base, &FieldSpec::name);
    if (how.empty() || found == own.end()) continue;
    FieldSpec spec = *found;
    const bool is_absent = how.find(k_absent_field) != std::string::npos;
    if (is_absent && spec.present.empty()) {
      spec.present = base + "_present";
      if (std::ranges::find(own, spec.present, &FieldSpec::name) == own.end())
        add(how + spec.present, {spec.present, DType::boolean, {}, ""});
    }
    for (const std::string& companion : {spec.mask, spec.present})
      if (const auto one = std::ranges::find(own, companion, &FieldSpec::name); one != own.end())
        add(how + companion, *one);
    add(name, spec);
  }
  return fields;
}

bool reads_shuffled(const Node& node) {
  for (const std::vector<InputSource>& port : node.inputs)
    for (const InputSource& source : port)
      if (source.shuffles > 0 || source.field.find(k_shuffled_field) != std::string::npos)
        return true;
  return false;
}

std::set<std::string> fields_of(const std::vector<Node>& nodes) {
  std::set<std::string> names;
  for (const Node& node : nodes)
    for (const std::vector<InputSource>& port : node.inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::batch) names.insert(source.field);
  return names;
}

}  // namespace weft::host
