// SPDX-License-Identifier: Apache-2.0
#include "host/graph/stages.hpp"

#include <algorithm>
#include <map>

#include "host/base/text.hpp"
#include "host/graph/made_fields.hpp"
#include "host/graph/modulation_check.hpp"
#include "host/graph/row_score_check.hpp"

namespace weft::host {
namespace {

using Report = std::function<void(const std::string&, const std::string&)>;

/// Of parameters that may train.
std::vector<std::string> parameter_paths(const std::vector<Node>& nodes,
                                         const std::map<std::string, std::string>& ties) {
  std::vector<std::string> paths;
  for (const Node& node : nodes)
    for (const ParameterDecl& parameter : node.instance.parameters())
      if (const std::string path = node.name + "." + parameter.name;
          !node.is_viewed() && !ties.contains(path))
        paths.push_back(path);
  return paths;
}

std::vector<std::size_t> losses_of(const StagePlan& stage,
                                   const std::map<std::string, std::size_t>& by_name) {
  std::vector<std::size_t> losses;
  for (const auto& [name, weight] : stage.losses)
    if (const auto found = by_name.find(name); found != by_name.end())
      losses.push_back(found->second);
  return losses;
}

/// What makes a node compare rows with one another; "" if nothing does.
std::string coupling(const Node& node) {
  if (reads_shuffled(node)) return "reads the rows of a batch in another order";
  const bool couples = (node.instance.traits() & WEFT_COUPLES_SAMPLES) != 0;
  return couples ? "compares the rows of a batch with one another" : "";
}

/// Whether all that couples rows is a normalisation whose statistics are accumulated over the step.
bool keeps_statistics(const Node& node) {
  return node.instance.part().kind != WEFT_KIND_LOSS && !reads_shuffled(node) &&
         !node.instance.states().empty();
}

/// A pattern that may name one of these parts.
bool may_name(const std::string& pattern, const std::set<std::string>& parts) {
  return std::ranges::any_of(parts, [&](const std::string& part) {
    return matches(pattern, part) || pattern.starts_with(part + ".") ||
           pattern.find('*') != std::string::npos;
  });
}

/// Looks patterns up among all parameters, each pattern once.
class PatternCheck {
 public:
  PatternCheck(const std::vector<Node>& nodes, std::vector<std::string> paths,
               const std::set<std::string>& missing, const Report& report)
      : nodes_(nodes), missing_(missing), paths_(std::move(paths)), report_(report) {}

  /// @returns whether each matches something
  bool check(const std::vector<std::string>& patterns,
             const std::function<std::string(std::size_t)>& pointer) {
    bool all = true;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const auto [known, is_new] = matches_.try_emplace(patterns[i], false);
      if (is_new) known->second = matches_something(patterns[i]);
      all = all && known->second;
      if (!known->second)
        report_(pointer(i), concat("pattern \"", patterns[i], "\" matches no parameter.",
                                   suggestion(patterns[i], learners())));
    }
    return all;
  }

  void check(const std::vector<std::string>& patterns, const std::string& pointer) {
    check(patterns, [&](std::size_t i) { return child(pointer, i); });
  }

 private:
  bool matches_something(const std::string& pattern) const {
    // A node by its name is meant even where it has nothing to learn, as fusion.mean: swapping a
    // part must not ask for another change.
    const auto names_node = [&](const Node& node) {
      return !node.is_viewed() && matches(pattern, node.name);
    };
    const auto covers_path = [&](const std::string& path) { return covers(pattern, path); };
    return std::ranges::any_of(nodes_, names_node) || std::ranges::any_of(paths_, covers_path) ||
           may_name(pattern, missing_);
  }

  std::vector<std::string> learners() const {
    std::vector<std::string> names;
    for (const Node& node : nodes_)
      if (!node.is_viewed() && !node.instance.parameters().empty()) names.push_back(node.name);
    return names;
  }

