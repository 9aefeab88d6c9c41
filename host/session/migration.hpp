// SPDX-License-Identifier: Apache-2.0
/// Checkpoints of parts that have moved on since.

#pragma once

#include <string>
#include <vector>

#include "host/checkpoint/checkpoint.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Lets each part whose state version in the checkpoint is lower than its own bring its tensors to
/// the present version (weft_component.migrate). Parts without migrate are left as they are, for
/// require_same_model() to refuse. The optimiser begins anew for the tensors that changed.
/// @return one sentence for each part that migrated
/// @throws Error (plugin) if a part fails or leaves other tensors than it declares
std::vector<std::string> migrate(Checkpoint& checkpoint, const Model& model);

/// Makes a checkpoint of the run in folder `run` fit the session's model: migrate(), then
/// require_same_model(). @return what migrate() tells
std::vector<std::string> bring_up_to_date(Checkpoint& checkpoint, const std::string& run,
                                          const Session& session);

}  // namespace weft::host
