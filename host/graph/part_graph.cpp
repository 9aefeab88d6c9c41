// SPDX-License-Identifier: Apache-2.0
#include "host/graph/part_graph.hpp"

#include <algorithm>
#include <utility>

#include "host/base/text.hpp"
#include "host/graph/declared_fields.hpp"
#include "host/graph/modulation_check.hpp"

namespace weft::host {
namespace {

/// All parts together may have so many parameters and buffers, each a tensor of its own.
constexpr std::size_t k_most_tensors = 65'536;

/// The plans of one section in an order in which producers come first. The recipe has no cycles.
std::vector<const NodePlan*> in_order(const std::vector<NodePlan>& plans) {
  std::map<std::string, const NodePlan*> by_name;
  for (const NodePlan& plan : plans) by_name[plan.name] = &plan;
  std::vector<const NodePlan*> order;
  std::set<std::string> placed;
  const std::function<void(const NodePlan&)> place = [&](const NodePlan& plan) {
    if (!placed.insert(plan.name).second) return;
    for (const auto& [port, wires] : plan.in)
      for (const Wire& wire : wires)
        if (const auto producer = by_name.find(wire.node); producer != by_name.end())
          place(*producer->second);
    order.push_back(&plan);
  };
  for (const NodePlan& plan : plans) place(plan);
  return order;
}

}  // namespace

std::optional<std::size_t> port_index(const std::vector<Port>& ports, const std::string& name) {
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  return std::nullopt;
}

void GraphMaker::create(const std::vector<NodePlan>& plans, const std::string& section) {
  for (const NodePlan* plan : in_order(plans)) {
    const std::string pointer = "/" + section + "/" + plan->name;
    if (graph.by_name.contains(plan->name)) {
      context_.report.problem(
          pointer, "the name \"" + plan->name +
                       "\" is taken in another section. Names are unique over graph, losses and "
                       "metrics, because parameters are known by them.");
      continue;
    }
    create_one(*plan, pointer);
  }
}

void GraphMaker::create_one(const NodePlan& plan, const std::string& pointer) {
  if (declared_ > k_most_tensors)
    return context_.report.problem(
        pointer, concat("the parts before this one have more than ", k_most_tensors,
                        " parameters and buffers together. Make them smaller."));
  auto made = maker_.make(plan, pointer, [this](const Wire& wire) { return producer_of(wire); });
  if (!made) return tell_unknown_fields(plan);
  const Instance& instance = made->node.instance;
  declared_ += instance.parameters().size() + instance.buffers().size();
  graph.by_name[plan.name] = graph.nodes.size();
  plans_[plan.name] = std::move(made->plan);
  if (plan.in.contains("")) unnamed_.insert(pointer);
  graph.nodes.push_back(std::move(made->node));
}

/// Also a node that cannot be made tells which of its fields there are not.
void GraphMaker::tell_unknown_fields(const NodePlan& plan) const {
  for (const auto& [port, wires] : plan.in)
    for (const Wire& wire : wires)
      if (wire.node == "batch" && wire.view.empty()) field_source(wire, wire.place.pointer);
}

const Instance* GraphMaker::producer_of(const Wire& wire) const {
  const PartGraph* from = wire.view.empty() ? &graph : context_.graph_of(wire.view);
  if (from == nullptr) return nullptr;
  const auto found = from->by_name.find(wire.node);
  return found == from->by_name.end() ? nullptr : &from->nodes[found->second].instance;
}

void GraphMaker::connect() {
  for (Node& node : graph.nodes) {
    const NodePlan& plan = plans_.at(node.name);
    node.inputs.resize(node.instance.inputs().size());
    for (const auto& [port, wires] : plan.in) connect_port(node, port, wires);
    require_inputs(node);
    require_a_mask_each(node);
  }
}

void GraphMaker::connect_port(Node& node, const std::string& name, const std::vector<Wire>& wires) {
  const std::string pointer =
      unnamed_.contains(node.pointer) ? node.pointer + "/in" : node.pointer + "/in/" + name;
  const auto port = port_index(node.instance.inputs(), name);
  if (!port)
    return context_.report.problem(
        pointer, concat(plans_.at(node.name).use, " has no input port \"", name, "\".",
                        suggestion(name, names_of(node.instance.inputs()))));
  if (wires.size() > 1 && !node.instance.inputs()[*port].list)
    return context_.report.problem(pointer,
                                   concat("this port takes one wire, found ", wires.size(), "."));
  for (std::size_t i = 0; i < wires.size(); ++i) {
    const std::string place = wires.size() > 1 ? pointer + "/" + std::to_string(i) : pointer;
    if (auto source = find_source(wires[i], place)) node.inputs[*port].push_back(*source);
  }
}

std::optional<InputSource> GraphMaker::field_source(const Wire& wire,
                                                    const std::string& pointer) const {
  std::vector<std::string> fields;
  for (const auto& [data_name, specs] : context_.data)
    for (const FieldSpec& spec : specs)
      if (std::ranges::find(fields, spec.name) == fields.end()) fields.push_back(spec.name);
  if (context_.is_of_run || std::ranges::find(fields, wire.port) != fields.end()) {
    require_metric_for_text(wire, pointer);
    return InputSource{InputSource::From::batch, wire.port, 0, 0, pointer};
  }
  if (is_perhaps_faulty(context_.recipe, context_.data, wire.port)) return std::nullopt;
  for (const std::string& name : declared_fields(context_.recipe))
    if (std::ranges::find(fields, name) == fields.end()) fields.push_back(name);
  context_.report.problem(
      pointer, concat("no data has a field \"", wire.port, "\".", suggestion(wire.port, fields)));
  return std::nullopt;
}

/// Texts are filled in when metrics are measured, and at no other time.
void GraphMaker::require_metric_for_text(const Wire& wire, const std::string& pointer) const {
  if (pointer.starts_with("/metrics/")) return;
  for (const auto& [data_name, specs] : context_.data)
    for (const FieldSpec& spec : specs)
      if (spec.name == wire.port && spec.is_text())
        return context_.report.problem(
            pointer,
            concat("batch.", wire.port, " is the text itself, which only metrics read. ",
                   "Wire batch.", wire.port.substr(0, wire.port.rfind("_text")), ", its tokens."));
}

std::optional<InputSource> GraphMaker::find_source(const Wire& wire, const std::string& pointer,
                                                   const std::string& inside) const {
  if (wire.node == "batch") return field_source(wire, pointer);
  if (wire.node == k_gradient && wire.view.empty() && !graph.by_name.contains(wire.node))
    return gradient_source(wire, pointer);
  const PartGraph* from =
      wire.view.empty() ? &graph : context_.graph_of(wire.view == "this" ? inside : wire.view);
  if (from == nullptr) return std::nullopt;  // the view has its own problem
  const auto found = from->by_name.find(wire.node);
  if (found == from->by_name.end()) {
    if (from != &graph || context_.is_of_run)
      context_.report.problem(
          pointer, concat("the run that view \"", wire.view == "this" ? inside : wire.view,
                          "\" is of has no node \"", wire.node, "\"."));
    return std::nullopt;  // else that node has its own problem
  }
  const Instance& producer = from->nodes[found->second].instance;
  const bool is_text = wire.port == "text" && !output_port(producer, wire.port);
  if ((wire.port == "generated" || is_text) && producer.extension(WEFT_AUTOREGRESSIVE) != nullptr) {
    if (pointer.starts_with("/metrics/") &&
        std::ranges::find(context_.generate, wire.node, &GenerationPlan::node) !=
            context_.generate.end())
      return InputSource{InputSource::From::generated,
                         is_text ? "text" : "",
                         found->second,
                         0,
                         pointer,
                         {},
                         wire.view};
    if (context_.recipe.problems.is_wrong("/evaluate")) return std::nullopt;
    context_.report.problem(pointer, concat("\"", wire.node, ".", wire.port,
                                            "\" is written for metrics only, and only "
                                            "where evaluate.generate.node is \"",
                                            wire.node, "\"."));
    return std::nullopt;
  }
  if (const auto port = output_port(producer, wire.port))
    return InputSource{InputSource::From::node, "", found->second, *port, pointer, {}, wire.view};
  context_.report.problem(pointer,
                          concat("\"", wire.node, "\" has no output port \"", wire.port, "\".",
                                 suggestion(wire.port, names_of(producer.outputs()))));
  return std::nullopt;
}

std::optional<InputSource> GraphMaker::gradient_source(const Wire& wire,
                                                       const std::string& pointer) const {
  const std::vector<std::string> keys = segments(pointer);
  const auto sizes = gradient_sizes(context_.recipe, keys.size() > 1 ? keys[1] : "", wire.port);
  if (!sizes) {
    context_.report.problem(
        pointer, concat("\"grad.", wire.port,
                        "\" is there after the backward pass, for the "
                        "function that a stage's modulate.scale names. No stage names this one."));
    return std::nullopt;
  }
  InputSource source{InputSource::From::gradient, wire.port, 0, 0, pointer};
  source.sizes = *sizes;
  return source;
}

void GraphMaker::require_inputs(const Node& node) const {
  const NodePlan& plan = plans_.at(node.name);
  for (const Port& port : node.instance.inputs())
    if (!port.optional && !plan.in.contains(port.name))
      context_.report.problem(node.pointer + "/in",
                              concat("input port \"", port.name, "\" is not wired. It takes ",
                                     port.shape, ": ", port.doc));
}

/// A mask port has as many wires as its streams, or none.
void GraphMaker::require_a_mask_each(const Node& node) const {
  const std::vector<Port>& ports = node.instance.inputs();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const auto stream = port_index(ports, ports[p].mask_of);
    if (ports[p].mask_of.empty() || !stream || node.inputs[p].empty()) continue;
    const std::size_t streams = node.inputs[*stream].size(), masks = node.inputs[p].size();
    if (streams != masks)
      context_.report.problem(
          node.pointer + "/in/" + ports[p].name,
          concat("expected one mask for each of the ", streams, " wires of \"", ports[*stream].name,
                 "\", found ", masks, ". Leave the port out and the masks follow their streams."));
  }
}

}  // namespace weft::host
