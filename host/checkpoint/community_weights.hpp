// SPDX-License-Identifier: Apache-2.0
/// The tensors of a community's model as the parameters of parts, and back.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/checkpoint/community_table.hpp"

namespace weft::host {

using Arrays = std::map<std::string, Array>;
/// Path → sizes of every parameter and buffer of a part.
using PartShapes = std::map<std::string, std::vector<std::int64_t>>;

struct CommunityWeights {
  std::size_t spelling = 0;             ///< index into CommunityModel::spellings
  std::map<std::string, Arrays> nodes;  ///< by the node's name: its parameters
  Arrays rest;                          ///< what no part takes, by its own name
};

/// Element types stay as they are; no element is computed with.
/// @param parts   of each node
/// @param folder  where the tensors come from, for messages
/// @throws Error (bad_checkpoint) naming every tensor that is missing, is not known or has other
///         sizes, and every parameter that no tensor gives
CommunityWeights from_community(const CommunityModel& model,
                                const std::map<std::string, PartShapes>& parts, Arrays tensors,
                                const std::string& folder);

/// The inverse. What is kept and tied takes the tensor that it equals.
/// @param folder  of the weights, for messages
/// @throws Error (bad_checkpoint) naming every parameter that is missing or has other sizes
Arrays to_community(const CommunityModel& model, const std::map<std::string, PartShapes>& parts,
                    const CommunityWeights& weights, const std::string& folder);

}  // namespace weft::host
