// SPDX-License-Identifier: Apache-2.0
#include "host/graph/row_score_check.hpp"

#include "host/base/text.hpp"
#include "host/graph/node_maker.hpp"
#include "host/graph/shape.hpp"

namespace weft::host {
namespace {

using Tell = std::function<void(const std::string&, const std::string&)>;

bool is_loss(const Node& node) {
  return node.instance.part().kind == WEFT_KIND_LOSS;
}

/// Whether the port has one number for each row.
bool is_by_row(const Port& port) {
  const Shape shape = parse_shape(port.shape).value_or(Shape{});
  return !shape.leading && shape.axes.size() == 1 && shape.axes.front() == "B";
}

void check(const std::string& pointer, const std::string& name, const std::string& port,
           const std::vector<Node>& nodes, const std::map<std::string, std::size_t>& by_name,
           const Tell& report) {
  const auto found = by_name.find(name);
  std::vector<std::string> known;
  for (const Node& node : nodes)
    if (node.instance.part().kind != WEFT_KIND_METRIC) known.push_back(node.name);
  if (found == by_name.end() || nodes[found->second].instance.part().kind == WEFT_KIND_METRIC)
    return report(pointer,
                  concat("no node and no loss is called \"", name, "\".", suggestion(name, known)));
  const Node& node = nodes[found->second];
  const auto index = row_score_port(node.instance, port);
  if (index) {
    const Port& output = node.instance.outputs()[*index];
    if (!is_by_row(output))
      report(pointer, concat("output \"", output.name, "\" of \"", name, "\" is ", output.shape,
                             "; expected [B], a number for each row."));
    return;
  }
  if (!port.empty() || !is_loss(node)) {
    std::vector<std::string> outputs;
    for (const Port& one : node.instance.outputs()) outputs.push_back(one.name);
    return report(pointer, concat("\"", name, "\" has no output port \"", port, "\".",
                                  suggestion(port, outputs)));
  }
  if ((node.instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
    report(pointer, concat("\"", name,
                           "\" compares the rows of a batch with one another, so that no row has "
                           "a loss of its own. Name another loss, or an output [B]."));
}

}  // namespace

std::optional<std::size_t> row_score_port(const Instance& instance, const std::string& port) {
  const bool is_of_loss = instance.part().kind == WEFT_KIND_LOSS;
  return output_port(instance, port.empty() && is_of_loss ? "each" : port);
}

std::map<std::string, std::string> row_score_nodes(const StagePlan& stage) {
  std::map<std::string, std::string> nodes;
  if (!stage.select.node.empty()) nodes[stage.place.pointer + "/select/by"] = stage.select.node;
  if (!stage.curriculum.node.empty())
    nodes[stage.place.pointer + "/curriculum/easy_first"] = stage.curriculum.node;
  return nodes;
}

void check_row_scores(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name, const Tell& report) {
  const auto named = row_score_nodes(stage);
  for (const auto& [pointer, name] : named)
    check(pointer, name, pointer.ends_with("/by") ? stage.select.port : stage.curriculum.port,
          nodes, by_name, report);
}

}  // namespace weft::host
