// SPDX-License-Identifier: Apache-2.0
#include "host/command/set_aside.hpp"

#include <iostream>

#include "host/base/printable.hpp"

namespace weft::host {

void SetAsideReport::tell(const std::map<std::string, Dataset>& data) {
  for (const auto& [name, dataset] : data) {
    std::size_t& told = told_[name];
    for (const BadSample& bad : dataset.set_aside(told)) {
      ++told;
      std::cerr << "warning: set aside: " << printable(bad.reason, k_sentence_bytes) << "\n";
      if (path_.empty()) continue;
      EventWriter(path_).write(
          "set_aside",
          {{"data", name}, {"shard", bad.shard}, {"key", bad.key}, {"reason", bad.reason}});
    }
  }
}

SetAsideReport::AtEnd::~AtEnd() {
  try {
    report_.tell(data_);
  } catch (...) {  // NOLINT(bugprone-empty-catch): what ended the scope says more
  }
}

}  // namespace weft::host
