// SPDX-License-Identifier: Apache-2.0
/// Checkpoints that are written while training goes on.

#pragma once

#include <functional>
#include <future>
#include <optional>

#include "host/checkpoint/checkpoint.hpp"

namespace weft::host {

/// Writes one checkpoint at a time on a thread of its own, as save_checkpoint() does.
/// Its calls come from one thread.
class CheckpointWriter {
 public:
  /// @param run  outlives this
  explicit CheckpointWriter(const OpenFolder& run) : run_(run) {}

  /// Returns at once. REQUIRES: nothing is being written, or finish() has said how that ended; the
  /// arrays are copies, which nobody writes to any more.
  /// @param ended  is called when writing has ended: whether the checkpoint is there. On that
  /// thread, or before this throws.
  /// @throws Error (no_resources) if there is no thread to be had
  void begin(
      Checkpoint checkpoint, const std::function<void(bool is_there)>& ended = [](bool) {});
  /// Whether finish() would return at once, and with something.
  bool is_written() const;
  /// Waits for what is being written. @return it, without its tensors and with model_xxh3; nothing
  /// where nothing was begun after the last call. @throws what save_checkpoint() threw
  std::optional<Checkpoint> finish();

 private:
  const OpenFolder& run_;
  std::future<Checkpoint> pending_;  ///< of std::async: its destructor waits
};

}  // namespace weft::host