  const std::vector<Node>& nodes_;
  const std::set<std::string>& missing_;
  const std::vector<std::string> paths_;
  const Report& report_;
  std::map<std::string, bool> matches_;
};

void check_coupling(const StagePlan& stage, const std::vector<Node>& nodes,
                    const std::vector<std::size_t>& losses, const std::string& pointer,
                    const Report& report) {
  // A frozen batch normalisation uses its own statistics, in which no row looks at another.
  const auto is_still = [&](const Node& node) {
    const auto& buffers = node.instance.buffers();
    const std::uint32_t kind = node.instance.part().kind;
    return kind != WEFT_KIND_LOSS && !buffers.empty() && !reads_shuffled(node) &&
           (node.weights > 0 || std::ranges::none_of(buffers, [&](const ParameterDecl& buffer) {
              return is_moved(stage, node, buffer.name);
            }));
  };
  for (const std::size_t index : needed_nodes(nodes, losses))
    if (const std::string how = coupling(nodes[index]);
        !how.empty() && !is_still(nodes[index]) && !keeps_statistics(nodes[index]))
      report(pointer, concat("\"", nodes[index].name, "\" ", how, ", so ", stage.grad_accumulation,
                             " micro-batches would not equal one batch of ", stage.batch_size,
                             ". Set grad_accumulation to 1."));
}

/// How much of a step counts is asked before anything is computed, of all micro-batches.
void check_targets(const StagePlan& stage, const std::vector<Node>& nodes,
                   const std::vector<std::size_t>& losses, const std::string& pointer,
                   const Report& report) {
  for (const std::size_t index : losses) {
    const Node& loss = nodes[index];
    for (std::size_t p = 0; p < loss.inputs.size(); ++p)
      for (const InputSource& source : loss.inputs[p])
        if (source.from == InputSource::From::node && loss.instance.inputs()[p].name == "target")
          report(pointer,
                 concat("the target of \"", loss.name, "\" is what \"", nodes[source.node].name,
                        "\" computes, so ", stage.grad_accumulation,
                        " micro-batches cannot be weighed before they are computed. Set "
                        "grad_accumulation to 1."));
  }
}

/// A loss that compares rows has nothing to compare in a batch of one.
void check_single_rows(const StagePlan& stage, const std::vector<Node>& nodes,
                       const std::vector<std::size_t>& losses, const Report& report) {
  if (stage.grad_accumulation < 1 || stage.batch_size / stage.grad_accumulation != 1) return;
  for (const std::size_t index : needed_nodes(nodes, losses)) {
    const Node& node = nodes[index];
    const bool is_loss = std::ranges::find(losses, index) != losses.end();
    if (const std::string how = coupling(node); !how.empty() && (is_loss || reads_shuffled(node)))
      report(stage.place.pointer + "/batch_size",
             concat("\"", node.name, "\" ", how,
                    ", and these batches have one row. Use a larger batch."));
  }
}

/// What feeds the losses must learn from the first step on, or there is nothing to step.
void check_first_step(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::vector<std::size_t>& losses, const Report& report) {
  bool learns_later = false;
  for (const std::size_t index : needed_nodes(nodes, losses))
    for (const ParameterDecl& parameter : nodes[index].instance.parameters()) {
      if (nodes[index].is_viewed()) continue;
      const std::string path = nodes[index].owner + "." + parameter.name;
      if (is_trained_at(stage, path, 0)) return;
      learns_later = learns_later || is_trained(stage, path);
    }
  if (learns_later)
    report(stage.place.pointer + "/train",
           "nothing that feeds the losses learns in the first step: each from_step is later. Let "
           "one pattern learn from step 0.");
}

/// The metric that the best is kept by has an output of that name.
void check_best(const StagePlan& stage, const std::vector<Node>& nodes,
                const std::map<std::string, std::size_t>& by_name, const Report& report) {
  const std::string& metric = stage.keep_best.metric;
  const std::size_t dot = metric.find('.');
  const auto found = by_name.find(metric.substr(0, dot));
  if (dot == std::string::npos || found == by_name.end()) return;
  std::vector<std::string> outputs;
  for (const Port& port : nodes[found->second].instance.outputs()) outputs.push_back(port.name);
  const std::string output = metric.substr(dot + 1);
  if (std::ranges::find(outputs, output) == outputs.end())
    report(stage.place.pointer + "/keep_best/metric",
           concat("\"", found->first, "\" has no output \"", output, "\".",
                  suggestion(output, outputs)));
}

}  // namespace

std::vector<Run> runs_of(const Recipe& recipe,
                         const std::map<std::string, std::vector<FieldSpec>>& fields,
                         const std::map<std::string, std::size_t>& by_name) {
  std::vector<Run> runs;
  const auto add = [&](const std::string& data, std::int64_t batch,
                       const std::vector<std::string>& names) {
    if (!fields.contains(data) || batch < 1) return;
    Run run{data, batch, {}};
    for (const std::string& name : names)
      if (by_name.contains(name)) run.targets.push_back(by_name.at(name));
    runs.push_back(std::move(run));
  };
  for (const StagePlan& stage : recipe.stages) {
    std::vector<std::string> names = stage.metrics;
    for (const auto& [loss, weight] : stage.losses) names.push_back(loss);
    if (!stage.modulate.node.empty()) names.push_back(stage.modulate.node);
    for (const auto& [pointer, node] : row_score_nodes(stage)) names.push_back(node);
    add(stage.data, stage.batch_size / std::max<std::int64_t>(stage.grad_accumulation, 1), names);
  }
  if (!recipe.evaluate.data.empty())
    add(recipe.evaluate.data, recipe.evaluate.batch_size, recipe.evaluate.metrics);
  return runs;
}

