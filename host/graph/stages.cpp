// SPDX-License-Identifier: Apache-2.0
#include "host/graph/stages.hpp"

#include <algorithm>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Report = std::function<void(const std::string&, const std::string&)>;

/// Whether a pattern of `train` or `freeze` names a parameter, by itself or as part of a node.
bool covers(const std::string& pattern, const std::string& path) {
  return matches(pattern, path) || path.starts_with(pattern + ".");
}

std::vector<std::string> parameter_paths(const std::vector<Node>& nodes) {
  std::vector<std::string> paths;
  for (const Node& node : nodes)
    for (const ParameterDecl& parameter : node.instance.parameters())
      paths.push_back(node.name + "." + parameter.name);
  return paths;
}

void check_patterns(const std::vector<std::string>& patterns, const std::vector<Node>& nodes,
                    const std::string& pointer, const Report& report) {
  const std::vector<std::string> paths = parameter_paths(nodes);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string& pattern = patterns[i];
    // A node by its name is meant even where it has nothing to learn, as fusion.mean: swapping a
    // part must not ask for another change.
    const bool names_node =
        std::ranges::any_of(nodes, [&](const Node& node) { return matches(pattern, node.name); });
    const bool names_parameter =
        std::ranges::any_of(paths, [&](const auto& path) { return covers(pattern, path); });
    if (names_node || names_parameter) continue;
    std::vector<std::string> learners;
    for (const Node& node : nodes)
      if (!node.instance.parameters().empty()) learners.push_back(node.name);
    report(
        pointer + "/" + std::to_string(i),
        concat("pattern \"", pattern, "\" matches no parameter.", suggestion(pattern, learners)));
  }
}

void check_coupling(const StagePlan& stage, const std::vector<Node>& nodes,
                    const std::string& pointer, const Report& report) {
  std::vector<std::size_t> losses;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (stage.minimise.contains(nodes[i].name)) losses.push_back(i);
  for (const std::size_t index : needed_nodes(nodes, losses))
    if ((nodes[index].instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
      report(pointer, concat("\"", nodes[index].name,
                             "\" compares the rows of a batch with one another, so ",
                             stage.accumulate, " micro-batches would not equal one batch of ",
                             stage.batch, ". Set accumulate to 1."));
}

}  // namespace

std::vector<std::size_t> needed_nodes(const std::vector<Node>& nodes,
                                      const std::vector<std::size_t>& targets) {
  std::vector<bool> wanted(nodes.size(), false);
  for (const std::size_t target : targets) wanted[target] = true;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!wanted[i]) continue;
    for (const auto& sources : nodes[i].inputs)
      for (const InputSource& source : sources)
        if (source.from == InputSource::From::node || source.from == InputSource::From::generated)
          wanted[source.node] = true;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (wanted[i]) order.push_back(i);
  return order;
}

bool is_trained(const StagePlan& stage, const std::string& path) {
  const auto covers_path = [&](const std::string& pattern) { return covers(pattern, path); };
  return std::ranges::any_of(stage.train, covers_path) &&
         std::ranges::none_of(stage.freeze, covers_path);
}

void check_stages(const Recipe& recipe, const std::vector<Node>& nodes, const Report& report) {
  const std::vector<std::string> paths = parameter_paths(nodes);
  for (std::size_t i = 0; i < recipe.stages.size(); ++i) {
    const StagePlan& stage = recipe.stages[i];
    const std::string pointer = "/stages/" + std::to_string(i);
    check_patterns(stage.train, nodes, pointer + "/train", report);
    check_patterns(stage.freeze, nodes, pointer + "/freeze", report);
    if (std::ranges::none_of(paths, [&](const auto& path) { return is_trained(stage, path); }))
      report(pointer, "train and freeze leave nothing to train in this stage.");
    if (stage.accumulate > 1) check_coupling(stage, nodes, pointer + "/accumulate", report);
  }
}

}  // namespace weft::host
