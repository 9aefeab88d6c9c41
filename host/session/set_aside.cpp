// SPDX-License-Identifier: Apache-2.0
#include "host/session/set_aside.hpp"

#include "host/base/text.hpp"
#include "host/data/storage/reasons.hpp"

namespace weft::host {

void SetAsideReport::tell(const std::map<std::string, Dataset>& data) {
  for (const auto& [name, dataset] : data) {
    std::size_t& told = told_[name];
    for (const BadSample& bad : dataset.set_aside(told)) {
      ++told;
      const std::size_t same = ++told_of_[{name, kind_of_reason(bad)}];
      if (same <= k_told_singly) observer_.data_warning("set aside: " + bad.reason);
      if (run_ == nullptr) continue;
      EventWriter(*run_, "set_aside.jsonl")
          .write("set_aside",
                 {{"data", name}, {"shard", bad.shard}, {"key", bad.key}, {"reason", bad.reason}});
    }
  }
}

void SetAsideReport::sum_up(const std::map<std::string, Dataset>& data) const {
  for (const auto& [name, dataset] : data) {
    for (const BadReason& reason : by_reason(dataset.set_aside())) {
      if (reason.count <= k_told_singly) continue;
      std::string sentence = concat("set aside of data ", name, ": ", reason.sentence());
      if (run_ != nullptr) sentence += concat(" ", run_->path_of("set_aside.jsonl"), " lists all.");
      observer_.data_warning(sentence);
    }
  }
}

SetAsideReport::AtEnd::~AtEnd() {
  try {
    report_.tell(data_);
    report_.sum_up(data_);
  } catch (...) {  // NOLINT(bugprone-empty-catch): what ended the scope says more
  }
}

}  // namespace weft::host
