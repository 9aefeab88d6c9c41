// SPDX-License-Identifier: Apache-2.0
/// One node of the recipe → its part, created with a configuration that is whole.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/field_spec.hpp"
#include "host/graph/node_config.hpp"
#include "host/graph/notes.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// A node and its plan, whose wires all stand at named ports by now.
struct MadeNode {
  Node node;
  NodePlan plan;
};

class NodeMaker {
 public:
  using Data = std::map<std::string, std::vector<FieldSpec>>;
  using AddProblem = std::function<void(Problem problem)>;
  /// The part that a wire comes from, if it is made already; else null.
  using Producer = std::function<const Instance*(const Wire& wire)>;

  /// @param add  takes problems that have their place
  NodeMaker(const Recipe& recipe, const Registry& registry, const Data& data, const Report& report,
            AddProblem add)
      : recipe_(recipe), registry_(registry), data_(data), report_(report), add_(std::move(add)) {}

  /// Nothing if the node cannot be made, which is reported.
  std::optional<MadeNode> make(const NodePlan& plan, const std::string& pointer,
                               const Producer& producer);

  /// Reports each key of defaults.config that no part took.
  void require_defaults_taken() const;

 private:
  const Part* find_part(const std::string& use, const std::string& pointer) const;
  bool name_port(NodePlan& plan, const Part& part, const std::string& pointer,
                 const Producer& producer);
  std::optional<NodeConfig> configure(const NodePlan& plan, const Part& part,
                                      const std::string& pointer, const Producer& producer,
                                      bool tell);
  bool add_companions(NodePlan& plan, const Instance& instance) const;
  bool has_field(const std::string& name) const;
  bool reads_faulty_field(const NodePlan& plan) const;
  void tell_not_made(const NodePlan& plan, const std::string& pointer, const char* why) const;
  std::map<std::string, SpecialIds> texts_of(const NodePlan& plan) const;
  std::vector<WireSizes> sizes_of(const NodePlan& plan, const std::vector<Wire>& wires,
                                  const Producer& producer) const;

  const Recipe& recipe_;
  const Registry& registry_;
  const Data& data_;
  const Report& report_;
  AddProblem add_;
  std::set<std::string> known_, taken_;  // keys of defaults.config
};

/// The output port of a node that a wire names: the first for "".
std::optional<std::size_t> output_port(const Instance& producer, const std::string& name);

}  // namespace weft::host
