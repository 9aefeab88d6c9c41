// SPDX-License-Identifier: Apache-2.0
#include "host/graph/stages.hpp"

#include <algorithm>
#include <map>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Report = std::function<void(const std::string&, const std::string&)>;

std::vector<std::string> parameter_paths(const std::vector<Node>& nodes) {
  std::vector<std::string> paths;
  for (const Node& node : nodes)
    for (const ParameterDecl& parameter : node.instance.parameters())
      paths.push_back(node.name + "." + parameter.name);
  return paths;
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
  PatternCheck(const std::vector<Node>& nodes, const std::set<std::string>& missing,
               const Report& report)
      : nodes_(nodes), missing_(missing), paths_(parameter_paths(nodes)), report_(report) {}

  void check(const std::vector<std::string>& patterns,
             const std::function<std::string(std::size_t)>& pointer) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const auto [known, is_new] = matches_.try_emplace(patterns[i], false);
      if (is_new) known->second = matches_something(patterns[i]);
      if (!known->second)
        report_(pointer(i), concat("pattern \"", patterns[i], "\" matches no parameter.",
                                   suggestion(patterns[i], learners())));
    }
  }

  void check(const std::vector<std::string>& patterns, const std::string& pointer) {
    check(patterns, [&](std::size_t i) { return child(pointer, i); });
  }

 private:
  bool matches_something(const std::string& pattern) const {
    // A node by its name is meant even where it has nothing to learn, as fusion.mean: swapping a
    // part must not ask for another change.
    const auto names_node = [&](const Node& node) { return matches(pattern, node.name); };
    const auto covers_path = [&](const std::string& path) { return covers(pattern, path); };
    return std::ranges::any_of(nodes_, names_node) || std::ranges::any_of(paths_, covers_path) ||
           may_name(pattern, missing_);
  }

  std::vector<std::string> learners() const {
    std::vector<std::string> names;
    for (const Node& node : nodes_)
      if (!node.instance.parameters().empty()) names.push_back(node.name);
    return names;
  }

  const std::vector<Node>& nodes_;
  const std::set<std::string>& missing_;
  const std::vector<std::string> paths_;
  const Report& report_;
  std::map<std::string, bool> matches_;
};

void check_coupling(const StagePlan& stage, const std::vector<Node>& nodes,
                    const std::string& pointer, const Report& report) {
  std::vector<std::size_t> losses;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (stage.losses.contains(nodes[i].name)) losses.push_back(i);
  // A frozen batch normalisation uses its own statistics, in which no row looks at another.
  const auto is_still = [&](const Node& node) {
    const auto& buffers = node.instance.buffers();
    const std::uint32_t kind = node.instance.part().kind;
    return kind != WEFT_KIND_LOSS && !buffers.empty() &&
           std::ranges::none_of(buffers, [&](const ParameterDecl& buffer) {
             return is_moved(stage, node, buffer.name);
           });
  };
  for (const std::size_t index : needed_nodes(nodes, losses))
    if (!is_still(nodes[index]) && (nodes[index].instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
      report(
          pointer,
          concat("\"", nodes[index].name, "\" compares the rows of a batch with one another, so ",
                 stage.grad_accumulation, " micro-batches would not equal one batch of ",
                 stage.batch_size, ". Set grad_accumulation to 1."));
}

/// A loss that compares rows has nothing to compare in a batch of one.
void check_single_rows(const StagePlan& stage, const std::vector<Node>& nodes,
                       const Report& report) {
  if (stage.grad_accumulation < 1 || stage.batch_size / stage.grad_accumulation != 1) return;
  for (const Node& node : nodes)
    if (stage.losses.contains(node.name) && (node.instance.traits() & WEFT_COUPLES_SAMPLES) != 0)
      report(stage.place.pointer + "/batch_size",
             concat("\"", node.name,
                    "\" compares the rows of a batch with one another, and these batches have one "
                    "row. Use a larger batch."));
}

/// What feeds the losses must learn from the first step on, or there is nothing to step.
void check_first_step(const StagePlan& stage, const std::vector<Node>& nodes,
                      const Report& report) {
  std::vector<std::size_t> losses;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (stage.losses.contains(nodes[i].name)) losses.push_back(i);
  bool learns_later = false;
  for (const std::size_t index : needed_nodes(nodes, losses))
    for (const ParameterDecl& parameter : nodes[index].instance.parameters()) {
      const std::string path = nodes[index].name + "." + parameter.name;
      if (is_trained_at(stage, path, 0)) return;
      learns_later = learns_later || is_trained(stage, path);
    }
  if (learns_later)
    report(stage.place.pointer + "/train",
           "nothing that feeds the losses learns in the first step: each from_step is later. Let "
           "one pattern learn from step 0.");
}

/// The metric that the best is kept by has an output of that name.
void check_best(const StagePlan& stage, const std::vector<Node>& nodes, const Report& report) {
  const std::string& metric = stage.keep_best.metric;
  const std::size_t dot = metric.find('.');
  if (dot == std::string::npos) return;
  for (const Node& node : nodes) {
    if (node.name != metric.substr(0, dot)) continue;
    std::vector<std::string> outputs;
    for (const Port& port : node.instance.outputs()) outputs.push_back(port.name);
    const std::string output = metric.substr(dot + 1);
    if (std::ranges::find(outputs, output) == outputs.end())
      report(stage.place.pointer + "/keep_best/metric",
             concat("\"", node.name, "\" has no output \"", output, "\".",
                    suggestion(output, outputs)));
  }
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
  if (parameters.empty()) return is_trained_at(stage, node.name + "." + buffer, step);
  for (std::string block = buffer;;) {
    const std::size_t dot = block.rfind('.');
    block.resize(dot == std::string::npos ? 0 : dot);
    const std::string prefix = block.empty() ? "" : block + ".";
    bool has_any = false;
    for (const ParameterDecl& one : parameters) {
      if (!one.name.starts_with(prefix)) continue;
      if (is_trained_at(stage, node.name + "." + one.name, step)) return true;
      has_any = true;
    }
    if (has_any) return false;
  }
}

void check_stages(const Recipe& recipe, const std::vector<Node>& nodes,
                  const std::set<std::string>& missing, const Report& report) {
  const std::vector<std::string> paths = parameter_paths(nodes);
  PatternCheck patterns(nodes, missing, report);
  for (const StagePlan& stage : recipe.stages) {
    const std::string& pointer = stage.place.pointer;
    patterns.check(stage.train, [&](std::size_t i) { return train_pointer(stage, i); });
    patterns.check(stage.freeze, pointer + "/freeze");
    patterns.check(stage.optimizer.also_adamw, pointer + "/optimizer/adamw/match");
    const bool is_known = missing.empty() && !recipe.problems.is_wrong(pointer + "/train") &&
                          !recipe.problems.is_wrong(pointer + "/freeze");
    if (is_known &&
        std::ranges::none_of(paths, [&](const auto& path) { return is_trained(stage, path); }))
      report(pointer, "train and freeze leave nothing to train in this stage.");
    if (is_known) check_first_step(stage, nodes, report);
    check_best(stage, nodes, report);
    check_single_rows(stage, nodes, report);
    if (stage.grad_accumulation > 1)
      check_coupling(stage, nodes, pointer + "/grad_accumulation", report);
  }
}

}  // namespace weft::host
