// SPDX-License-Identifier: Apache-2.0
#include "host/graph/wiring.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/graph/shape.hpp"
#include "host/graph/stages.hpp"
#include "host/recipe/schema.hpp"

namespace weft::host {
namespace {

using FieldsByData = std::map<std::string, std::vector<FieldSpec>>;

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
      : recipe_(recipe), registry_(registry), data_(data) {}

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
    for (Node& node : nodes) {
      const NodePlan& plan = *plans_.at(node.name);
      node.inputs.resize(node.instance.inputs().size());
      for (const auto& [port, wires] : plan.in) connect_port(node, port, wires);
      follow_masks(node);
      require_inputs(node);
      require_a_mask_each(node);
    }
  }

  void check_shapes(const std::string& data_name, std::int64_t batch,
                    const std::vector<std::size_t>& order) {
    std::map<std::size_t, std::vector<weft_spec>> outputs;
    for (const std::size_t index : order) {
      const Node& node = nodes[index];
      std::vector<weft_spec> inputs;
      std::vector<std::uint32_t> counts;
      bool complete = true;
      for (std::size_t p = 0; p < node.inputs.size(); ++p) {
        const auto& sources = node.inputs[p];
        complete = complete && (node.instance.inputs()[p].optional || !sources.empty());
        counts.push_back(static_cast<std::uint32_t>(sources.size()));
        for (const InputSource& source : sources) {
          const auto spec = source_spec(source, data_name, batch, outputs);
          complete = complete && spec.has_value();
          inputs.push_back(spec.value_or(weft_spec{}));
        }
      }
      if (!complete) continue;  // a problem upstream, already reported
      try {
        outputs[index] = infer_outputs(node.instance, inputs, counts);
        if (node.name == recipe_.evaluate.generate_node && data_name == recipe_.evaluate.data)
          check_generated_length(node, inputs, counts);
      } catch (const Error& error) {
        // The same wires with another batch size give the same problem.
        if (misfits_.insert(index).second)
          problem(node.pointer + "/in", concat(error.what(), producers(node, inputs)));
      }
    }
  }

