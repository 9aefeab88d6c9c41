// SPDX-License-Identifier: Apache-2.0
#include "host/data/quarantine.hpp"

#include <algorithm>

#include "host/base/text.hpp"

namespace weft::host {

void Quarantine::add(BadSample bad, Split part, std::size_t among) {
  const std::lock_guard lock(mutex_);
  if (!known_.insert({bad.shard, bad.key}).second) return;
  list_.push_back(std::move(bad));
  const std::size_t count = ++counts_[static_cast<std::size_t>(part)];
  const double share = share_.value_or(0);
  if (static_cast<double>(count) <= share * static_cast<double>(among)) return;
  throw TooManyBad(concat("Data ", data_, ": ", count, " of ", among, " samples of the part ",
                          split_name(part), " cannot be used, more than the share of ", share,
                          " that bad_samples allows. The last one: ", list_.back().reason,
                          " `weft data check` lists them all."));
}

std::vector<BadSample> Quarantine::list(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  return {list_.begin() + static_cast<std::ptrdiff_t>(std::min(from, list_.size())), list_.end()};
}

}  // namespace weft::host
