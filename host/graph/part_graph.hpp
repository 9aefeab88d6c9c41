// SPDX-License-Identifier: Apache-2.0
/// The parts of one recipe, made and wired as it says; views are not looked at yet.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/graph/node_maker.hpp"
#include "host/graph/shape_check.hpp"
#include "host/graph/views.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// What a graph is made with; everything must outlive it.
struct GraphContext {
  const Recipe& recipe;  ///< whose parts it has
  const Registry& registry;
  const FieldsByData& data;  ///< of the recipe that is wired
  const Report& report;
  NodeMaker::AddProblem add;  ///< takes problems that have their place
  /// The graph that a view is of; null where that is not known.
  std::function<const PartGraph*(const std::string& view)> graph_of;
  const std::vector<GenerationPlan>& generate;  ///< whose texts metrics may ask for
  bool is_of_run = false;                       ///< its fields are perhaps those that a view binds
};

class GraphMaker {
 public:
  explicit GraphMaker(GraphContext context) : context_(std::move(context)) {}

  /// Makes the parts of one section.
  void create(const std::vector<NodePlan>& plans, const std::string& section);

  /// Wires all of them.
  void connect();

  /// What a wire that stands at `pointer` leads to; nothing where it leads nowhere, which is told.
  /// @param inside  the view that "this" is
  std::optional<InputSource> find_source(const Wire& wire, const std::string& pointer,
                                         const std::string& inside = "") const;

  void require_defaults_taken() const { maker_.require_defaults_taken(); }

  PartGraph graph;

 private:
  void create_one(const NodePlan& plan, const std::string& pointer);
  void tell_unknown_fields(const NodePlan& plan) const;
  const Instance* producer_of(const Wire& wire) const;
  void connect_port(Node& node, const std::string& name, const std::vector<Wire>& wires);
  std::optional<InputSource> field_source(const Wire& wire, const std::string& pointer) const;
  std::optional<InputSource> gradient_source(const Wire& wire, const std::string& pointer) const;
  void require_metric_for_text(const Wire& wire, const std::string& pointer) const;
  void require_inputs(const Node& node) const;
  void require_a_mask_each(const Node& node) const;

  const GraphContext context_;
  std::map<std::string, NodePlan> plans_;
  std::set<std::string> unnamed_;  // pointers of nodes whose wires stand without a port
  std::size_t declared_ = 0;       // parameters and buffers up to now
  NodeMaker maker_{context_.recipe, context_.registry, context_.data, context_.report,
                   context_.add};
};

/// The names of ports, fields and the like.
template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& list) {
  std::vector<std::string> names;
  for (const Named& entry : list) names.push_back(entry.name);
  return names;
}

std::optional<std::size_t> port_index(const std::vector<Port>& ports, const std::string& name);

}  // namespace weft::host