  /// Generation feeds the decoder its own text, up to one token less than the length asked for.
  void check_generated_length(const Node& node, std::vector<weft_spec> inputs,
                              const std::vector<std::uint32_t>& counts) {
    const auto* rules =
        static_cast<const weft_autoregressive*>(node.instance.extension(WEFT_AUTOREGRESSIVE));
    if (rules == nullptr) return;  // reported by check_generation()
    std::size_t at = 0;
    for (std::size_t p = 0; node.instance.inputs()[p].name != rules->tokens; ++p) at += counts[p];
    inputs[at].sizes[1] = std::max<std::int64_t>(recipe_.evaluate.generate_length - 1, 1);
    try {
      infer_outputs(node.instance, inputs, counts);
    } catch (const Error& error) {
      problem("/evaluate/generate/length", error.what());
    }
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

  /// Needs all parts: with one missing, what names it would be reported again.
  void check_stages() {
    if (nodes.size() < recipe_.graph.size() + recipe_.losses.size() + recipe_.metrics.size())
      return;
    host::check_stages(recipe_, nodes, [&](const std::string& pointer, const std::string& text) {
      problem(pointer, text);
    });
  }

  void finish() const {
    if (!problems_.empty()) throw RecipeError(recipe_.path, problems_);
  }

  std::vector<Node> nodes;
  std::map<std::string, std::size_t> by_name;

 private:
  void problem(const std::string& pointer, const std::string& text) {
    Problem found = recipe_.locate(pointer, text);
    for (const Problem& known : problems_)
      if (known.pointer == found.pointer && known.text == found.text) return;
    problems_.push_back(std::move(found));
  }

  void create_one(const NodePlan& plan, const std::string& pointer) {
    const Part* part = nullptr;
    try {
      part = &registry_.find(plan.use);
    } catch (const Error& error) {
      if (error.exit() != Exit::bad_recipe) throw;  // the plug-in's fault, not the recipe's
      return problem(pointer + "/use", error.what());
    }
    const std::size_t before = problems_.size();
    const std::string config = validate(
        part->config_schema, plan.config, [&](const std::string& at) { return recipe_.locate(at); },
        pointer + "/config", problems_);
    if (problems_.size() > before) return;
    std::map<std::string, std::uint32_t> wired;
    for (const auto& [port, wires] : plan.in)
      wired[port] = static_cast<std::uint32_t>(wires.size());
    try {
      nodes.push_back({plan.name, pointer, Instance(*part, plan.name, config, wired), {}});
      by_name[plan.name] = nodes.size() - 1;
      plans_[plan.name] = &plan;
    } catch (const Error& error) {
      if (error.exit() != Exit::bad_recipe) throw;
      problem(pointer + "/config", error.what());
    }
  }

  void connect_port(Node& node, const std::string& name, const std::vector<Wire>& wires) {
    const std::string pointer = node.pointer + "/in/" + name;
    const auto port = port_index(node.instance.inputs(), name);
    if (!port)
      return problem(pointer, concat(plans_.at(node.name)->use, " has no input port \"", name,
                                     "\".", suggestion(name, names_of(node.instance.inputs()))));
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
      if (std::find(fields.begin(), fields.end(), wire.port) != fields.end())
        return InputSource{InputSource::From::batch, wire.port, 0, 0, pointer};
      problem(pointer,
              concat("no data has a field \"", wire.port, "\".", suggestion(wire.port, fields)));
      return std::nullopt;
    }
    const auto found = by_name.find(wire.node);
    if (found == by_name.end()) return std::nullopt;  // that node has its own problem
    const Instance& producer = nodes[found->second].instance;
    if (wire.port == "generated" && producer.extension(WEFT_AUTOREGRESSIVE) != nullptr) {
      if (pointer.starts_with("/metrics/") && recipe_.evaluate.generate_node == wire.node)
        return InputSource{InputSource::From::generated, "", found->second, 0, pointer};
      problem(pointer, concat("\"", wire.node,
                              ".generated\" is written for metrics only, and only "
                              "where evaluate.generate.node is \"",
                              wire.node, "\"."));
      return std::nullopt;
    }
    if (const auto port = port_index(producer.outputs(), wire.port))
      return InputSource{InputSource::From::node, "", found->second, *port, pointer};
    problem(pointer, concat("\"", wire.node, "\" has no output port \"", wire.port, "\".",
                            suggestion(wire.port, names_of(producer.outputs()))));
    return std::nullopt;
  }

  /// Where the recipe wires a stream but not its mask, the mask follows the stream.
  void follow_masks(Node& node) {
    for (std::size_t p = 0; p < node.inputs.size(); ++p) {
      const Port& port = node.instance.inputs()[p];
      if (port.mask_of.empty() || !node.inputs[p].empty()) continue;
      const auto stream = port_index(node.instance.inputs(), port.mask_of);
      if (!stream) continue;
      bool any = false;
      std::vector<InputSource> masks;
      for (const InputSource& source : node.inputs[*stream]) {
        masks.push_back(mask_of(source));
        any = any || masks.back().from != InputSource::From::nothing;
      }
      if (any) node.inputs[p] = masks;
    }
  }

  InputSource mask_of(const InputSource& stream) const {
    if (stream.from == InputSource::From::batch) {
      for (const auto& [data_name, specs] : data_)
        for (const FieldSpec& spec : specs)
          if (spec.name == stream.field && !spec.mask.empty())
            return {InputSource::From::batch, spec.mask, 0, 0, stream.pointer};
    } else if (stream.from == InputSource::From::node) {
      const std::vector<Port>& ports = nodes[stream.node].instance.outputs();
      for (std::size_t i = 0; i < ports.size(); ++i)
        if (ports[i].mask_of == ports[stream.port].name)
          return {InputSource::From::node, "", stream.node, i, stream.pointer};
    }
    return {InputSource::From::nothing, "", 0, 0, stream.pointer};
  }

