// SPDX-License-Identifier: Apache-2.0
#include "host/graph/viewed_parts.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/recipe/kept.hpp"

namespace weft::host {
namespace {

/// The run's recipe without nodes that read a view, and those that read them.
Recipe without_views(Recipe recipe) {
  std::set<std::string> gone;
  for (bool more = true; more;) {
    more = false;
    for (auto* plans : {&recipe.graph, &recipe.losses, &recipe.metrics})
      std::erase_if(*plans, [&](const NodePlan& plan) {
        const auto reads_it = [&](const Wire& wire) {
          return !wire.view.empty() || gone.contains(wire.node);
        };
        const bool goes = std::ranges::any_of(
            plan.in, [&](const auto& port) { return std::ranges::any_of(port.second, reads_it); });
        if (goes) gone.insert(plan.name);
        more = more || goes;
        return goes;
      });
  }
  return recipe;
}

const ParameterDecl* find_parameter(const PartGraph& graph, const std::string& path) {
  const std::string name = path.substr(0, path.find('.'));
  const auto node = graph.by_name.find(name);
  if (node == graph.by_name.end()) return nullptr;
  for (const ParameterDecl& one : graph.nodes[node->second].instance.parameters())
    if (concat(name, ".", one.name) == path) return &one;
  return nullptr;
}

}  // namespace

RunParts::RunParts(const ViewPlan& view, const Registry& registry, const FieldsByData& data,
                   const std::vector<GenerationPlan>& generate, const Report& report)
    : recipe_(without_views(read_kept(view.run, "", {}))),
      report_{[&report, &view](const std::string& at, const std::string& text) {
                report.problem(view.place.pointer + "/run",
                               concat("in the recipe of ", view.run, ", ", at, ": ", text));
              },
              [](const std::string&, const std::string&) {}},
      maker_({recipe_, registry, data, report_,
              [this](const Problem& problem) { report_.problem(problem.pointer, problem.text); },
              [](const std::string&) -> const PartGraph* { return nullptr; }, generate,
              /*is_of_run=*/true}) {
  maker_.create(recipe_.graph, "graph");
  maker_.create(recipe_.losses, "losses");
  maker_.create(recipe_.metrics, "metrics");
  maker_.connect();
}

ViewedParts::ViewedParts(const Recipe& recipe, const Registry& registry, const FieldsByData& data,
                         const Report& report)
    : recipe_(recipe), report_(report) {
  for (const ViewPlan& view : recipe.views) {
    if (view.run.empty() || runs_.contains(view.run)) continue;
    std::unique_ptr<RunParts>& run = runs_[view.run];
    try {
      run = std::make_unique<RunParts>(view, registry, data, recipe.evaluate.generate, report);
    } catch (const Error& error) {
      if (error.exit() == Exit::plugin) throw;
      report.problem(
          view.place.pointer + "/run",
          concat("expected the folder of a run that `weft train` wrote, but: ", error.what()));
    }
  }
}

const ViewPlan* ViewedParts::find(const std::string& name) const {
  const auto found = std::ranges::find(recipe_.views, name, &ViewPlan::name);
  return found == recipe_.views.end() ? nullptr : &*found;
}

const PartGraph* ViewedParts::graph_of(const std::string& name, const PartGraph& plain) const {
  const ViewPlan* view = find(name);
  if (view == nullptr) return nullptr;
  for (; view != nullptr; view = find(view->of)) {
    if (view->run.empty()) continue;
    const auto run = runs_.find(view->run);
    return run == runs_.end() || run->second == nullptr ? nullptr : &run->second->graph();
  }
  return &plain;
}

std::vector<SeenView> ViewedParts::seen(const GraphMaker& maker) const {
  std::vector<SeenView> views;
  for (const ViewPlan& plan : recipe_.views) {
    const auto run = runs_.find(plan.run);
    const bool has_run = run != runs_.end() && run->second != nullptr;
    SeenView view{&plan, has_run ? &run->second->graph() : nullptr, {}};
    for (const BindPlan& bind : plan.bind) view.bind.push_back(bound(bind, plan, maker));
    views.push_back(std::move(view));
  }
  return views;
}

Bound ViewedParts::bound(const BindPlan& bind, const ViewPlan& view,
                         const GraphMaker& maker) const {
  const PartGraph* const graph = graph_of(view.name, maker.graph);
  if (bind.node != "batch" && graph != nullptr) check_port(bind, view, *graph);
  Bound bound{&bind, {}};
  for (const Wire& wire : bind.wires)
    if (auto source = maker.find_source(wire, wire.place.pointer, view.name))
      bound.sources.push_back(std::move(*source));
  return bound;
}

void ViewedParts::check_port(const BindPlan& bind, const ViewPlan& view,
                             const PartGraph& graph) const {
  const auto found = graph.by_name.find(bind.node);
  if (found == graph.by_name.end()) {
    if (!view.run.empty())
      report_.problem(bind.place.pointer, concat("the run that view \"", view.name,
                                                 "\" is of has no node \"", bind.node, "\"."));
    return;  // else that node has its own problem
  }
  const Node& node = graph.nodes[found->second];
  const auto port = port_index(node.instance.inputs(), bind.port);
  if (!port)
    return report_.problem(bind.place.pointer,
                           concat(node.instance.part().id, " has no input port \"", bind.port,
                                  "\".", suggestion(bind.port, names_of(node.instance.inputs()))));
  const std::size_t wired = node.inputs[*port].size();
  if (node.instance.inputs()[*port].list ? wired > 0 && wired != bind.wires.size()
                                         : bind.wires.size() > 1)
    report_.problem(
        bind.place.pointer,
        concat("\"", bind.node, "\" was made for ", std::max<std::size_t>(wired, 1), " wires at \"",
               bind.port, "\", found ", bind.wires.size(), ". Bind as many."));
}

std::map<std::string, std::string> ViewedParts::ties_of(const std::string& run) const {
  std::map<std::string, std::string> ties;
  if (const auto found = runs_.find(run); found != runs_.end() && found->second != nullptr)
    for (const TiePlan& tie : found->second->recipe().ties) ties[tie.path] = tie.to;
  return ties;
}

std::map<std::string, std::string> checked_ties(const Recipe& recipe, const PartGraph& graph,
                                                const Report& report) {
  std::vector<std::string> known;
  for (const Node& node : graph.nodes)
    for (const ParameterDecl& one : node.instance.parameters())
      known.push_back(concat(node.name, ".", one.name));
  std::map<std::string, std::string> ties;
  for (const TiePlan& tie : recipe.ties) {
    const ParameterDecl* const own = find_parameter(graph, tie.path);
    const ParameterDecl* const other = find_parameter(graph, tie.to);
    for (const std::string& path : {tie.path, tie.to})
      if (find_parameter(graph, path) == nullptr &&
          graph.by_name.contains(path.substr(0, path.find('.'))))
        report.problem(tie.place.pointer,
                       concat("no parameter is called \"", path, "\".", suggestion(path, known)));
    if (own == nullptr || other == nullptr) continue;
    if (own->sizes != other->sizes || own->dtype != other->dtype)
      report.problem(tie.place.pointer,
                     concat("two parameters that are one tensor have one shape: \"", tie.path,
                            "\" is ", shape_text(own->sizes), ", \"", tie.to, "\" is ",
                            shape_text(other->sizes), ". Make them equal, or remove the tie."));
    else
      ties[tie.path] = tie.to;
  }
  return ties;
}

}  // namespace weft::host
