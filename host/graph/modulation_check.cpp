// SPDX-License-Identifier: Apache-2.0
#include "host/graph/modulation_check.hpp"

#include <algorithm>

#include "host/base/text.hpp"
#include "host/graph/node_maker.hpp"
#include "host/graph/shape.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {
namespace {

using Tell = std::function<void(const std::string&, const std::string&)>;

bool is_graph_node(const Node& node) {
  return !node.is_viewed() && node.pointer.starts_with("/graph/");
}

std::vector<std::string> node_names(const std::vector<Node>& nodes, bool functions_only) {
  std::vector<std::string> names;
  for (const Node& node : nodes)
    if (is_graph_node(node) && (!functions_only || node.instance.part().kind == WEFT_KIND_FUNCTION))
      names.push_back(node.name);
  return names;
}

/// The port's sizes as far as they are known without data.
std::optional<std::vector<std::int64_t>> sizes_of(const Instance& instance, std::size_t port) {
  return ShapePattern(instance.outputs()[port].shape).resolve({instance.sizes(), std::nullopt});
}

void check_scale(const StagePlan& stage, const Node& node, const Tell& report) {
  const std::string pointer = stage.place.pointer + "/modulate/scale";
  const auto port = output_port(node.instance, stage.modulate.port);
  if (!port) {
    std::vector<std::string> outputs;
    for (const Port& one : node.instance.outputs()) outputs.push_back(one.name);
    return report(pointer, concat("\"", node.name, "\" has no output port \"", stage.modulate.port,
                                  "\".", suggestion(stage.modulate.port, outputs)));
  }
  const auto sizes = sizes_of(node.instance, *port);
  const auto groups = static_cast<std::int64_t>(stage.modulate.groups.size());
  const auto losses = static_cast<std::int64_t>(stage.losses.size());
  const auto fits = [](std::int64_t size, std::int64_t wanted) {
    return size < 0 || size == wanted;
  };
  const bool is_right =
      !sizes || (sizes->size() == 1 && fits((*sizes)[0], groups)) ||
      (sizes->size() == 2 && fits((*sizes)[0], groups) && fits((*sizes)[1], losses));
  if (!is_right)
    report(pointer,
           concat("expected [", groups, "], a scale for each group, or [", groups, ", ", losses,
                  "], one for each group and loss, found ", shape_text(*sizes), "."));
}

/// Scalars of micro-batches do not say what that of the step is.
void check_rows(const StagePlan& stage, const std::vector<Node>& nodes, const Node& node,
                const Tell& report) {
  if (stage.grad_accumulation <= 1) return;
  for (const std::vector<InputSource>& port : node.inputs)
    for (const InputSource& source : port) {
      if (source.from != InputSource::From::node) continue;
      const Node& producer = nodes[source.node];
      const Shape shape =
          parse_shape(producer.instance.outputs()[source.port].shape).value_or(Shape{});
      if (shape.leading || (!shape.axes.empty() && shape.axes.front() == "B")) continue;
      report(source.pointer,
             concat("\"", producer.name, "\" has no row for each example, so that ",
                    stage.grad_accumulation, " micro-batches cannot be put together for \"",
                    node.name, "\". Set grad_accumulation to 1."));
    }
}

}  // namespace

std::optional<std::vector<std::int64_t>> gradient_sizes(const Recipe& recipe,
                                                        const std::string& node,
                                                        const std::string& what) {
  for (const StagePlan& stage : recipe.stages) {
    if (node.empty() || stage.modulate.node != node) continue;
    const auto losses = static_cast<std::int64_t>(stage.losses.size());
    const auto groups = static_cast<std::int64_t>(stage.modulate.groups.size());
    if (what == "loss") return std::vector<std::int64_t>{losses};
    if (what == "gram") return std::vector<std::int64_t>{groups, losses, losses};
  }
  return std::nullopt;
}

void check_modulation(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name, const Tell& report) {
  const ModulatePlan& plan = stage.modulate;
  if (plan.node.empty()) return;
  const std::string pointer = stage.place.pointer + "/modulate/scale";
  const auto found = by_name.find(plan.node);
  if (found == by_name.end() || nodes[found->second].instance.part().kind != WEFT_KIND_FUNCTION)
    return report(pointer, concat("no function of the graph is called \"", plan.node, "\".",
                                  suggestion(plan.node, node_names(nodes, true))));
  const Node& node = nodes[found->second];
  check_scale(stage, node, report);
  check_rows(stage, nodes, node, report);
  for (const std::vector<InputSource>& port : node.inputs)
    for (const InputSource& source : port) {
      if (source.from != InputSource::From::gradient) continue;
      const auto losses = static_cast<std::int64_t>(stage.losses.size());
      const auto groups = static_cast<std::int64_t>(plan.groups.size());
      if (source.sizes.back() != losses || (source.sizes.size() == 3 && source.sizes[0] != groups))
        report(pointer, concat("another stage modulates by \"", plan.node,
                               "\" with another number of losses or groups. Give each stage a "
                               "function of its own."));
    }
  for (const Node& reader : nodes)
    for (const std::vector<InputSource>& port : reader.inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::node && source.node == found->second)
          report(source.pointer, concat("\"", plan.node,
                                        "\" scales gradients and runs after the "
                                        "backward pass, so that nothing can read it."));
}

void check_recomputed(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name, const Tell& report) {
  for (std::size_t i = 0; i < stage.recompute.size(); ++i) {
    const std::string& name = stage.recompute[i];
    const auto found = by_name.find(name);
    if (found != by_name.end() && is_graph_node(nodes[found->second])) continue;
    report(child(stage.place.pointer + "/recompute", i),
           concat("no graph node is called \"", name, "\".",
                  suggestion(name, node_names(nodes, false))));
  }
}

}  // namespace weft::host
