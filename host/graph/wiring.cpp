// SPDX-License-Identifier: Apache-2.0
#include "host/graph/wiring.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/graph/id_check.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/node_maker.hpp"
#include "host/graph/notes.hpp"
#include "host/graph/section_wires.hpp"
#include "host/graph/shape_check.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {
namespace {

/// All parts together may have so many parameters and buffers, each a tensor of its own.
constexpr std::size_t k_most_tensors = 65'536;

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& list) {
  std::vector<std::string> names;
  for (const Named& entry : list) names.push_back(entry.name);
  return names;
}

std::optional<std::size_t> port_index(const std::vector<Port>& ports, const std::string& name) {
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  return std::nullopt;
}

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

/// Builds a Wiring's nodes and collects what is wrong.
class Builder {
 public:
  Builder(const Recipe& recipe, const Registry& registry, const FieldsByData& data)
      : recipe_(recipe), registry_(registry), data_(data), problems_(recipe.problems) {
    for (const Problem& note : recipe.notes) notes.add(note);
  }

  void create(const std::vector<NodePlan>& plans, const std::string& section) {
    for (const NodePlan* plan : in_order(plans)) {
      const std::string pointer = "/" + section + "/" + plan->name;
      if (by_name.contains(plan->name)) {
        problem(pointer, "the name \"" + plan->name +
                             "\" is taken in another section. Names are unique over graph, losses "
                             "and metrics, because parameters are known by them.");
        continue;
      }
      create_one(*plan, pointer);
    }
  }

  void connect() {
    if (problems_.empty() && !recipe_.is_changed) maker_.require_defaults_taken();
    for (Node& node : nodes) {
      const NodePlan& plan = plans_.at(node.name);
      node.inputs.resize(node.instance.inputs().size());
      for (const auto& [port, wires] : plan.in) connect_port(node, port, wires);
      require_inputs(node);
      require_a_mask_each(node);
    }
  }

  /// Adds to every section's wires what follows by itself.
  void connect_sections() {
    for (const auto& [data_name, fields] : data_)
      sections_.emplace(data_name, section_wires(nodes, data_name, fields));
  }

  /// What the section's wires gave to say about nodes that run.
  void tell_remarks(const std::string& data_name, const std::vector<std::size_t>& order) {
    for (const SectionRemark& remark : sections_.at(data_name).remarks)
      if (std::ranges::find(order, remark.node) != order.end())
        notes.add(recipe_.locate(remark.pointer, remark.text));
  }

  void check_generation() {
    const std::string& name = recipe_.evaluate.generate_node;
    const auto found = by_name.find(name);
    if (found == by_name.end()) return;
    const Instance& decoder = nodes[found->second].instance;
    if (decoder.extension(WEFT_AUTOREGRESSIVE) == nullptr)
      problem("/evaluate/generate/node",
              concat("\"", name, "\" (", decoder.part().id, ") cannot generate: it offers no ",
                     WEFT_AUTOREGRESSIVE, ". Name an autoregressive decoder."));
  }

  void check_stages() {
    host::check_stages(
        recipe_, nodes, missing_parts(recipe_, by_name),
        [&](const std::string& pointer, const std::string& text) { problem(pointer, text); });
  }

  /// Of a graph with gaps they would be wrong.
  void take_notes() {
    if (!problems_.empty()) return;
    WiresByData wires;
    for (const auto& [data_name, section] : sections_) wires[data_name] = section.inputs;
    note_stages(recipe_, nodes, report_);
    note_unused(recipe_, nodes, wires, report_);
  }

  void check_memory() {
    for (const Problem& found : memory_problems(recipe_, nodes, data_, k_any_memory))
      problem(found.pointer, found.text);
  }

  void finish() const { problems_.require_none(recipe_.path); }

  const std::vector<PortWires>& wires(const std::string& data_name) const {
    return sections_.at(data_name).inputs;
  }

