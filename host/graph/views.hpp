// SPDX-License-Identifier: Apache-2.0
/// The recipe's graph × its views → one list of nodes.
///
/// A view's node is a node like any other: the same part with other weights or inputs. Nodes of one
/// part whose weights and inputs are equal are one node, so that a view costs only what differs.
///
/// A view of a view is laid upon it: with `world` = (own changes, changes of what it is of, …), an
/// input that nothing binds comes from the node of the same world. What a change binds is seen
/// without that change and those behind it: in the first view, from the recipe's graph itself.
/// `this:` is the whole world's, and a wire that names a view is that view's, wherever it stands.

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/graph/id_check.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Parts that were made and wired as one recipe says.
struct PartGraph {
  std::vector<Node> nodes;
  std::map<std::string, std::size_t> by_name;
};

/// What a view puts at a field or port, its wires looked up.
struct Bound {
  const BindPlan* plan;
  std::vector<InputSource> sources;  ///< `view` may be "this"
};

struct SeenView {
  const ViewPlan* plan;
  const PartGraph* run;  ///< the parts of the run that it is of itself; null: of none
  std::vector<Bound> bind;
};

class ViewedGraph {
 public:
  /// Everything must outlive it.
  /// @param own_fields  names of the fields that sections declare, without their companions
  ViewedGraph(const PartGraph& plain, const std::vector<SeenView>& views,
              std::set<std::string> own_fields, const Report& report);

  /// The loss, metric or draft "VIEW:NAME" that stands at `pointer`.
  void add_target(const std::string& name, const std::string& pointer);

  /// Binds that nothing reads, and views that nothing uses.
  void tell_unused(bool binds_are_problems) const;

  std::vector<Node> nodes;  ///< producers first
  std::map<std::string, std::size_t> by_name;
  std::vector<WeightSet> weights = {WeightSet{}};

 private:
  /// One view's changes, in one of its passes.
  struct Layer {
    std::size_t view;
    std::int64_t pass;
    auto operator<=>(const Layer&) const = default;
  };
  using World = std::vector<Layer>;
  struct Match {
    std::size_t layer;
    std::size_t bind;
    std::string suffix;  ///< "_mask" where the field is a companion of the one that is bound
  };
  using Place = std::pair<World, std::size_t>;  ///< a node of a world's graph

  World world_of(const std::string& view) const;
  World seen_by(const World& world, std::size_t layer) const;
  const PartGraph& graph_of(const World& world) const;
  std::size_t weights_of(const World& world);
  std::size_t add_weights(const ViewPlan& view);
  std::string label_of(const World& world) const;
  bool is_bound(const World& world, std::size_t layer) const;
  bool covers(const BindPlan& bind, const std::string& field) const;

  std::optional<std::size_t> resolve(const World& world, std::size_t node);
  bool is_circle(const Place& place);
  PortWires inputs_of(const World& world, const Node& node);
  void add_source(const World& world, const InputSource& source, std::vector<InputSource>& wires);
  void add_field(const World& world, const InputSource& source, std::vector<InputSource>& wires);
  void add_bound(const World& world, const Match& match, std::vector<InputSource>& wires);
  std::optional<Match> bound_port(const World& world, const std::string& node,
                                  const std::string& port) const;
  std::optional<Match> bound_field(const World& world, const std::string& field) const;
  std::size_t place(const World& world, const Node& node, PortWires inputs);

  const PartGraph& plain_;
  const std::vector<SeenView>& views_;
  const std::set<std::string> own_fields_;
  const Report& report_;
  std::map<Place, std::optional<std::size_t>> resolved_;
  std::vector<Place> under_way_;
  std::map<std::size_t, std::size_t> weights_by_view_;
  std::map<std::string, std::size_t> equal_;            // what a node is → its index
  std::set<std::size_t> seen_;                          // views
  std::set<std::pair<std::size_t, std::size_t>> read_;  // view, bind
  bool too_many_ = false;
};

}  // namespace weft::host
