// SPDX-License-Identifier: Apache-2.0
/// Checkpoints of a run: RUN/checkpoints/STAGE-STEP/ with model.safetensors, optimizer.safetensors
/// and state.json, which holds a hash of each. docs/formats/checkpoint.md describes the bytes.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

struct Checkpoint {
  std::string stage;
  std::int64_t step = 0;                                     ///< steps done in that stage
  std::map<std::string, Array> model;                        ///< parameters and buffers by path
  std::map<std::string, Array> optimizer;                    ///< AdamW::state()
  std::map<std::string, std::int64_t> data;                  ///< position in the training data
  std::map<std::string, std::pair<std::string, int>> parts;  ///< node → part id, state version
};

/// Writes into a temporary folder, makes it durable, renames it into place and only then points
/// RUN/latest at it: whatever happens, the checkpoint before stays whole. Keeps the newest two and
/// the last of every stage.
void save_checkpoint(const std::string& run, const Checkpoint& checkpoint);

/// @param folder  RUN/checkpoints/STAGE-STEP
/// @throws Error (bad_checkpoint) naming the file that is damaged or missing
Checkpoint load_checkpoint(const std::string& folder);

/// The checkpoint that RUN/latest names, or nothing in a run without one.
std::optional<Checkpoint> load_latest_checkpoint(const std::string& run);

/// The last checkpoint of a stage. @throws Error (no_input) if there is none
Checkpoint load_stage_checkpoint(const std::string& run, const std::string& stage);

/// @param shapes  of the parameters and buffers that the model has
/// @param parts   of the model, as in Checkpoint
/// @throws Error (bad_checkpoint) saying what is missing, what is too much and what differs
void require_same_model(const Checkpoint& checkpoint, const std::string& run,
                        const std::map<std::string, std::vector<std::int64_t>>& shapes,
                        const std::map<std::string, std::pair<std::string, int>>& parts);

}  // namespace weft::host