  std::map<std::string, std::vector<PortWires>> take_inputs() {
    std::map<std::string, std::vector<PortWires>> inputs;
    for (auto& [data_name, section] : sections_) inputs[data_name] = std::move(section.inputs);
    return inputs;
  }

  const Report& report() const { return report_; }

  std::vector<Node> nodes;
  std::map<std::string, std::size_t> by_name;
  Problems notes;

 private:
  void problem(const std::string& pointer, const std::string& text) {
    // What was wrong before is not also wrong in another way.
    if (!recipe_.problems.is_wrong_at(pointer)) problems_.add(recipe_.locate(pointer, text));
  }

  void create_one(const NodePlan& plan, const std::string& pointer) {
    if (declared_ > k_most_tensors)
      return problem(pointer, concat("the parts before this one have more than ", k_most_tensors,
                                     " parameters and buffers together. Make them smaller."));
    auto made = maker_.make(plan, pointer, nodes);
    if (!made) return;
    const Instance& instance = made->node.instance;
    declared_ += instance.parameters().size() + instance.buffers().size();
    by_name[plan.name] = nodes.size();
    plans_[plan.name] = std::move(made->plan);
    if (plan.in.contains("")) unnamed_.insert(pointer);
    nodes.push_back(std::move(made->node));
  }

  void connect_port(Node& node, const std::string& name, const std::vector<Wire>& wires) {
    const std::string pointer =
        unnamed_.contains(node.pointer) ? node.pointer + "/in" : node.pointer + "/in/" + name;
    const auto port = port_index(node.instance.inputs(), name);
    if (!port)
      return problem(pointer, concat(plans_.at(node.name).use, " has no input port \"", name, "\".",
                                     suggestion(name, names_of(node.instance.inputs()))));
    if (wires.size() > 1 && !node.instance.inputs()[*port].list)
      return problem(pointer, concat("this port takes one wire, found ", wires.size(), "."));
    for (std::size_t i = 0; i < wires.size(); ++i) {
      const std::string place = wires.size() > 1 ? pointer + "/" + std::to_string(i) : pointer;
      if (auto source = find_source(wires[i], place)) node.inputs[*port].push_back(*source);
    }
  }

  std::optional<InputSource> find_source(const Wire& wire, const std::string& pointer) {
    if (wire.node == "batch") {
      std::vector<std::string> fields;
      for (const auto& [data_name, specs] : data_)
        for (const FieldSpec& spec : specs)
          if (std::find(fields.begin(), fields.end(), spec.name) == fields.end())
            fields.push_back(spec.name);
      if (std::find(fields.begin(), fields.end(), wire.port) != fields.end()) {
        require_metric_for_text(wire, pointer);
        return InputSource{InputSource::From::batch, wire.port, 0, 0, pointer};
      }
      if (recipe_.problems.is_wrong("/data"))
        return std::nullopt;  // perhaps of what is wrong there
      problem(pointer,
              concat("no data has a field \"", wire.port, "\".", suggestion(wire.port, fields)));
      return std::nullopt;
    }
    const auto found = by_name.find(wire.node);
    if (found == by_name.end()) return std::nullopt;  // that node has its own problem
    const Instance& producer = nodes[found->second].instance;
    const bool is_text = wire.port == "text" && !output_port(producer, wire.port);
    if ((wire.port == "generated" || is_text) &&
        producer.extension(WEFT_AUTOREGRESSIVE) != nullptr) {
      if (pointer.starts_with("/metrics/") && recipe_.evaluate.generate_node == wire.node)
        return InputSource{InputSource::From::generated, is_text ? "text" : "", found->second, 0,
                           pointer};
      if (recipe_.problems.is_wrong("/evaluate")) return std::nullopt;
      problem(pointer, concat("\"", wire.node, ".", wire.port,
                              "\" is written for metrics only, and only "
                              "where evaluate.generate.node is \"",
                              wire.node, "\"."));
      return std::nullopt;
    }
    if (const auto port = output_port(producer, wire.port))
      return InputSource{InputSource::From::node, "", found->second, *port, pointer};
    problem(pointer, concat("\"", wire.node, "\" has no output port \"", wire.port, "\".",
                            suggestion(wire.port, names_of(producer.outputs()))));
    return std::nullopt;
  }

