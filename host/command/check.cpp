// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/command/verbs.hpp"
#include "host/data/field.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/registry/crash_report.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

std::int64_t parameter_count(const Node& node) {
  std::int64_t total = 0;
  for (const ParameterDecl& parameter : node.instance.parameters()) {
    std::int64_t count = 1;
    for (const std::int64_t size : parameter.sizes) count *= size;
    total += count;
  }
  return total;
}

nlohmann::ordered_json summary(const Recipe& recipe, const Wiring& wiring) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const Node& node : wiring.nodes())
    nodes.push_back({{"name", node.name},
                     {"part", node.instance.part().id},
                     {"version", node.instance.part().version.text()},
                     {"file", node.instance.part().file.string()},
                     {"parameters", parameter_count(node)}});
  return {{"recipe", recipe.path}, {"name", recipe.name}, {"nodes", nodes}};
}

}  // namespace

void check(const Options& options) {
  report_crashes("");
  const Recipe recipe = read_recipe(options.operands[0], options.overrides);
  const Registry registry(search_path(options));
  std::map<std::string, std::vector<FieldSpec>> fields;
  for (const DataPlan& data : recipe.data) fields[data.name] = field_specs(data.config);
  const Wiring wiring(recipe, registry, fields);
  if (options.json) {
    std::cout << summary(recipe, wiring).dump(2) << "\n";
    return;
  }
  Table table({"node", "part", "version", "parameters"});
  std::int64_t total = 0;
  for (const Node& node : wiring.nodes()) {
    total += parameter_count(node);
    table.add({node.name, node.instance.part().id, node.instance.part().version.text(),
               std::to_string(parameter_count(node))});
  }
  table.add({"total", "", "", std::to_string(total)});
  std::cout << table.text() << recipe.path << " is sound.\n";
}

}  // namespace weft::host
