// SPDX-License-Identifier: Apache-2.0
#include "host/session/memory_use.hpp"

#include <fstream>
#include <string>
#include <vector>

#include "host/engine/tensor.hpp"
#include "host/graph/memory_check.hpp"

namespace weft::host {
namespace {

double bytes_of(const std::vector<NamedTensor>& tensors) {
  double bytes = 0;
  for (const NamedTensor& named : tensors)
    bytes += static_cast<double>(element_count(named.tensor.sizes())) *
             static_cast<double>(item_size(named.tensor.dtype()));
  return bytes;
}

}  // namespace

double peak_of_process() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == "VmHWM:") {
      double kibibytes = 0;
      file >> kibibytes;
      return kibibytes * 1024;
    }
  return 0;
}

double weights_bytes(const Model& model) {
  double bytes = bytes_of(model.parameters()) + bytes_of(model.buffers());
  for (const Node& node : model.wiring().nodes())
    if (node.is_viewed() && node.weights > 0)
      bytes += static_cast<double>(parameter_count(node)) * sizeof(float);
  return bytes;
}

}  // namespace weft::host