  /// Texts are filled in when metrics are measured, and at no other time.
  void require_metric_for_text(const Wire& wire, const std::string& pointer) {
    if (pointer.starts_with("/metrics/")) return;
    for (const auto& [data_name, specs] : data_)
      for (const FieldSpec& spec : specs)
        if (spec.name == wire.port && spec.is_text())
          return problem(pointer,
                         concat("batch.", wire.port, " is the text itself, which only ",
                                "metrics read. Wire batch.",
                                wire.port.substr(0, wire.port.rfind("_text")), ", its tokens."));
  }

  void require_inputs(const Node& node) {
    const NodePlan& plan = plans_.at(node.name);
    for (const Port& port : node.instance.inputs())
      if (!port.optional && !plan.in.contains(port.name))
        problem(node.pointer + "/in",
                concat("input port \"", port.name, "\" is not wired. It takes ", port.shape, ": ",
                       port.doc));
  }

  /// A mask port has as many wires as its streams, or none.
  void require_a_mask_each(const Node& node) {
    const std::vector<Port>& ports = node.instance.inputs();
    for (std::size_t p = 0; p < ports.size(); ++p) {
      const auto stream = port_index(ports, ports[p].mask_of);
      if (ports[p].mask_of.empty() || !stream || node.inputs[p].empty()) continue;
      const std::size_t streams = node.inputs[*stream].size(), masks = node.inputs[p].size();
      if (streams != masks)
        problem(node.pointer + "/in/" + ports[p].name,
                concat("expected one mask for each of the ", streams, " wires of \"",
                       ports[*stream].name, "\", found ", masks,
                       ". Leave the port out and the masks follow their streams."));
    }
  }

  const Recipe& recipe_;
  const Registry& registry_;
  const FieldsByData& data_;
  std::map<std::string, NodePlan> plans_;
  std::set<std::string> unnamed_;  // pointers of nodes whose wires stand without a port
  std::map<std::string, SectionWires> sections_;
  Problems problems_;
  std::size_t declared_ = 0;  // parameters and buffers up to now
  const Report report_{
      [this](const std::string& pointer, const std::string& text) { problem(pointer, text); },
      [this](const std::string& pointer, const std::string& text) {
        notes.add(recipe_.locate(pointer, text));
      }};
  NodeMaker maker_{recipe_, registry_, data_, report_,
                   [this](Problem problem) { problems_.add(std::move(problem)); }};
};

}  // namespace

Wiring::Wiring(const Recipe& recipe, const Registry& registry, const FieldsByData& data) {
  Builder builder(recipe, registry, data);
  builder.create(recipe.graph, "graph");
  builder.create(recipe.losses, "losses");
  builder.create(recipe.metrics, "metrics");
  builder.connect();
  builder.connect_sections();
  builder.check_generation();
  builder.check_stages();
  builder.check_memory();
  ShapeCheck shapes(recipe, builder.nodes, data, builder.report());
  for (const auto& [data_name, batch, targets] : runs_of(recipe, data, builder.by_name)) {
    const std::vector<std::size_t> order = needed_nodes(builder.nodes, targets);
    builder.tell_remarks(data_name, order);
    shapes.check(data_name, batch, order, builder.wires(data_name));
  }
  builder.take_notes();
  builder.finish();
  inputs_ = builder.take_inputs();
  notes_ = builder.notes.list();
  nodes_ = std::move(builder.nodes);
  by_name_ = std::move(builder.by_name);
}

std::vector<std::size_t> Wiring::needed(const std::vector<std::size_t>& targets) const {
  return needed_nodes(nodes_, targets);
}

}  // namespace weft::host
