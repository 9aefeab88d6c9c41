// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/skipped_samples.hpp"

#include <algorithm>

#include "host/base/text.hpp"

namespace weft::host {

void Quarantine::refuse(const Error& fault) const {
  if (is_open() || fault.exit() != Exit::bad_data) throw;
  throw Error(Exit::bad_data,
              concat(fault.what(), " To set such samples aside, give data/", data_,
                     "/on_bad_sample a share, such as {\"skip\": 0.01}; `weft data check` lists "
                     "them all."));
}

void Quarantine::add(const BadSample& bad, Split part, std::size_t among) {
  const std::lock_guard lock(mutex_);
  const auto p = static_cast<std::size_t>(part);
  std::bitset<k_splits.size()>& counted = known_[{bad.shard, bad.key}];
  if (counted[p]) return;
  if (counted.none()) list_.push_back(bad);
  counted.set(p);
  const std::size_t count = ++counts_[p];
  const double share = share_.value_or(0);
  if (static_cast<double>(count) <= share * static_cast<double>(among)) return;
  throw TooManyBad(concat("Data ", data_, ": ", count, " of ", among, " samples of the part ",
                          split_name(part), " cannot be used, more than the share of ", share,
                          " that on_bad_sample allows. The last one: ", bad.reason,
                          " `weft data check` lists them all."));
}

std::vector<BadSample> Quarantine::list(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  return {list_.begin() + static_cast<std::ptrdiff_t>(std::min(from, list_.size())), list_.end()};
}

}  // namespace weft::host
