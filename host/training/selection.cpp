// SPDX-License-Identifier: Apache-2.0
#include "host/training/selection.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "host/base/text.hpp"
#include "host/engine/parameters.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {

std::vector<NamedTensor> select_trainable(Model& model, const StagePlan& stage, std::int64_t step) {
  std::vector<NamedTensor> chosen;
  for (const NamedTensor& parameter : model.parameters()) {
    const bool trained = is_trained_at(stage, parameter.path, step);
    set_trainable(parameter.tensor, trained);
    if (trained) chosen.push_back(parameter);
  }
  model.keep_buffers([&](const Node& node, const std::string& buffer) {
    return is_moved(stage, node, buffer, step);
  });
  return chosen;
}

bool selection_changes(const StagePlan& stage, std::int64_t step) {
  return std::ranges::any_of(stage.groups,
                             [&](const GroupPlan& group) { return group.from_step == step; });
}

Weights::Predicate changed_by(const Model& model, const StagePlan& stage) {
  std::set<std::string> changed;
  for (const NamedTensor& parameter : model.parameters())
    if (is_trained(stage, parameter.path)) changed.insert(parameter.path);
  for (const Node& node : model.wiring().nodes())
    for (const ParameterDecl& buffer : node.instance.buffers())
      if (!node.is_viewed() && is_moved(stage, node, buffer.name, stage.steps))
        changed.insert(concat(node.name, ".", buffer.name));
  return [changed](const std::string& path) { return changed.contains(path); };
}

void begin_views(Model& model, const StagePlan& stage, const Checkpoint* resume) {
  if (resume != nullptr)
    model.weights().load_views(resume->views, changed_by(model, stage));
  else
    model.weights().freeze(changed_by(model, stage));
}

}  // namespace weft::host
