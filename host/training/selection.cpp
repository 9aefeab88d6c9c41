// SPDX-License-Identifier: Apache-2.0
#include "host/training/selection.hpp"

#include "host/engine/parameters.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {

std::vector<NamedTensor> select_trainable(Model& model, const StagePlan& stage) {
  std::vector<NamedTensor> chosen;
  for (const NamedTensor& parameter : model.parameters()) {
    const bool trained = is_trained(stage, parameter.path);
    set_trainable(parameter.tensor, trained);
    if (trained) chosen.push_back(parameter);
  }
  model.keep_buffers(
      [&](const Node& node, const std::string& buffer) { return is_moved(stage, node, buffer); });
  return chosen;
}

}  // namespace weft::host
