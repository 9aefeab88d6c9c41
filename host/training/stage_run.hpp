// SPDX-License-Identifier: Apache-2.0
/// The training of a stage by several ranks.

#pragma once

#include "host/optim/sharing.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// What Trainer::run() does, with other ranks: each has a model of its own, which stays the same on
/// all. Every hook is called on every rank; StepReport::samples are those of all.
/// @throws RankLost
void train_stage(Model& model, std::uint64_t seed, const TrainerHooks& hooks,
                 const StagePlan& stage, const Dataset& data, const Checkpoint* resume,
                 const Sharing& sharing);

}  // namespace weft::host
