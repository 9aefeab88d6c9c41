// SPDX-License-Identifier: Apache-2.0
/// Checkpoints of a run: RUN/checkpoints/STAGE-STEP/ with model.safetensors, optimizer.safetensors,
/// views.safetensors where views have weights of their own, curriculum.safetensors where the model
/// said how difficult examples are, and state.json, which holds a hash of
/// each, of each tensor and of itself. Several ranks may write the first two in pieces.
/// docs/formats/checkpoint.md describes the bytes.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/array.hpp"
#include "host/base/open_folder.hpp"
#include "host/checkpoint/tensor_hashes.hpp"

namespace weft::host {

/// What a stage remembers beside its weights and its place in the data.
struct StageProgress {
  std::int64_t divergences = 0;        ///< steps whose loss or gradient was not finite
  std::int64_t measured_step = 0;      ///< of the newest evaluation that looked for the best; or 0
  std::int64_t best_step = 0;          ///< of the best evaluation so far; or 0
  double best_value = 0.0;             ///< what it gave
  std::int64_t evaluations_since = 0;  ///< evaluations after it
  double loss_scale = 0.0;             ///< of the next step; 0: losses are not scaled
  std::int64_t good_steps = 0;         ///< since the scale changed last
  std::int64_t overflows = 0;          ///< steps that were left out for it

  bool operator==(const StageProgress&) const = default;
};

struct Checkpoint {
  std::string stage;
  std::int64_t step = 0;                                     ///< steps done in that stage
  std::map<std::string, Array> model;                        ///< parameters and buffers by path
  std::map<std::string, Array> optimizer;                    ///< Optimizer::state()
  std::map<std::string, std::int64_t> data;                  ///< position in the training data
  std::map<std::string, std::pair<std::string, int>> parts;  ///< node → part id, state version
  /// Of model.safetensors, or what that would have where the model is in pieces; known of one that
  /// was loaded.
  std::string model_xxh3 = {};
  std::map<std::string, Array> views = {};  ///< Weights::views()
  StageProgress progress = {};
  std::map<std::string, Array> curriculum = {};  ///< how difficult examples were at the beginning
  /// Which of so many pieces this is, each with other tensors; 0 of 1: it is whole, as all that are
  /// loaded. Views and curriculum are in piece 0.
  int piece = 0, pieces = 1;
};

/// Writes into a temporary folder, makes it durable, renames it into place and only then points
/// RUN/latest at it: whatever happens, the checkpoint before stays whole. Of the stage's
/// checkpoints up to this step the newest two and the best are kept; what lies beside them is let
/// alone.
/// @return the hash of model.safetensors
std::string save_checkpoint(const OpenFolder& run, const Checkpoint& checkpoint);

/// The same by several ranks, each of which writes its piece: begin_pieces() by one, write_piece()
/// by all, join_pieces() by the one, with what all returned. Until that returns, the checkpoint
/// before is the newest.
void begin_pieces(const OpenFolder& run, const Checkpoint& checkpoint);
FileHashes write_piece(const OpenFolder& run, const Checkpoint& piece);
/// @throws Error (io) where a piece is not there
void join_pieces(const OpenFolder& run, const Checkpoint& checkpoint,
                 const std::vector<FileHashes>& pieces);

/// FileHashes for another process, and back.
std::string text_of(const FileHashes& hashes);
FileHashes file_hashes_of(const std::string& text);

/// @param checkpoints  RUN/checkpoints
/// @param name         STAGE-STEP
/// @throws Error (bad_checkpoint) naming the file that is missing, or damaged and the tensors in it
///         that are, without a remedy
Checkpoint load_checkpoint(const OpenFolder& checkpoints, const std::string& name);

/// The checkpoint that RUN/latest names. Where that one is damaged or not there, the newest that is
/// sound. Nothing in a run without any.
/// @param stages  the recipe's, in order: a later one's checkpoint is newer
/// @param tell    is given a sentence when it is not the one that RUN/latest names
/// @throws Error (bad_checkpoint) where there are checkpoints and none is sound
std::optional<Checkpoint> newest_checkpoint(const OpenFolder& run,
                                            const std::vector<std::string>& stages,
                                            const std::function<void(const std::string&)>& tell);

/// Makes RUN/latest name a checkpoint that is there.
void name_latest(const OpenFolder& run, const Checkpoint& checkpoint);

/// Whether anything in RUN/checkpoints has a checkpoint's name.
bool has_checkpoints(const OpenFolder& run);
/// Removes what has a checkpoint's name, finished or not, from RUN/checkpoints, and RUN/latest.
void remove_checkpoints(const OpenFolder& run);

/// The last checkpoint of a stage.
/// @throws Error (no_input) if there is none; (bad_checkpoint) if it is damaged
Checkpoint load_stage_checkpoint(const OpenFolder& run, const std::string& stage);

/// @param shapes  of the parameters and buffers that the model has
/// @param parts   of the model, as in Checkpoint
/// @throws Error (bad_checkpoint) saying what is missing, what is too much and what differs
void require_same_model(const Checkpoint& checkpoint, const std::string& run,
                        const std::map<std::string, std::vector<std::int64_t>>& shapes,
                        const std::map<std::string, std::pair<std::string, int>>& parts);

}  // namespace weft::host
