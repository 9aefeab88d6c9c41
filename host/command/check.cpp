// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/inspected.hpp"
#include "host/command/json_document.hpp"
#include "host/command/verbs.hpp"
#include "host/graph/expand.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/report/table.hpp"
#include "host/session/inspection.hpp"

namespace weft::host {
namespace {

nlohmann::ordered_json summary(const Recipe& recipe, const Wiring& wiring,
                               const std::vector<Problem>& notes) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const Node& node : wiring.nodes())
    nodes.push_back({{"name", node.name},
                     {"part", node.instance.part().id},
                     {"version", node.instance.part().version.text()},
                     {"file", node.instance.part().file.string()},
                     {"parameters", node.is_viewed() ? 0 : parameter_count(node)}});
  nlohmann::ordered_json warnings = nlohmann::ordered_json::array();
  for (const Problem& note : notes) warnings.push_back(note.sentence());
  return {{"recipe", recipe.path}, {"name", recipe.name}, {"nodes", nodes}, {"warnings", warnings}};
}

/// Whose parameters a view's node has.
std::string weights_in_words(const WeightSet& set) {
  switch (set.kind) {
    case WeightSet::Kind::frozen: return "frozen";
    case WeightSet::Kind::ema: return "averaged";
    case WeightSet::Kind::run: return "another run's";
    case WeightSet::Kind::live: break;
  }
  return "the same";
}

}  // namespace

void check(const Options& options) {
  const Inspected found = inspect(options);
  const Recipe& recipe = found.recipe;
  const Wiring& wiring = *found.wiring;
  std::vector<Problem> notes = wiring.notes();
  for (Problem& problem : memory_problems(recipe, wiring.nodes(), found.fields, machine_memory()))
    notes.push_back(std::move(problem));
  if (options.expand) {
    for (const Problem& note : notes) std::cerr << "warning: " << note.sentence() << "\n";
    std::cout << pretty(expanded(recipe, wiring));
    return;
  }
  if (options.json) {
    std::cout << document_text(summary(recipe, wiring, notes));
    return;
  }
  for (const Problem& note : notes) std::cerr << "warning: " << note.sentence() << "\n";
  Table table({"node", "part", "version", "parameters"});
  std::int64_t total = 0;
  for (const Node& node : wiring.nodes()) {
    if (!node.is_viewed() && __builtin_add_overflow(total, parameter_count(node), &total))
      total = std::numeric_limits<std::int64_t>::max();
    table.add({node.name, node.instance.part().id, node.instance.part().version.text(),
               node.is_viewed() ? weights_in_words(wiring.weights()[node.weights])
                                : std::to_string(parameter_count(node))});
  }
  table.add({"total", "", "", std::to_string(total)});
  std::cout << table.text() << printable(recipe.path) << " is sound.\n";
}

}  // namespace weft::host
