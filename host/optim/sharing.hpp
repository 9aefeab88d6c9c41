// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "host/engine/comm/collective.hpp"
#include "host/recipe/parallel.hpp"

namespace weft::host {

/// How processes share the training of a stage.
struct Sharing {
  Collective& ranks = one_rank();
  Sharded shard = Sharded::none;
  DType wire = DType::float32;  ///< as what gradients travel
  bool is_pipeline = false;     ///< each computes some of the nodes, of all rows
  /// Path → rank: who keeps what, of what is kept in part only; empty: as owners_of() gives it.
  std::map<std::string, int> owners = {};

  /// Among how many the rows of a step are divided.
  int parts() const { return is_pipeline ? 1 : ranks.size(); }
  /// Whether each keeps a part only of this.
  bool shards(Sharded what) const { return ranks.size() > 1 && shard >= what; }
};

}  // namespace weft::host