  void require_inputs(const Node& node) {
    const NodePlan& plan = *plans_.at(node.name);
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

  std::optional<weft_spec> source_spec(
      const InputSource& source, const std::string& data_name, std::int64_t batch,
      const std::map<std::size_t, std::vector<weft_spec>>& outputs) {
    if (source.from == InputSource::From::nothing) return weft_spec{};
    if (source.from == InputSource::From::generated)
      return make_spec(DType::int64,
                       {batch, std::max<std::int64_t>(recipe_.evaluate.generate_length, 1)});
    if (source.from == InputSource::From::node) {
      const auto found = outputs.find(source.node);
      if (found == outputs.end()) return std::nullopt;
      return found->second[source.port];
    }
    for (const FieldSpec& field : data_.at(data_name)) {
      if (field.name != source.field) continue;
      std::vector<std::int64_t> sizes = field.sizes;
      sizes.insert(sizes.begin(), batch);
      return make_spec(field.dtype, sizes);
    }
    problem(source.pointer, concat("data \"", data_name, "\" has no field \"", source.field, "\".",
                                   suggestion(source.field, names_of(data_.at(data_name)))));
    return std::nullopt;
  }

  /// " Wired: state = fusion.tokens [64, 75, 48]; …", so that the reader sees which producer to
  /// change.
  std::string producers(const Node& node, const std::vector<weft_spec>& inputs) const {
    std::string text = " Wired:";
    std::size_t at = 0;
    for (std::size_t p = 0; p < node.inputs.size(); ++p)
      for (const InputSource& source : node.inputs[p]) {
        const weft_spec& spec = inputs[at++];
        if (source.from == InputSource::From::nothing) continue;
        const std::string from = source.from == InputSource::From::batch ? "batch." + source.field
                                 : source.from == InputSource::From::generated
                                     ? nodes[source.node].name + ".generated"
                                     : nodes[source.node].name + "." +
                                           nodes[source.node].instance.outputs()[source.port].name;
        text += concat(text.back() == ':' ? " " : "; ", node.instance.inputs()[p].name, " = ", from,
                       " ", shape_text(spec_sizes(spec)));
      }
    return text + ".";
  }

  const Recipe& recipe_;
  const Registry& registry_;
  const FieldsByData& data_;
  std::map<std::string, const NodePlan*> plans_;
  std::set<std::size_t> misfits_;  // nodes whose shapes were reported
  std::vector<Problem> problems_;
};

struct Run {
  std::string data;
  std::int64_t batch;
  std::vector<std::size_t> targets;
};

/// Every combination of data and targets that the recipe runs.
std::vector<Run> runs_of(const Recipe& recipe, const std::map<std::string, std::size_t>& by_name) {
  std::vector<Run> runs;
  const auto add = [&](const std::string& data, std::int64_t batch,
                       const std::vector<std::string>& names) {
    Run run{data, batch, {}};
    for (const std::string& name : names)
      if (by_name.contains(name)) run.targets.push_back(by_name.at(name));
    runs.push_back(std::move(run));
  };
  for (const StagePlan& stage : recipe.stages) {
    std::vector<std::string> names = stage.measure;
    for (const auto& [loss, weight] : stage.minimise) names.push_back(loss);
    add(stage.data, stage.batch / stage.accumulate, names);
  }
  if (!recipe.evaluate.data.empty())
    add(recipe.evaluate.data, recipe.evaluate.batch, recipe.evaluate.metrics);
  return runs;
}

}  // namespace

Wiring::Wiring(const Recipe& recipe, const Registry& registry, const FieldsByData& data) {
  Builder builder(recipe, registry, data);
  builder.create(recipe.graph, "graph");
  builder.create(recipe.losses, "losses");
  builder.create(recipe.metrics, "metrics");
  builder.connect();
  builder.check_generation();
  builder.check_stages();
  for (const auto& [data_name, batch, targets] : runs_of(recipe, builder.by_name))
    builder.check_shapes(data_name, batch, needed_nodes(builder.nodes, targets));
  builder.finish();
  nodes_ = std::move(builder.nodes);
  by_name_ = std::move(builder.by_name);
}

std::vector<std::size_t> Wiring::needed(const std::vector<std::size_t>& targets) const {
  return needed_nodes(nodes_, targets);
}

}  // namespace weft::host
