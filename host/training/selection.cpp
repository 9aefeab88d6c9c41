// SPDX-License-Identifier: Apache-2.0
#include "host/training/selection.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/parameters.hpp"

namespace weft::host {
namespace {

bool covers(const std::string& pattern, const std::string& path) {
  return matches(pattern, path) || path.starts_with(pattern + ".");
}

/// Marks the parameters that any pattern covers; a pattern that covers none is an error.
std::vector<bool> covered(const Model& model, const std::string& stage, const std::string& key,
                          const std::vector<std::string>& patterns) {
  std::vector<bool> marks(model.parameters().size(), false);
  for (const std::string& pattern : patterns) {
    bool any = false;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (!covers(pattern, model.parameters()[i].path)) continue;
      marks[i] = any = true;
    }
    if (any) continue;
    std::vector<std::string> nodes;
    for (const Node& node : model.wiring().nodes())
      if (!node.instance.parameters().empty()) nodes.push_back(node.name);
    throw Error(Exit::bad_recipe, concat("stage \"", stage, "\": ", key, " pattern \"", pattern,
                                         "\" matches no parameter.", suggestion(pattern, nodes)));
  }
  return marks;
}

}  // namespace

std::vector<NamedTensor> select_trainable(const Model& model, const StagePlan& stage) {
  const std::vector<bool> train = covered(model, stage.name, "train", stage.train);
  const std::vector<bool> freeze = covered(model, stage.name, "freeze", stage.freeze);
  std::vector<NamedTensor> chosen;
  for (std::size_t i = 0; i < train.size(); ++i) {
    const bool trainable = train[i] && !freeze[i];
    set_trainable(model.parameters()[i].tensor, trainable);
    if (trainable) chosen.push_back(model.parameters()[i]);
  }
  if (chosen.empty())
    throw Error(Exit::bad_recipe,
                concat("stage \"", stage.name, "\": train and freeze leave nothing to train."));
  return chosen;
}

}  // namespace weft::host
