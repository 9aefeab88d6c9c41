// SPDX-License-Identifier: Apache-2.0
/// Checkpoints that are written while training goes on.

#pragma once

#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "host/checkpoint/checkpoint.hpp"

namespace weft::host {

/// Writes one checkpoint at a time, or its piece, on a thread of its own.
/// Its calls come from one thread.
class CheckpointWriter {
 public:
  using Ended = std::function<void(bool is_there)>;

  /// @param run  outlives this
  explicit CheckpointWriter(const OpenFolder& run) : run_(run) {}

  /// Does save_checkpoint(), and returns at once. REQUIRES: nothing is being written, or finish()
  /// has said how that ended; the arrays are copies, which nobody writes to any more.
  /// @param ended  is called when writing has ended: whether it is all there. On that thread, or
  /// before this throws.
  /// @throws Error (no_resources) if there is no thread to be had
  void begin(
      Checkpoint checkpoint, const Ended& ended = [](bool) {});
  /// write_piece(), likewise.
  void begin_piece(Checkpoint piece, const Ended& ended);
  /// join_pieces(), likewise.
  void begin_joining(Checkpoint checkpoint, std::vector<FileHashes> pieces, const Ended& ended);

  /// Whether finish() would return at once, and with something.
  bool is_written() const;
  /// Waits for what is being written. @return it, without its tensors and, where it was whole, with
  /// model_xxh3; nothing where nothing was begun after the last call. @throws what writing threw
  std::optional<Checkpoint> finish();
  /// After finish(), of a piece.
  const FileHashes& hashes() const { return hashes_; }

 private:
  void start(Checkpoint checkpoint, const std::function<void(Checkpoint&)>& write,
             const Ended& ended);

  const OpenFolder& run_;
  FileHashes hashes_;                ///< of the thread, until it has ended
  std::future<Checkpoint> pending_;  ///< of std::async: its destructor waits
};

}  // namespace weft::host
