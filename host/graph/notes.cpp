// SPDX-License-Identifier: Apache-2.0
#include "host/graph/notes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/text.hpp"
#include "host/graph/row_score_check.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {
namespace {

using ByName = std::map<std::string, std::size_t>;

std::vector<std::size_t> indices(const ByName& by_name, const std::set<std::string>& names) {
  std::vector<std::size_t> found;
  for (const std::string& name : names)
    if (const auto one = by_name.find(name); one != by_name.end()) found.push_back(one->second);
  return found;
}

std::set<std::string> losses_of(const StagePlan& stage) {
  std::set<std::string> names;
  for (const auto& [loss, weight] : stage.losses) names.insert(loss);
  return names;
}

std::string quoted(const std::set<std::string>& names) {
  std::vector<std::string> words;
  for (const std::string& name : names) words.push_back("\"" + name + "\"");
  return enumerate(words);
}

bool learns(const Node& node, const StagePlan& stage) {
  if (node.weights > 0) return false;
  return std::ranges::any_of(node.instance.parameters(), [&](const ParameterDecl& parameter) {
    return is_trained(stage, node.owner + "." + parameter.name);
  });
}

/// The stage with one pattern of `train` alone.
StagePlan only(const StagePlan& stage, const std::string& pattern) {
  StagePlan one;
  one.train = {pattern};
  one.freeze = stage.freeze;
  return one;
}

/// Every pattern of `train` covers something that feeds a loss.
void note_idle_learners(const StagePlan& stage, const std::vector<Node>& nodes,
                        const ByName& by_name, const Report& report) {
  const std::set<std::string> losses = losses_of(stage);
  const auto needed = needed_nodes(nodes, indices(by_name, losses));
  const auto feeds = [&](const StagePlan& plan) {
    return std::ranges::any_of(needed, [&](std::size_t i) { return learns(nodes[i], plan); });
  };
  const auto any_learns = [&](const StagePlan& plan) {
    return std::ranges::any_of(nodes, [&](const Node& node) { return learns(node, plan); });
  };
  if (any_learns(stage) && !feeds(stage))
    return report.problem(
        stage.place.pointer,
        concat("nothing that is trained in stage \"", stage.name, "\" feeds its losses, ",
               quoted(losses), ". Train parts that do, or minimise another loss."));
  for (std::size_t i = 0; i < stage.train.size(); ++i) {
    const StagePlan one = only(stage, stage.train[i]);
    if (any_learns(one) && !feeds(one))
      report.note(train_pointer(stage, i),
                  concat("\"", stage.train[i], "\" feeds no loss of stage \"", stage.name,
                         "\", so that it learns nothing there."));
  }
}

/// The names of everything that a stage or the evaluation computes, by data section.
std::map<std::string, std::set<std::string>> targets_by_data(const Recipe& recipe) {
  std::map<std::string, std::set<std::string>> targets;
  for (const StagePlan& stage : recipe.stages) {
    targets[stage.data].merge(losses_of(stage));
    targets[stage.data].insert(stage.metrics.begin(), stage.metrics.end());
    if (!stage.modulate.node.empty()) targets[stage.data].insert(stage.modulate.node);
    for (const auto& [pointer, node] : row_score_nodes(stage)) targets[stage.data].insert(node);
  }
  const EvaluationPlan& evaluate = recipe.evaluate;
  if (!evaluate.data.empty())
    targets[evaluate.data].insert(evaluate.metrics.begin(), evaluate.metrics.end());
  for (const GenerationPlan& entry : evaluate.generate)
    if (!entry.logits.node.empty()) targets[evaluate.data].insert(entry.logits.node);
  return targets;
}

/// The fields of the batch that these nodes read.
std::set<std::string> fields_read(const std::vector<PortWires>& wires,
                                  const std::vector<std::size_t>& nodes) {
  std::set<std::string> fields;
  for (const std::size_t node : nodes)
    for (const auto& port : wires[node])
      for (const InputSource& source : port) fields.insert(base_field(source.field));
  return fields;
}

/// True if one of the fields is `name`, or comes with it: `name_mask`, and not a field of its own.
bool is_read(const std::string& name, const nlohmann::json& own,
             const std::set<std::string>& fields) {
  return std::ranges::any_of(fields, [&](const std::string& field) {
    return field == name || (field.starts_with(name + "_") && !own.contains(field));
  });
}

void note_unread_fields(const DataPlan& data, const std::set<std::string>& read,
                        const Report& report) {
  const auto section = nlohmann::json::parse(data.config, nullptr, /*allow_exceptions=*/false);
  if (!section.is_object() || !section.contains("fields")) return;
  const nlohmann::json& fields = section.at("fields");
  for (const auto& [name, unused] : fields.items())
    if (!is_read(name, fields, read))
      report.note(concat("/data/", data.name, "/fields/", name),
                  concat("no part reads \"", name, "\" where data \"", data.name, "\" is used."));
}

}  // namespace

void note_stages(const Recipe& recipe, const std::vector<Node>& nodes, const ByName& by_name,
                 const Report& report) {
  for (const StagePlan& stage : recipe.stages) {
    const std::string& pointer = stage.place.pointer;
    if (stage.schedule.warmup > stage.steps && stage.steps > 0)
      report.note(pointer + "/schedule/warmup",
                  concat("the warm-up of ", stage.schedule.warmup, " steps is longer than stage \"",
                         stage.name, "\", which has ", stage.steps,
                         ": the learning rate never reaches lr."));
    note_idle_learners(stage, nodes, by_name, report);
  }
}

void note_unused(const Recipe& recipe, const std::vector<Node>& nodes, const ByName& by_name,
                 const WiresByData& wires, const Report& report) {
  std::set<std::string> used;  // nodes of the recipe, also where a view sees them
  std::map<std::string, std::set<std::string>> read;
  const auto targets = targets_by_data(recipe);
  for (const auto& [data, names] : targets) {
    const auto needed = needed_nodes(nodes, indices(by_name, names));
    for (const std::size_t node : needed)
      if (!nodes[node].is_of_run) used.insert(nodes[node].owner);
    if (wires.contains(data)) read[data] = fields_read(wires.at(data), needed);
  }
  for (const Node& node : nodes)
    if (!node.is_viewed() && !used.contains(node.name))
      report.note(node.pointer, concat("no stage and no evaluation uses \"", node.name, "\"."));
  for (const DataPlan& data : recipe.data) {
    if (read.contains(data.name)) note_unread_fields(data, read.at(data.name), report);
    if (!targets.contains(data.name))
      report.note("/data/" + data.name,
                  concat("no stage and no evaluation uses data \"", data.name, "\"."));
  }
}

void note_uncached(const Recipe& recipe, const std::vector<Node>& nodes, const ByName& by_name,
                   const Report& report) {
  for (const GenerationPlan& entry : recipe.evaluate.generate) {
    const auto found = by_name.find(entry.node);
    if (found == by_name.end() || !entry.use_cache) continue;
    const Instance& decoder = nodes[found->second].instance;
    if ((decoder.traits() & WEFT_INCREMENTAL) == 0)
      report.note(
          entry.place.pointer,
          concat("\"", entry.node, "\" (", decoder.part().id,
                 ") keeps nothing of what it has computed: for each token the whole text is "
                 "computed anew."));
  }
}

}  // namespace weft::host
