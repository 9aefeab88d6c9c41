// SPDX-License-Identifier: Apache-2.0
/// What the views of a recipe are made of: the parts of other runs, and binds whose wires are
/// looked up.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/graph/part_graph.hpp"
#include "host/graph/views.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The parts of a run that a view is of, wired as the run's recipe says but for what views of its
/// own make there. What is wrong with them is told at the view's "run".
class RunParts {
 public:
  /// @param data  of the recipe that has the view
  /// @throws Error, RecipeError if the run's recipe cannot be read
  RunParts(const ViewPlan& view, const Registry& registry, const FieldsByData& data,
           const std::vector<GenerationPlan>& generate, const Report& report);
  RunParts(const RunParts&) = delete;
  RunParts& operator=(const RunParts&) = delete;

  const Recipe& recipe() const { return recipe_; }
  const PartGraph& graph() const { return maker_.graph; }

 private:
  Recipe recipe_;
  Report report_;
  GraphMaker maker_;
};

class ViewedParts {
 public:
  /// Opens the runs. Everything must outlive it.
  ViewedParts(const Recipe& recipe, const Registry& registry, const FieldsByData& data,
              const Report& report);

  /// The graph that a view is of: `plain`, or a run's; null if that cannot be used or no view is
  /// called so.
  const PartGraph* graph_of(const std::string& view, const PartGraph& plain) const;

  /// Looks the binds' wires up.
  /// @param maker  of the recipe's own parts, which are wired
  std::vector<SeenView> seen(const GraphMaker& maker) const;

  /// By a run's folder what its tied parameters are tied to.
  std::map<std::string, std::string> ties_of(const std::string& run) const;

 private:
  const ViewPlan* find(const std::string& name) const;
  Bound bound(const BindPlan& bind, const ViewPlan& view, const GraphMaker& maker) const;
  void check_port(const BindPlan& bind, const ViewPlan& view, const PartGraph& graph) const;

  const Recipe& recipe_;
  const Report& report_;
  std::map<std::string, std::unique_ptr<RunParts>> runs_;  // by folder; null: cannot be used
};

/// The path of a parameter, with that of the one whose tensor it takes, by its own.
/// What is wrong with `tie` is reported.
std::map<std::string, std::string> checked_ties(const Recipe& recipe, const PartGraph& graph,
                                                const Report& report);

}  // namespace weft::host