std::set<std::string> missing_parts(const Recipe& recipe,
                                    const std::map<std::string, std::size_t>& by_name) {
  std::set<std::string> names;
  for (const auto* plans : {&recipe.graph, &recipe.losses, &recipe.metrics})
    for (const NodePlan& plan : *plans)
      if (!by_name.contains(plan.name)) names.insert(plan.name);
  for (const std::string& pointer : recipe.problems.pointers()) {
    const std::vector<std::string> keys = segments(pointer);
    if (keys.size() > 1 && !by_name.contains(keys[1]) &&
        (keys[0] == "graph" || keys[0] == "losses" || keys[0] == "metrics"))
      names.insert(keys[1]);
  }
  return names;
}

std::vector<std::size_t> needed_nodes(const std::vector<Node>& nodes,
                                      const std::vector<std::size_t>& targets) {
  std::vector<bool> wanted(nodes.size(), false);
  for (const std::size_t target : targets) wanted[target] = true;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!wanted[i]) continue;
    for (const auto& sources : nodes[i].inputs)
      for (const InputSource& source : sources)
        if (source.from == InputSource::From::node || source.from == InputSource::From::generated)
          wanted[source.node] = true;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (wanted[i]) order.push_back(i);
  return order;
}

bool covers(const std::string& pattern, const std::string& path) {
  return matches(pattern, path) || path.starts_with(pattern + ".");
}

std::string train_pointer(const StagePlan& stage, std::size_t index) {
  const std::string pointer = child(stage.place.pointer, "train");
  return stage.groups.empty() ? child(pointer, index) : child(pointer, stage.train[index]);
}

GroupPlan group_of(const StagePlan& stage, const std::string& path) {
  for (std::size_t i = stage.groups.size(); i-- > 0;)
    if (covers(stage.train[i], path)) return stage.groups[i];
  return {};
}

bool is_trained(const StagePlan& stage, const std::string& path) {
  const auto covers_path = [&](const std::string& pattern) { return covers(pattern, path); };
  return std::ranges::any_of(stage.train, covers_path) &&
         std::ranges::none_of(stage.freeze, covers_path);
}

bool is_trained_at(const StagePlan& stage, const std::string& path, std::int64_t step) {
  return is_trained(stage, path) && group_of(stage, path).from_step <= step;
}

bool is_moved(const StagePlan& stage, const Node& node, const std::string& buffer,
              std::int64_t step) {
  const auto& parameters = node.instance.parameters();
  if (node.name == stage.modulate.node)  // it learns from gradients, whatever trains
    return std::ranges::none_of(stage.freeze, [&](const std::string& pattern) {
      return covers(pattern, node.owner + "." + buffer);
    });
  if (parameters.empty()) return is_trained_at(stage, node.owner + "." + buffer, step);
  for (std::string block = buffer;;) {
    const std::size_t dot = block.rfind('.');
    block.resize(dot == std::string::npos ? 0 : dot);
    const std::string prefix = block.empty() ? "" : block + ".";
    bool has_any = false;
    for (const ParameterDecl& one : parameters) {
      if (!one.name.starts_with(prefix)) continue;
      if (is_trained_at(stage, node.owner + "." + one.name, step)) return true;
      has_any = true;
    }
    if (has_any) return false;
  }
}

void check_stages(const Recipe& recipe, const std::vector<Node>& nodes,
                  const std::map<std::string, std::size_t>& by_name,
                  const std::map<std::string, std::string>& ties,
                  const std::set<std::string>& missing, const Report& report) {
  const std::vector<std::string> paths = parameter_paths(nodes, ties);
  PatternCheck patterns(nodes, paths, missing, report);
  for (const StagePlan& stage : recipe.stages) {
    const std::string& pointer = stage.place.pointer;
    const bool all_match =
        patterns.check(stage.train, [&](std::size_t i) { return train_pointer(stage, i); });
    patterns.check(stage.freeze, pointer + "/freeze");
    patterns.check(stage.optimizer.also_adamw, pointer + "/optimizer/adamw/match");
    patterns.check(stage.modulate.groups, pointer + "/modulate/groups");
    check_modulation(stage, nodes, by_name, report);
    check_recomputed(stage, nodes, by_name, report);
    check_row_scores(stage, nodes, by_name, report);
    const bool is_known = missing.empty() && all_match && !recipe.problems.is_wrong_at("/graph") &&
                          !recipe.problems.is_wrong(pointer + "/train") &&
                          !recipe.problems.is_wrong(pointer + "/freeze");
    if (is_known &&
        std::ranges::none_of(paths, [&](const auto& path) { return is_trained(stage, path); }))
      report(pointer, "train and freeze leave nothing to train in this stage.");
    const std::vector<std::size_t> losses = losses_of(stage, by_name);
    if (is_known) check_first_step(stage, nodes, losses, report);
    check_best(stage, nodes, by_name, report);
    check_single_rows(stage, nodes, losses, report);
    if (stage.grad_accumulation <= 1) continue;
    check_coupling(stage, nodes, losses, pointer + "/grad_accumulation", report);
    check_targets(stage, nodes, losses, pointer + "/grad_accumulation", report);
  }
}

}  // namespace weft::host
