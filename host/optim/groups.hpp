// SPDX-License-Identifier: Apache-2.0
/// The parameters of a stage, sorted by how they are moved.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host::optim {

/// How many numbers the parameters hold.
std::int64_t numbers_of(const std::vector<NamedTensor>& parameters);

/// Parameters that share a rule, a learning rate and a weight decay.
struct ParameterGroup {
  OptimizerPlan rule;    ///< its weight decay is the group's: 0 for what is exempt
  double lr_mult = 1.0;  ///< of rule.lr
  std::int64_t from_step = 0;
  std::vector<NamedTensor> parameters;

  std::int64_t numbers() const { return numbers_of(parameters); }
};

/// Sorts what the stage trains, in the order of the model. A parameter is exempt from weight decay
/// where its part says so, as biases, norms and embeddings are, or its pattern of `train`. Muon
/// takes matrices that are not exempt by their part and that `adamw.match` does not cover; its
/// AdamW takes the rest.
///
/// The factor of a parameter in layer k of a node with layers 0 … n is lr_mult · layer_decay^(n−k),
/// so that the last layer, with all nodes that have no layers, keeps the learning rate (Clark et
/// al., "ELECTRA", 2020). layers_of() says which layer a parameter is in.
std::vector<ParameterGroup> groups_of(const StagePlan& stage, const Model& model);

/// The layer of each parameter of one node, named without the node and in the order of their
/// declaration. Names whose first part ends in a number, "block_3.norm.scale", are blocks; a block
/// makes a layer of its own, in the order of declaration. `norm`, `out` and `head` are in the top
/// layer, above all blocks, and so is what is declared behind the last block. What is declared
/// before the first block is in layer 0, and what stands between two belongs to the block before
/// it. Without blocks all are in one layer.
std::vector<std::int64_t> layers_of(const std::vector<std::string>& names);

}  // namespace weft::host::optim
